// SPDX-License-Identifier: Apache-2.0

package slots

import (
	"fmt"
	"strconv"
	"strings"
)

// Sector is what autoboot.txt takes on the card. It is always written whole, over itself: the firmware reads the old one or the new one.
const Sector = 512

// Name is a slot, by RAUC's bootname.
type Name string

// The two slots. They are partitions 2 and 3 of the card.
const (
	A Name = "A"
	B Name = "B"
)

// Other is the other slot.
func (n Name) Other() Name {
	if n == A {
		return B
	}
	return A
}

// partition is the slot's boot partition.
func (n Name) partition() int {
	if n == A {
		return 2
	}
	return 3
}

// ofPartition is the slot whose boot partition has a number.
func ofPartition(n int) (Name, error) {
	for _, s := range []Name{A, B} {
		if s.partition() == n {
			return s, nil
		}
	}
	return "", fmt.Errorf("partition %d is no slot", n)
}

// ParseName reads a bootname.
func ParseName(s string) (Name, error) {
	if n := Name(s); n == A || n == B {
		return n, nil
	}
	return "", fmt.Errorf("there is no slot %q", s)
}

// encode is autoboot.txt with a slot in force, filled up with line ends to a sector.
func encode(n Name) []byte {
	text := fmt.Sprintf("[all]\ntryboot_a_b=1\nboot_partition=%d\n[tryboot]\nboot_partition=%d\n", n.partition(), n.Other().partition())
	return []byte(text + strings.Repeat("\n", Sector-len(text)))
}

// parse tells which slot autoboot.txt has in force. Anything but what encode writes is an error: who wrote something else knows better
// than this program, and must not be overwritten.
func parse(b []byte) (Name, error) {
	text := strings.TrimRight(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n\x00")
	for _, n := range []Name{A, B} {
		if text == strings.TrimRight(string(encode(n)), "\n") {
			return n, nil
		}
	}
	return "", fmt.Errorf("reading autoboot.txt: %s is not what this program writes", strconv.Quote(text[:min(len(text), 80)]))
}
