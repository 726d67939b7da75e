// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"madoguchi/card"
)

// TestCommandsPerStep counts the commands of each step on an ordinary card and
// holds the table of the package's README to it.
func TestCommandsPerStep(t *testing.T) {
	type step struct {
		name string
		do   func(c *card.Card) error
	}
	verify := func(k card.Kind, p string) func(c *card.Card) error {
		return func(c *card.Card) error { return c.Verify(k, typed(t, p)) }
	}
	change := func(k card.Kind, p, q string) func(c *card.Card) error {
		return func(c *card.Card) error { return c.Change(k, typed(t, p), typed(t, q)) }
	}
	steps := []step{
		{"tries board", func(c *card.Card) error { _, err := c.Board(); return err }},
		{"tries board, card without short file ids", func(c *card.Card) error { _, err := c.Board(); return err }},
		{"tries of one PIN", func(c *card.Card) error { _, err := c.Tries(card.KindLogin); return err }},
		{"tries of 住民基本台帳用", func(c *card.Card) error { _, err := c.Tries(card.KindRegister); return err }},
		{"check of one PIN", verify(card.KindLogin, "1234")},
		{"check of the signing password, with its certificate's end", verify(card.KindSigning, "ABC123")},
		{"check of 住民基本台帳用", verify(card.KindRegister, "1234")},
		{"change of one PIN", change(card.KindLogin, "1234", "5678")},
		{"change of the signing password, with its certificate's end", change(card.KindSigning, "ABC123", "XYZ789")},
		{"change of 住民基本台帳用", change(card.KindRegister, "1234", "5678")},
		{"list of applications", func(c *card.Card) error { _, err := c.Applications(); return err }},
		{"end of a session", (*card.Card).End},
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		rec := &recorder{Link: connect(t, sample(t, "adult"))}
		if strings.HasSuffix(s.name, "without short file ids") {
			rec.Link = longIDs(rec.Link)
		}
		if err := s.do(card.New(rec)); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		have := map[byte]int{}
		for _, ins := range rec.ins {
			have[ins]++
		}
		row := fmt.Sprintf("| %s | %d | %d | %d | %d | %d |", s.name, have[0xA4], have[0xB0], have[0x20]-rec.pin+have[0x24]+have[0x32], rec.pin, len(rec.ins))
		row = strings.ReplaceAll(row, " 0 |", " – |")
		if !strings.Contains(string(readme), row+"\n") {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
}
