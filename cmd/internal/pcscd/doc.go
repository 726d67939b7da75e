// SPDX-License-Identifier: Apache-2.0

// Package pcscd starts a private pcscd with vsmartcard's virtual reader, for
// tests and figures that run against a card service and drivers that nobody
// here wrote. It never touches the machine's own service: the daemon lives in
// network and mount namespaces of its own (the virtual reader listens on all
// addresses, the daemon's socket has a path that is compiled in), and clients
// find it by PCSCLITE_CSOCK_NAME. As an ordinary user it also takes a user
// namespace.
//
// The program or test that uses it starts itself again as the process within
// the namespaces: call [Inside] first thing in main or TestMain. A card gets to
// the reader over a TCP connection that this process opens inside and hands out
// as a file, so no byte is relayed.
//
// It needs Debian's pcscd and vsmartcard-vpcd (`make setup`), and a kernel that
// allows namespaces; without them Start's error says which is missing.
package pcscd
