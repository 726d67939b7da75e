// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/leak"
	"madoguchi/cmd/internal/world"
	"madoguchi/display/epd/epdtest"
	"madoguchi/pinpad"
)

var sessions = flag.Int("sessions", 8, "cases typed in the leak search; half change the login PIN, half the signing password")

// counter is a box in its two processes, with everything that leaves them tapped.
type counter struct {
	t          *testing.T
	w          *world.World
	dir        string
	log        *tap // used as a buffer
	wall, wire *tap
}

func open(t *testing.T, plant string) *counter {
	t.Helper()
	c := &counter{t: t, dir: t.TempDir(), log: &tap{}}
	tapped := func(args []string, flag, network, addr string) *tap {
		i := slices.Index(args, flag) + 1
		scheme, to, found := strings.Cut(args[i], "://")
		if !found {
			scheme, to = "", args[i]
		}
		p := listen(t, network, addr, to)
		args[i] = p.addr
		if scheme != "" {
			args[i] = scheme + "://" + p.addr
		}
		return p
	}
	w, err := world.Open(t.Context(), world.Opts{
		Data: c.dir,
		Command: func(role string, args ...string) *exec.Cmd {
			if role == "box" {
				return exec.Command(os.Args[0], append([]string{"plant=" + plant, role}, args...)...)
			}
			args = slices.Clone(args)
			c.wall = tapped(args, "--wall", "unix", filepath.Join(t.TempDir(), "tap"))
			c.wire = tapped(args, "--broker", "tcp", "127.0.0.1:0")
			return exec.Command(os.Args[0], append([]string{role}, args...)...)
		},
		Panel:   func(o *epdtest.Opts) { o.Speed = 50 },
		Restart: 50 * time.Millisecond,
		Log:     slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.w = w
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	c.until("idle")
	return c
}

// until waits for one of the screens to stand still, and names it.
func (c *counter) until(screens ...string) string {
	c.t.Helper()
	changes, stop := c.w.Watch()
	defer stop()
	limit := time.After(60 * time.Second)
	for {
		if s := c.w.State(); !s.Busy && slices.Contains(screens, s.Screen) {
			return s.Screen
		}
		select {
		case <-changes:
		case <-limit:
			c.t.Fatalf("none of %v came; now %+v", screens, c.w.State())
		}
	}
}

func (c *counter) press(keys ...pinpad.Key) {
	for _, k := range keys {
		c.w.Press(context.Background(), k, 0)
	}
}

// change carries one change of a PIN from idle to idle, and returns once city hall could have been told.
func (c *counter) change(kind, old, next string) {
	c.t.Helper()
	if err := c.w.Insert("adult"); err != nil {
		c.t.Fatal(err)
	}
	menu := map[string][]pinpad.Key{
		"idle.board": {pinpad.KeyEnter}, "clerk.procedure": {pinpad.Key2}, "clerk.applicant": {pinpad.Key1},
		"clerk.kind": {pinpad.Key1}, "clerk.turn": {pinpad.KeyEnter}, "resident.language": {pinpad.Key1},
		"clerk.closed": {pinpad.KeyEnter},
		"clerk.code":   append(keys("2468", false), pinpad.KeyEnter),

		"resident.pin." + kind:        append(keys(old, kind == "signing"), pinpad.KeyEnter),
		"resident.newpin." + kind:     append(keys(next, kind == "signing"), pinpad.KeyEnter),
		"resident.again." + kind:      append(keys(next, kind == "signing"), pinpad.KeyEnter),
		"resident.leavecheck." + kind: append(keys(next, kind == "signing"), pinpad.KeyEnter),
	}
	if kind == "signing" {
		menu["clerk.kind"] = []pinpad.Key{pinpad.Key2}
	}
	last := ""
	for steps := 0; steps < 60; steps++ {
		var s string
		changes, stop := c.w.Watch()
		limit := time.After(60 * time.Second)
		for s = ""; s == ""; {
			if st := c.w.State(); !st.Busy && st.Screen != last && st.Screen != "wipe" {
				s = st.Screen
				break
			}
			select {
			case <-changes:
			case <-limit:
				c.t.Fatalf("nothing came after %s; now %+v", last, c.w.State())
			}
		}
		stop()
		if s == "idle" && last == "clerk.closed" {
			return
		}
		if s == "resident.failed" || s == "resident.locked" {
			c.t.Fatalf("the case came to %s after %s", s, last)
		}
		switch pressed, ok := menu[s]; {
		case s == "resident.leavecheck.wrong": // the PIN is changed; only the last look at it went wrong
			c.press(pinpad.KeyCancel)
		case s == "idle": // the card is on its way
		case s == "resident.card.take":
			if err := c.w.Remove(); err != nil {
				c.t.Fatal(err)
			}
		case ok:
			c.press(pressed...)
		case strings.HasSuffix(s, "reading"), strings.HasSuffix(s, "checking"), strings.HasSuffix(s, "changing"):
		default:
			c.press(pinpad.KeyEnter)
		}
		last = s
	}
	c.t.Fatalf("the case did not end; now %+v", c.w.State())
}

// keys are the presses for a secret: digits as they are, or two presses for each character as the legend shows them.
func keys(secret string, letters bool) []pinpad.Key {
	digit := func(c byte) pinpad.Key { k, _ := pinpad.ParseKey(string(c)); return k }
	var out []pinpad.Key
	for _, ch := range []byte(secret) {
		if !letters {
			out = append(out, digit(ch))
			continue
		}
		for d, group := range []string{"0", "1", "ABC2", "DEF3", "GHI4", "JKL5", "MNO6", "PQRS7", "TUV8", "WXYZ9"} {
			if i := strings.IndexByte(group, ch); i >= 0 {
				out = append(out, digit('0'+byte(d)), digit('1'+byte(i)))
			}
		}
	}
	return out
}

// search looks everywhere for the secrets.
func (c *counter) search(s *leak.Searcher) (hits []leak.Hit, size int64) {
	c.t.Helper()
	for who, pid := range c.w.Processes() {
		im, err := leak.TakeImage(pid)
		if err != nil {
			c.t.Fatal(err)
		}
		size += im.Size()
		hits = append(hits, s.Image(who, im)...)
	}
	for _, dir := range []string{"box", "link"} {
		h, err := s.Tree(filepath.Join(c.dir, dir))
		if err != nil {
			c.t.Fatal(err)
		}
		hits = append(hits, h...)
	}
	hits = append(hits, s.Bytes("log", 0, c.log.bytes())...)
	hits = append(hits, s.Bytes("wall", 0, c.wall.bytes())...)
	hits = append(hits, s.Bytes("wire", 0, c.wire.bytes())...)
	return hits, size
}

// draw gives n secrets of each kind that stand in neither process before they are typed.
func (c *counter) draw(n int) (logins, passwords []string) {
	c.t.Helper()
	seed := rand.Uint64()
	c.t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	var base []*leak.Image
	for _, pid := range c.w.Processes() {
		im, err := leak.TakeImage(pid)
		if err != nil {
			c.t.Fatal(err)
		}
		base = append(base, im)
	}
	for _, p := range []*tap{c.log, c.wall, c.wire} { // numbers that stay, like the outbox's epoch, are there from the start
		base = append(base, &leak.Image{Regions: []leak.Region{{Data: p.bytes()}}})
	}
	logins, err := leak.Draw(n, func() string { return fmt.Sprintf("%04d", rnd.IntN(10_000)) }, base...)
	if err != nil {
		c.t.Fatal(err)
	}
	passwords, err = leak.Draw(n, func() string {
		b := []byte{'A' + byte(rnd.IntN(26)), '0' + byte(rnd.IntN(10))} // of both kinds, as the rule wants
		for len(b) < 8 {
			b = append(b, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[rnd.IntN(36)])
		}
		return string(b)
	}, base...)
	if err != nil {
		c.t.Fatal(err)
	}
	return logins, passwords
}

// TestNoLeak types random PINs in whole cases and looks for every one of them after every case: in the memory of both
// processes, in their files, in what they log, in what crosses the wall and in what goes to the broker.
func TestNoLeak(t *testing.T) {
	c := open(t, "nothing")
	n := (*sessions + 1) / 2
	// one case before the baseline, so that the image holds what a case leaves by itself
	c.change("login", "1234", "2580")
	logins, passwords := c.draw(n)
	typed := []string{}
	old, oldWord := "2580", "ABC123"
	var weak []leak.Hit
	for i := range n {
		c.change("login", old, logins[i])
		old = logins[i]
		typed = append(typed, old)
		c.change("signing", oldWord, passwords[i])
		oldWord = passwords[i]
		typed = append(typed, oldWord)
		hits, size := c.search(leak.NewSearcher(typed...))
		for _, h := range hits {
			if h.Weak() {
				weak = append(weak, h)
			} else {
				t.Errorf("after %d cases: %v", 2*(i+1), h)
			}
		}
		if size < 8<<20 {
			t.Fatalf("images of %d bytes cannot be those of two processes", size)
		}
		if t.Failed() {
			return
		}
	}
	// Four digits can have come from a random number that was drawn since. A leak comes again with other digits; chance does not.
	for try := 0; try < 2 && len(weak) > 0; try++ {
		t.Logf("looking again at %d short hits, the first: %v", len(weak), weak[0])
		again, _ := c.draw(1)
		c.change("login", old, again[0])
		old = again[0]
		hits, _ := c.search(leak.NewSearcher(old))
		weak = slices.DeleteFunc(weak, func(w leak.Hit) bool {
			return !slices.ContainsFunc(hits, func(h leak.Hit) bool { return h.Form == w.Form })
		})
	}
	for _, h := range weak {
		t.Errorf("found with three secrets: %v", h)
	}
	if len(c.wall.bytes()) < 200 || !bytes.Contains(c.wire.bytes(), []byte("madoguchi.rec/1")) {
		t.Error("the taps at wall and wire saw no record")
	}
}

// TestPlantedLeak: a leak of each sort is found, where it was planted.
func TestPlantedLeak(t *testing.T) {
	for plant, where := range map[string]string{"memory": "box memory", "log": "log", "file": "last-command"} {
		t.Run(plant, func(t *testing.T) {
			c := open(t, plant)
			logins, _ := c.draw(1)
			c.change("login", "1234", logins[0])
			hits, _ := c.search(leak.NewSearcher(logins...))
			if !slices.ContainsFunc(hits, func(h leak.Hit) bool { return strings.Contains(h.Where, where) }) {
				t.Errorf("planted in %s, found %v", plant, hits)
			}
		})
	}
}

// TestTaps: what goes over wall and wire is searched.
func TestTaps(t *testing.T) {
	c := open(t, "nothing")
	logins, _ := c.draw(1)
	for name, p := range map[string]*tap{"wall": c.wall, "wire": c.wire} {
		if _, err := p.Write([]byte("x" + logins[0] + "x")); err != nil {
			t.Fatal(err)
		}
		hits, _ := c.search(leak.NewSearcher(logins...))
		if !slices.ContainsFunc(hits, func(h leak.Hit) bool { return h.Where == name }) {
			t.Errorf("planted on the %s, found %v", name, hits)
		}
	}
}
