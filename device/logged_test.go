// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// logSigner draws a log's key.
func logSigner(r *rig) *signer.LogSigner {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := signer.NewLogSigner("madoguchi/nabari", key)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (f *fleet) get(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if raw, ok := f.depot[name]; ok {
		return raw, nil
	}
	return nil, update.ErrAbsent
}

// logTo lets what is published from now on stand in a log; nil: in none.
func (f *fleet) logTo(s *signer.LogSigner) {
	if s == nil {
		f.UseLog(nil)
		return
	}
	f.UseLog(signer.NewLog(s, f.get, f.put))
}

// strip takes the log out of the depot.
func (f *fleet) strip() {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.depot, func(name string, _ []byte) bool { return strings.HasPrefix(name, "log/") })
}

// TestUpdateLogged: a box that knows the city's log installs what is in it and nothing else, though every key of the fleet signed it; it holds to the history that it has
// seen, also over a start, and goes on when the true log is back.
func TestUpdateLogged(t *testing.T) {
	var f *fleet
	var s *signer.LogSigner
	bubble(t, func(r *rig) {
		f, s = newFleet(r), logSigner(r)
		r.config.LogKey = s.Public()
		f.logTo(s)
	}, func(r *rig) {
		r.until("idle")
		p := f.peer()
		version := 2
		release := func() string {
			v := fmt.Sprint(version)
			return f.release(update.Policy, v, rules(t, v, nil))
		}
		runs := func(want string) {
			t.Helper()
			if v := r.box.About(); v.Update.State != update.Idle || v.Versions[update.Policy] != want {
				t.Fatalf("want version %s: %+v", want, v)
			}
		}
		p.desires(f.assign(release()))
		time.Sleep(10 * time.Minute)
		runs("2")

		for _, c := range []struct {
			name   string
			forge  func() // after the depot was kept, before the release
			spoil  func() // after it
			starts bool   // the box starts anew in between
		}{
			{name: "signed by every key and in no log", forge: func() { f.logTo(nil) }},
			{name: "in a log of another key", forge: func() { f.strip(); f.logTo(logSigner(r)) }},
			{name: "in another history by the log's own key", forge: func() { f.rewrite(s) }},
			{name: "in another history, after a start", forge: func() { f.rewrite(s) }, starts: true},
			{name: "in no log, and the log is kept away", forge: func() { f.logTo(nil); f.strip() }},
			{name: "with a tile that was changed", spoil: func() {
				f.each("log/tile/", func(raw []byte) { raw[len(raw)-1] ^= 1 })
			}},
			{name: "at the place of another", spoil: func() {
				f.each("log/index/", func(raw []byte) { raw[0] = '0' })
			}},
		} {
			version++
			f.mu.Lock()
			before := maps.Clone(f.depot)
			for k, v := range before {
				before[k] = bytes.Clone(v)
			}
			f.mu.Unlock()
			if c.forge != nil {
				c.forge()
			}
			path := release()
			if c.spoil != nil {
				c.spoil()
			}
			if c.starts {
				r.off()
				r.on()
				r.until("idle")
				p = f.peer()
			}
			was := r.box.About().Policy
			p.desires(f.assign(path))
			time.Sleep(10 * time.Minute)
			if v := r.box.About(); v.Update.State != update.Failed || v.Update.Code != "log" || v.Policy != was {
				t.Errorf("%s: %+v, rules %s before", c.name, v, was)
			}
			// The true log again, with the same release in it.
			f.strip()
			f.mu.Lock()
			for name, raw := range before {
				if strings.HasPrefix(name, "log/") {
					f.depot[name] = raw
				}
			}
			f.mu.Unlock()
			f.logTo(s)
			if err := f.Publish(f.now); err != nil {
				t.Fatal(err)
			}
			p.desires(f.assign(path))
			time.Sleep(10 * time.Minute)
			runs(fmt.Sprint(version))
		}
	})
}

// rewrite begins the log anew, signed by its own key: a history without the releases that the box has seen.
func (f *fleet) rewrite(s *signer.LogSigner) {
	f.strip()
	l := signer.NewLog(s, f.get, f.put)
	var other []signer.Released
	for n := range 40 {
		other = append(other, signer.Released{Path: fmt.Sprintf("policy/x%d/manifest.json", n), Digest: update.Sum([]byte{byte(n)})})
	}
	if err := l.Append(other); err != nil {
		f.r.t.Fatal(err)
	}
	f.UseLog(l)
}

// each changes stored objects whose names begin so.
func (f *fleet) each(prefix string, change func([]byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, raw := range f.depot {
		if strings.HasPrefix(name, prefix) {
			change(raw)
		}
	}
}
