// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"madoguchi/cmd/internal/leak"
	"madoguchi/pinpad"
)

// A visit is one case at the counter: a clerk opens it for a change of one PIN, and a resident goes through it in some way.
type visit struct {
	*counter
	kind  string            // "login", "signing"
	typed []string          // secrets that were typed in it
	at    map[string]func() // what the resident does on a screen instead of going on; each once
	next  string            // the PIN that the card shall have
	moved bool              // the card was taken out early: nobody knows what it has now
	cut   bool              // the power was cut
	seen  []rune            // characters that were looked at
}

// A way is how a resident goes through a case.
type way struct {
	name string
	plan func(v *visit)
}

// ways are what happens at counters. Screens are named without the kind at their end.
var ways = []way{
	{"all goes well", func(*visit) {}},
	{"a wrong PIN first", func(v *visit) { v.at["resident.pin."] = func() { v.enter(v.fresh(v.kind)) } }},
	{"wrong in the leave-check", func(v *visit) {
		v.at["resident.leavecheck."] = func() { v.enter(v.fresh(v.kind)) }
	}},
	{"the second entry differs", func(v *visit) { v.at["resident.again."] = func() { v.enter(v.fresh(v.kind)) } }},
	{"corrected key by key", func(v *visit) {
		v.at["resident.newpin."] = func() {
			wrong := v.fresh(v.kind)
			v.enterOpen(wrong)
			for range wrong {
				v.press(pinpad.KeyClear)
			}
			v.enter(v.next)
		}
	}},
	{"cleared by a long press", func(v *visit) {
		v.at["resident.pin."] = func() {
			v.enterOpen(v.fresh(v.kind))
			v.w.Press(v.t.Context(), pinpad.KeyClear, 2*longPress)
			v.enter(v.pin[v.kind])
		}
	}},
	{"help while typing", func(v *visit) {
		v.at["resident.newpin."] = func() {
			half := v.presses(v.next)
			v.note(v.next)
			v.press(half[:len(half)/2]...)
			v.press(pinpad.KeyMenu)
			v.until("", "resident.help", "resident.menu")
			v.press(pinpad.KeyCancel)
			v.until("", "resident.newpin."+v.kind)
			v.press(half[len(half)/2:]...)
			v.press(pinpad.KeyEnter)
		}
	}},
	{"too short, then more", func(v *visit) {
		v.at["resident.newpin."] = func() {
			all := v.presses(v.next)
			v.note(v.next)
			v.press(all[:2]...)
			v.press(pinpad.KeyEnter)
			v.press(all[2:]...)
			v.press(pinpad.KeyEnter)
		}
	}},
	{"cancelled in the old PIN", func(v *visit) {
		v.at["resident.pin."] = func() { v.enterOpen(v.pin[v.kind]); v.stop() }
	}},
	{"cancelled in the new PIN", func(v *visit) { v.at["resident.newpin."] = func() { v.enterOpen(v.next); v.stop() } }},
	{"cancelled in the second entry", func(v *visit) { v.at["resident.again."] = func() { v.enterOpen(v.next); v.stop() } }},
	{"card pulled in the old PIN", func(v *visit) {
		v.at["resident.pin."] = func() { v.enterOpen(v.pin[v.kind]); v.pull() }
	}},
	{"card pulled in the new PIN", func(v *visit) { v.at["resident.newpin."] = func() { v.enterOpen(v.next); v.pull() } }},
	{"card pulled while it is changed", func(v *visit) { v.at["resident.again."] = func() { v.enter(v.next); v.pull() } }},
	{"nobody goes on", func(v *visit) {
		v.at["resident.newpin."] = func() {
			v.enterOpen(v.next)
			for _, wait := range []time.Duration{61 * time.Second, 21 * time.Second} {
				if err := v.w.Advance(wait); err != nil {
					v.t.Fatal(err)
				}
			}
		}
	}},
	{"lid opened in the new PIN", func(v *visit) {
		v.at["resident.newpin."] = func() {
			v.enterOpen(v.next)
			v.lid(true)
			v.until("resident.newpin." + v.kind)
			v.lid(false)
		}
	}},
	{"power cut in the new PIN", func(v *visit) {
		v.at["resident.newpin."] = func() {
			v.enterOpen(v.next)
			v.cut = true
			for _, on := range []bool{false, true} {
				if err := v.w.SetPower(on); err != nil {
					v.t.Fatal(err)
				}
			}
		}
	}},
}

// visit carries one case from idle to idle and looks everywhere for what was typed in it.
func (c *counter) visit(kind string, w way) []leak.Hit {
	c.t.Helper()
	v := &visit{counter: c, kind: kind, at: map[string]func(){}, next: c.fresh(kind)}
	w.plan(v)
	if err := c.w.Insert("adult"); err != nil {
		c.t.Fatalf("%s: %v", w.name, err)
	}
	changed, left := false, false
	last := ""
	for steps := 0; ; steps++ {
		s := c.until(last)
		if steps > 80 {
			c.t.Fatalf("%s: the case does not end; now %s", w.name, s)
		}
		changed = changed || s == "resident.changed"
		left = left || s == "clerk.closed" || s == "clerk.interrupted"
		if s == "idle" && left || s == "idle.board" && left {
			break
		}
		v.step(s)
		if last = s; s == "resident.tell" { // a page of it may follow
			last = ""
		}
	}
	if v.w.Switches().Card != "" { // a power cut leaves it in
		v.pull()
	}
	switch {
	case v.moved:
		if err := c.w.Fresh("adult"); err != nil {
			c.t.Fatal(err)
		}
		c.pin = maps.Clone(samples)
	case changed:
		c.pin[kind] = v.next
	}
	if len(v.at) > 0 {
		c.t.Fatalf("%s: the case never came to where this happens", w.name)
	}
	c.until("", "idle")
	hits := append(c.search(v.typed), c.traces(v.seen)...)
	c.old = append(c.old, v.typed...)
	return hits
}

// step does on a screen what stands in the plan, or goes on.
func (v *visit) step(s string) {
	v.t.Helper()
	entry := strings.TrimSuffix(s, v.kind)
	if do := v.at[entry]; do != nil {
		delete(v.at, entry)
		do()
		return
	}
	switch entry {
	case "resident.pin.":
		v.enter(v.pin[v.kind])
	case "resident.newpin.", "resident.again.", "resident.leavecheck.":
		v.enter(v.next)
	case "resident.card.take":
		v.take()
	case "resident.card.removed", "resident.leavecheck.wrong", "resident.cancel":
		v.press(pinpad.KeyCancel)
	case "resident.guard.2": // a wrong entry in the leave-check of the case before and one in this
		v.press(pinpad.KeyDown)
	case "clerk.code":
		v.press(append(keys("2468", false), pinpad.KeyEnter)...)
	case "clerk.procedure":
		v.press(pinpad.Key2)
	case "clerk.kind":
		v.press(map[string]pinpad.Key{"login": pinpad.Key1, "signing": pinpad.Key2}[v.kind])
	case "clerk.applicant", "resident.language":
		v.press(pinpad.Key1)
	case "resident.failed", "resident.locked":
		v.t.Fatalf("the case came to %s", s)
	case "idle", "wipe", "boot": // what was asked for is on its way
	default:
		for _, working := range []string{".reading", ".checking", ".changing"} {
			if strings.HasSuffix(s, working) {
				return
			}
		}
		v.press(pinpad.KeyEnter)
	}
}

// presses are the keys of a secret of this kind.
func (v *visit) presses(secret string) []pinpad.Key { return keys(secret, v.kind == "signing") }

// enterOpen types a secret and leaves it standing.
func (v *visit) enterOpen(secret string) {
	v.note(secret)
	v.press(v.presses(secret)...)
}

// note remembers what to look for. What every sample card has at first stands in tables and programs everywhere.
func (v *visit) note(secret string) {
	if secret != samples[v.kind] && !slices.Contains(v.typed, secret) {
		v.typed = append(v.typed, secret)
	}
}

// enter types a secret and 確認.
func (v *visit) enter(secret string) {
	v.enterOpen(secret)
	v.press(pinpad.KeyEnter)
}

// stop is 取消, which asks first; the next screen's 取消 stops.
func (v *visit) stop() { v.press(pinpad.KeyCancel) }

// lid opens the box, or closes it.
func (v *visit) lid(open bool) {
	if err := v.w.SetLid(open); err != nil {
		v.t.Fatal(err)
	}
}

// take takes the card out when the box asks for it.
func (v *visit) take() {
	if err := v.w.Remove(); err != nil {
		v.t.Fatal(err)
	}
}

// pull takes the card out when it must stay in.
func (v *visit) pull() {
	v.moved = true
	v.take()
}
