// SPDX-License-Identifier: Apache-2.0

// Package tail keeps the newest lines of what another program writes, so that the error that tells of its end can also tell what it said: the daemons and machines that
// tests start (pcscd, QEMU, PostgreSQL, brokers) talk for hours and are asked only when they fail.
//
// It is no log: nothing is stored, and what is older is gone.
package tail
