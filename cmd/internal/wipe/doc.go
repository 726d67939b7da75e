// SPDX-License-Identifier: Apache-2.0

// Package wipe is an order to have a box forget whose it was, as the fleet keeps it: who gave it and why, until when it holds, what the box was told of it, and how it ended (ETSI EN 303 645,
// 5.11). The box itself waits until city hall has everything for certain. That it is wiped even so takes a second person, proved like one who approves a rollout.
//
// The package signs and sends nothing: package director does.
package wipe
