// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"fmt"
	"log/slog"
	"maps"
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

// counter is a box in its two processes, with everything that leaves them tapped.
type counter struct {
	t    testing.TB
	w    *world.World
	dir  string
	taps map[string]*tap   // "log", "wall", "wire", "panel"
	pin  map[string]string // what the card in use has, by kind
	rnd  *rand.Rand
	pool map[string][]string // secrets that stood nowhere, by kind; each is typed in one case
	old  []string            // typed in earlier cases
	size int64               // bytes of the last image
}

// samples are the PINs of a sample card that is fresh.
var samples = map[string]string{"login": "1234", "signing": "ABC123"}

// open starts a box that leaks as planted. One that may reveal characters is asked for by looking.
func open(t testing.TB, plant string, looking ...bool) *counter {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c := &counter{t: t, dir: t.TempDir(), pool: map[string][]string{}, rnd: rand.New(rand.NewPCG(seed, 0)),
		pin: maps.Clone(samples), taps: map[string]*tap{}}
	for _, name := range []string{"log", "wall", "wire", "panel"} {
		c.taps[name] = &tap{}
	}
	tapped := func(name string, args []string, flag, network, addr string) {
		i := slices.Index(args, flag) + 1
		scheme, to, found := strings.Cut(args[i], "://")
		if !found {
			scheme, to = "", args[i]
		}
		args[i] = c.taps[name].listen(t, network, addr, to)
		if scheme != "" {
			args[i] = scheme + "://" + args[i]
		}
	}
	w, err := world.Open(t.Context(), world.Opts{
		Data: c.dir,
		Command: func(role string, args ...string) *exec.Cmd {
			if role == "box" {
				return exec.Command(os.Args[0], append([]string{"plant=" + plant, role}, args...)...)
			}
			args = slices.Clone(args)
			tapped("wall", args, "--wall", "unix", filepath.Join(t.TempDir(), "tap"))
			tapped("wire", args, "--broker", "tcp", "127.0.0.1:0")
			return exec.Command(os.Args[0], append([]string{role}, args...)...)
		},
		Reveal: len(looking) > 0 && looking[0],
		Panel: func(o *epdtest.Opts) {
			o.Speed = 1000
			o.Trace = func(s epdtest.Step) { _, _ = c.taps["panel"].Write(s.Bytes) }
		},
		Quiet:   2 * time.Millisecond,
		Restart: 50 * time.Millisecond,
		Log:     slog.New(slog.NewTextHandler(c.taps["log"], &slog.HandlerOptions{Level: slog.LevelDebug})),
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
	c.until("", "idle")
	return c
}

// until waits for another screen than the last to stand still, or for one of those named, and names it.
func (c *counter) until(last string, screens ...string) string {
	c.t.Helper()
	changes, stop := c.w.Watch()
	defer stop()
	limit := time.After(60 * time.Second)
	for {
		s := c.w.State()
		if !s.Busy && s.Screen != last && (len(screens) == 0 || slices.Contains(screens, s.Screen)) {
			return s.Screen
		}
		select {
		case <-changes:
		case <-limit:
			c.t.Fatalf("after %q none of %v came; now %+v", last, screens, c.w.State())
		}
	}
}

// press presses keys one after the other.
func (c *counter) press(keys ...pinpad.Key) {
	for _, k := range keys {
		c.w.Move(c.t.Context(), []pinpad.Key{k}, nil)
		c.w.Move(c.t.Context(), nil, []pinpad.Key{k})
	}
}

// keys are the presses for a secret: digits as they are, or two presses for each character as the legend shows them.
func keys(secret string, letters bool) []pinpad.Key {
	var out []pinpad.Key
	press := func(d int) { out = append(out, pinpad.Key0+pinpad.Key(d)) }
	for _, ch := range []byte(secret) {
		if !letters {
			press(int(ch - '0'))
			continue
		}
		for d, group := range []string{"0", "1", "ABC2", "DEF3", "GHI4", "JKL5", "MNO6", "PQRS7", "TUV8", "WXYZ9"} {
			if i := strings.IndexByte(group, ch); i >= 0 {
				press(d)
				press(i + 1)
			}
		}
	}
	return out
}

// images copies the memory of both processes.
func (c *counter) images() map[string]*leak.Image {
	c.t.Helper()
	all := map[string]*leak.Image{}
	c.size = 0
	for who, pid := range c.w.Processes() {
		im, err := leak.TakeImage(pid)
		if err != nil {
			c.t.Fatal(err)
		}
		all[who], c.size = im, c.size+im.Size()
	}
	return all
}

// search looks everywhere for these secrets, and for those of earlier cases: in the memory of both processes, in their files, in what they log, in
// what crosses the wall, in what goes to the broker and in what goes to the panel. Of earlier secrets only forms count that do not stand by chance: the
// others were looked for when they were typed. The same pass is the next case's baseline: what it finds of the pool leaves the pool.
func (c *counter) search(typed []string) []leak.Hit {
	c.t.Helper()
	var next []string
	for _, p := range c.pool {
		next = append(next, p[:min(len(p), ahead)]...)
	}
	s := leak.NewSearcher(slices.Concat(typed, next, c.old)...)
	var hits []leak.Hit
	for who, im := range c.images() {
		hits = append(hits, s.Image(who, im)...)
	}
	hits = append(hits, c.files(s)...)
	for name, p := range c.taps {
		base, b := p.news(s.Longest())
		hits = append(hits, s.Bytes(name, base, b)...)
	}
	return slices.DeleteFunc(hits, func(h leak.Hit) bool {
		i := h.Secret - len(typed)
		if i >= 0 && i < len(next) {
			for kind, p := range c.pool {
				c.pool[kind] = slices.DeleteFunc(p, func(s string) bool { return s == next[i] })
			}
			return true
		}
		return i >= 0 && h.Weak()
	})
}

// ahead is how many secrets of each kind a case needs at most, and a few.
const ahead = 6

// files looks into the folders of both processes.
func (c *counter) files(s *leak.Searcher) (hits []leak.Hit) {
	c.t.Helper()
	for _, dir := range []string{"box", "link"} {
		h, err := s.Tree(filepath.Join(c.dir, dir))
		if err != nil {
			c.t.Fatal(err)
		}
		hits = append(hits, h...)
	}
	return hits
}

// draw adds n secrets of each kind to the pool that stand nowhere before they are typed.
func (c *counter) draw(n int) {
	c.t.Helper()
	var base []*leak.Image
	for _, im := range c.images() {
		base = append(base, im)
	}
	for _, p := range c.taps { // numbers that stay, like the outbox's epoch, are there from the start
		_, b := p.news(1 << 30)
		base = append(base, &leak.Image{Regions: []leak.Region{{Data: b}}})
	}
	for kind, next := range map[string]func() string{
		"login": func() string { return fmt.Sprintf("%04d", c.rnd.IntN(10_000)) },
		"signing": func() string {
			b := []byte{'A' + byte(c.rnd.IntN(26)), '0' + byte(c.rnd.IntN(10))} // of both kinds, as the rule wants
			for n := 7 + c.rnd.IntN(3); len(b) < n; {
				b = append(b, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[c.rnd.IntN(36)])
			}
			return string(b)
		},
	} {
		more, err := leak.Draw(n, next, base...)
		if err != nil {
			c.t.Fatal(err)
		}
		c.pool[kind] = append(c.pool[kind], more...)
	}
}

// fresh takes a secret from the pool.
func (c *counter) fresh(kind string) string {
	if len(c.pool[kind]) == 0 {
		c.draw(16)
	}
	s := c.pool[kind][0]
	c.pool[kind] = c.pool[kind][1:]
	return s
}
