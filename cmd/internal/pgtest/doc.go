// SPDX-License-Identifier: Apache-2.0

// Package pgtest starts a PostgreSQL server of its own for tests: a cluster in
// a temporary folder that speaks on a Unix socket there and on no port, run by
// an unprivileged user when the tests run as root (the server refuses root), and
// ended by its process id.
//
// It uses Debian's package postgresql and touches no cluster of the machine.
package pgtest
