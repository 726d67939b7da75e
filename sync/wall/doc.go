// SPDX-License-Identifier: Apache-2.0

// Package wall is the protocol between the two processes of the box: the PIN side (counter), which has no network, and the network side (link), which has no card, key-pad or
// records store. They share one Unix stream socket and speak frames of known types and sizes, nothing else:
//
//	len u32 big endian | type u8 | body of len bytes
//
// Each side knows what it may send and what it may receive. A frame of an unknown type, of a type that runs the other way, empty, or longer than its type
// allows is refused before a byte of its body is read or stored: the connection is closed and the refusal counted. Both ways are rate-limited by a token
// bucket, so that a network side that was taken over can neither fill the PIN side's memory nor keep its processor busy.
//
// The listening side takes its socket from the service manager (LISTEN_FDS, sd_listen_fds(3)), checks the peer's user by SO_PEERCRED (unix(7)), and serves one peer at a time.
//
// The package does not look into bodies, except for LinkState, which begins and ends at the wall. What is signed is verified by the reader of the PIN side.
package wall
