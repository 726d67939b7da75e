// SPDX-License-Identifier: Apache-2.0

// Package link is the network side of the box: it carries frames between the wall and city hall's MQTT 3.1.1 broker (github.com/eclipse/paho.mqtt.golang v1.5.1) and keeps
// nothing of them. Topics lie below mg/1/<city>: d/<device>/presence, reported, rec, claim/put, claim/get and issuer/up go up; d/<device>/ack, desired, claim and issuer/down, and host/state come down.
//
// Every connection is a fresh client with a clean session and without paho's own reconnect: then a token without error means PUBACK, which it does not otherwise (thread
// eclipse-paho/paho.mqtt.golang#563). Even a PUBACK does not mean that city hall has a record; only its signed acknowledgement does, and that is verified on the other side
// of the wall. So a publish that fails, hangs or is cut needs no care here beyond a new connection: the PIN side sends again.
//
// A PUBACK and a granted subscription prove nothing of the other end: a connection over which records go out and no receipt comes back is left and another made.
//
// The first connection after a start waits for a random time of up to Spread, later ones for full jitter under a doubling limit: 10,000 boxes after a power cut come back at 73
// attempts a second and not at 2,800. Every connection has a number that a small file keeps, so that a late will of an older one is known as such.
//
// A new box gets its first certificate by [Enrol], and a box that has one of its own ([Config].Identity) asks for the next when half of its life is over. The key is drawn here, kept before
// anybody hears of it, and never leaves; of certificate and key there is one file.
//
// Requests for parts of an update go up without an answer and parts come down without one: who asked asks again. They have queues of their own, short ones, and wait for everything
// else: a download holds up no record and no receipt.
//
// The line is TLS 1.3 with a client certificate. Certificates are judged by a clock that never goes below a kept floor, for a box without a battery starts in 1970. Plain TCP is
// taken for a broker on this machine only, which is how the simulator runs. Of a cluster's brokers the next is tried when one does not answer.
//
// The package verifies no signature, installs nothing, stores no record and cannot read a card: it may be taken over without a PIN or a record being lost.
package link
