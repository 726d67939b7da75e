// SPDX-License-Identifier: Apache-2.0

// Package crowd is a crowd of simulated boxes of one city in one process, to see a rollout with before it goes to real ones and to measure how many boxes a city's machine
// bears: each is the firmware's own update agent with a connection of its own to the broker, as the box's two processes are together.
//
// What is simulated is the place that an update goes to: slots that remember a digest, and a start that takes no time. A crowd has no panel, no card and no cases.
package crowd
