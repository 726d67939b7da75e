// SPDX-License-Identifier: Apache-2.0

// Package child is what the simulator's two child processes run: the box's PIN
// side on the wires of package wire, and its network side. Both run the same
// device and sync/link as the firmware; only the wires, the clock and the start
// differ. They end when the world does.
package child
