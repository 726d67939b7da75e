// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"

	"madoguchi/cmd/internal/world"
)

// newPINs are what residents choose, by the kind.
var newPINs = map[string]string{"login": "5937", "signing": "KAWA2468", "card_info": "8642", "register": "7531"}

// pins are the PINs of the card in the slot, as the front panel prints them.
func (h *hand) pins() map[string]string {
	h.t.Helper()
	var all struct{ Cards []world.Card }
	h.get("/api/cards", &all)
	for _, c := range all.Cards {
		if c.ID == h.lain {
			return c.PINs
		}
	}
	h.t.Fatalf("no card %q", h.lain)
	return nil
}

// typed types a PIN and 確認: a password has letters, and each of its characters is two presses.
func (h *hand) typed(kind, pin string) {
	h.t.Helper()
	if kind != "signing" {
		h.press(append(strings.Split(pin, ""), "enter")...)
		return
	}
	for _, c := range pin {
		h.press(letter(c)...)
	}
	h.press("enter")
}

// letter is a character as the legend on the screen has it: the key of its group, then its place there; the digit stands last.
func letter(c rune) []string {
	for key, group := range []string{"0", "1", "ABC2", "DEF3", "GHI4", "JKL5", "MNO6", "PQRS7", "TUV8", "WXYZ9"} {
		if i := strings.IndexRune(group, c); i >= 0 {
			return []string{strconv.Itoa(key), strconv.Itoa(i + 1)}
		}
	}
	return nil
}
