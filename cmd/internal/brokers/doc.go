// SPDX-License-Identifier: Apache-2.0

// Package brokers starts the MQTT brokers that other people wrote, so that the box's line and city hall's collector are tried against them and not only against the embedded
// one: Eclipse mosquitto (Debian's package, with the configuration that cmd/cityhall ships) and a cluster of NATS servers (https://docs.nats.io/running-a-nats-service/configuration/mqtt),
// built outside go.mod. Both speak TLS 1.3 with a certificate for every client, from a certificate authority made for the occasion; a test that is about something else may
// have an open mosquitto.
//
// Everything listens on 127.0.0.1 at free ports, keeps its files in a folder of its own, and is ended by its process id. What a broker is for here is in its tests: records arrive once
// whatever is cut, killed or restarted; nobody reads or writes another's topics.
package brokers
