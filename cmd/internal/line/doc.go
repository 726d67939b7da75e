// SPDX-License-Identifier: Apache-2.0

// Package line is city hall's way to the broker: one MQTT connection after another, for the collector, the director and the authority alike. It follows what is known
// of paho.mqtt.golang v1.5.1: a fresh client for every connection (only then a token without an error means PUBACK), MQTT 3.1.1 by name (else each refused CONNECT is
// tried again as 3.1), full jitter between two tries, its own dialler (paho's takes a proxy from the environment and believes any packet length), and no wait for a token
// without a deadline.
//
// It does not know what is said over the line, and keeps nothing for later: who publishes while there is no connection gets an error.
package line
