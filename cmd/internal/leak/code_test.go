// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/leak"
	"madoguchi/cmd/internal/wire"
	"madoguchi/pinpad"
)

// logged is the wire to the world through a key logger, as a debugging driver might leave one: it keeps every digit key that goes down alone.
func logged(world *os.File) (*os.File, error) {
	outer, err := wire.FromFile(world)
	if err != nil {
		return nil, err
	}
	inner, box, err := wire.Pair()
	if err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(outer, inner); outer.Close() }()
	go func() { logKeys(inner, outer); inner.Close() }()
	return box, nil
}

// logKeys copies frames and keeps the digits among the keys.
func logKeys(to, from net.Conn) {
	for {
		head := make([]byte, 5) // length, kind
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		if wire.Kind(head[4]) == wire.KindKeys {
			for d := range byte(10) {
				if (pinpad.Key0 + pinpad.Key(d)).Bit() == binary.BigEndian.Uint16(body) {
					kept = append(kept, '0'+d)
				}
			}
		}
		if _, err := to.Write(append(head, body...)); err != nil {
			return
		}
	}
}

// A codeWay is how a clerk's change of the code goes.
type codeWay struct {
	name    string
	typed   func(c *counter, next string) // from the first entry of the new code on
	changed bool
}

var codeWays = []codeWay{
	{"changed", func(c *counter, next string) {
		c.enterCode("service.newcode", next)
		c.enterCode("service.newcode.again", next)
	}, true},
	{"the second entry differs", func(c *counter, next string) {
		c.enterCode("service.newcode", next)
		c.enterCode("service.newcode.again", next[1:])
		c.until("service.newcode.again", "service.newcode.refused")
		c.press(pinpad.KeyCancel)
	}, false},
	{"given up in the new code", func(c *counter, next string) {
		c.until("", "service.newcode")
		c.press(keys(next, false)...)
		c.press(pinpad.KeyCancel)
	}, false},
	{"corrected key by key", func(c *counter, next string) {
		c.until("", "service.newcode")
		c.press(keys(next, false)...)
		for range next {
			c.press(pinpad.KeyClear)
		}
		c.enterCode("service.newcode", next)
		c.enterCode("service.newcode.again", next)
	}, true},
}

func (c *counter) enterCode(screen, code string) {
	c.t.Helper()
	c.until("", screen)
	c.press(append(keys(code, false), pinpad.KeyEnter)...)
}

// changeCode opens the service menu with the present code, goes through the change, and looks everywhere for what was typed.
func (c *counter) changeCode(present, next string, w codeWay) []leak.Hit {
	c.t.Helper()
	c.until("", "idle")
	both := []pinpad.Key{pinpad.KeyMenu, pinpad.KeyCancel}
	c.w.Move(c.t.Context(), both, nil)
	c.until("", "service.code")
	c.w.Move(c.t.Context(), nil, both)
	c.enterCode("service.code", present)
	c.until("", "service.menu")
	c.press(pinpad.Key8)
	c.enterCode("service.oldcode", present)
	w.typed(c, next)
	if w.changed {
		c.until("service.newcode.again", "service.newcode.saved")
		c.press(pinpad.KeyEnter)
	}
	c.until("", "service.menu")
	c.press(pinpad.KeyCancel)
	c.until("", "idle")
	typed := []string{next}
	if present != sampleCode {
		typed = append(typed, present)
	}
	hits := c.search(typed)
	c.old = append(c.old, typed...)
	return hits
}

// sampleCode is the demonstration's, which stands in tables and programs everywhere.
const sampleCode = "2468"

// codes draws clerk codes of eight digits, whose forms do not stand by chance, and which no rule refuses.
func (c *counter) codes(n int) []string {
	c.t.Helper()
	var base []*leak.Image
	for _, im := range c.images() {
		base = append(base, im)
	}
	all, err := leak.Draw(n, func() string { return fmt.Sprintf("%08d", 10_000_019+c.rnd.IntN(89_000_000)) }, base...)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

// TestNoCodeLeak changes the clerk's code in every way and finds neither the old nor the new one anywhere: not in memory, file, log, wall, wire or panel.
func TestNoCodeLeak(t *testing.T) {
	t.Parallel()
	c := open(t, "nothing")
	present := sampleCode
	for i, next := range c.codes(2 * len(codeWays)) {
		w := codeWays[i%len(codeWays)]
		for _, h := range c.changeCode(present, next, w) {
			t.Errorf("%s: %v", w.name, h)
		}
		if w.changed {
			present = next
		}
	}
}

// TestPlantedCodeLeak: a key logger in the box's process is found by the codes that it kept.
func TestPlantedCodeLeak(t *testing.T) {
	t.Parallel()
	c := open(t, "code")
	hits := c.changeCode(sampleCode, c.codes(1)[0], codeWays[0])
	if !slices.ContainsFunc(hits, func(h leak.Hit) bool { return strings.Contains(h.String(), "box memory") }) {
		t.Errorf("found %v", hits)
	}
}
