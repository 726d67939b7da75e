// SPDX-License-Identifier: Apache-2.0

//go:build !goexperiment.runtimesecret

package pin

// Erasing says whether registers and stack are erased behind each step
// (GOEXPERIMENT=runtimesecret). Without it the locked page is the protection.
const Erasing = false

// do runs a step that touches characters.
func do(f func()) { f() }
