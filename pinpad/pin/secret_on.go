// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.runtimesecret

package pin

import "runtime/secret"

// Erasing says whether registers and stack are erased behind each step
// (GOEXPERIMENT=runtimesecret).
const Erasing = true

// do runs a step that touches characters and erases the registers and the
// stack it used. f must be pure Go without allocation: a cgo call inside
// secret.Do crashes amd64 on Go 1.26.8 (golang/go#78999), so Transmit is always
// outside.
func do(f func()) { secret.Do(f) }
