// SPDX-License-Identifier: Apache-2.0

// Package interop tries card, card/pcsc and card/simcard against programs that
// nobody here wrote: Debian's pcscd with vsmartcard's virtual reader, OpenSC
// (opensc-tool, pkcs15-tool, pkcs15-crypt, pkcs11-tool) and OpenSSL. One suite
// runs twice, in process and through pcscd, and must come to the same end both
// times, command by command. And in a guest, Debian's arm64 kernel in QEMU with a
// USB card reader, libccid, pcscd, OpenSC and the counter's own program find the
// simulated card behind card/vscard.
//
// It holds tests and figures only, and needs what `make setup` installs.
package interop
