// SPDX-License-Identifier: Apache-2.0

// Package broker runs an MQTT broker inside a program, on the loopback
// interface, for the simulator, the demo and the tests. It is mochi-mqtt with
// the settings that its defaults get wrong for us: retained messages never
// expire (the default deletes them after 24 h), packets and queues are bounded,
// MQTT 3.1 is refused, and an own hook ties each client id to its own topics.
// Devices have the demo identity "client id = device id"; the collector has a
// password drawn at start.
//
// It promises no durability: the broker forgets everything when it goes down,
// PUBACKs before it delivers and drops when a queue is full. Records survive
// that because only the collector's signed acknowledgement counts. A real fleet
// uses mosquitto or a cluster with client certificates; this broker refuses any
// address beyond loopback.
package broker
