// SPDX-License-Identifier: Apache-2.0

// Package collector is city hall's end of the records line: it subscribes to
// the devices' record batches over MQTT (eclipse/paho, one fresh client per
// connection), lets through only what sync/record decodes strictly, hands it to
// a store, and after the store's commit, never before, sends the device a
// signed acknowledgement (DSSE, Ed25519). What came before is acknowledged
// again; a number that comes again with other bytes is refused and raises an
// alarm; what is malformed is counted and logged without its content. While the
// database does not answer nothing is acknowledged and city hall says that it
// is away, so that devices hold their records.
//
// Topics, below mg/1/<city>: d/<device>/rec and d/<device>/presence in,
// d/<device>/ack (retained) and host/state (retained, with a will) out.
//
// It shows nothing to people (cmd/internal/cityweb does) and relies on no
// durability of the broker.
package collector
