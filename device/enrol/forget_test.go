// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/enrol"
)

var order = enrol.Mark{Device: "box-17", Serial: strings.Repeat("a1", 16), Lost: 3, Kept: 2, Begun: day}

// marked17 is the disk of an enrolled box with its mark.
func marked17(t testing.TB) *disk {
	d := &disk{files: map[string][]byte{ConfigFile: []byte("c"), rootFile: []byte("r"), usedFile: []byte(strings.Repeat("0f", 16) + "\n"), "outbox.db": []byte("o"),
		"outbox.db.bad-1": []byte("b"), "issuer.key": []byte("k"), "update/chunk": []byte("u"), "settings.toml": []byte("s")}}
	must(t, Home{d}.Mark(order))
	return d
}

// hall is the network side and city hall behind it.
type hall struct {
	up, forgot bool
	words      [][]byte // that the broker has
}

// wiping carries out what a wiped box wants.
type wiping struct {
	t        testing.TB
	m        *forgetting
	disk     *disk
	hall     *hall // nil: away
	now      time.Time
	finished bool
}

func (w *wiping) event(ev any) { w.do(w.m.handle(w.now, ev)) }

// begin switches the box on.
func (w *wiping) begin() {
	mark, there := enrol.ReadMark(w.disk)
	if !there {
		w.t.Fatal("there is no mark")
	}
	w.m = &forgetting{lang: display.Japanese, mark: mark}
	w.do(w.m.begin())
	if w.hall != nil {
		w.event(arrived{})
	}
}

func (w *wiping) do(all []any) {
	for _, what := range all {
		switch what := what.(type) {
		case eraseData:
			w.event(erased{enrol.EraseAll(w.disk, enrol.MarkFile)})
		case keepMark:
			w.event(marked{enrol.KeepMark(w.disk, what.mark)})
		case dropMark:
			w.event(marked{endWipe(w.disk)})
		case farewell:
			switch {
			case w.hall == nil || w.hall.forgot || !w.disk.alive():
			case what.word == nil:
				if !w.disk.has(enrol.MarkFile) || len(w.disk.files) > 1 {
					w.t.Error("the key goes before the data")
				}
				w.hall.forgot = true
				w.event(said{enrol.Gone{Gone: true}})
			case w.hall.up:
				w.hall.words = append(w.hall.words, what.word)
				w.event(said{enrol.Gone{Told: true}})
			}
		case finish:
			w.finished = true
		}
	}
}

func (w *wiping) wait(d time.Duration) {
	for range int(d / time.Second) {
		w.now = w.now.Add(time.Second)
		w.event(tick{})
	}
}

func (w *wiping) shows() string {
	s := w.m.screen(w.now)
	return strings.TrimSpace(strings.TrimPrefix(string(s.ID), "service.") + " " + s.Facts.Reason)
}

// clean expects a box as from its maker.
func (w *wiping) clean() {
	w.t.Helper()
	if d := cmp.Diff(map[string][]byte{enrol.WipedFile: nil}, w.disk.files); d != "" {
		w.t.Errorf("what is left (-want +got):\n%s", d)
	}
	if Wiping(w.disk) || Waiting(w.disk) || w.shows() != "wiped" {
		w.t.Errorf("wiping %v, waiting %v, shows %q", Wiping(w.disk), Waiting(w.disk), w.shows())
	}
	if w.event(shown{}); !w.finished {
		w.t.Error("it does not end")
	}
}

// TestForget: everything goes, city hall has the last word, then the network side forgets.
func TestForget(t *testing.T) {
	w := &wiping{t: t, disk: marked17(t), hall: &hall{up: true}, now: day}
	if id := (Home{w.disk}).Enrolment(); id != strings.Repeat("0f", 16) {
		t.Errorf("enrolment %q", id)
	}
	w.begin()
	w.clean()
	if len(w.hall.words) != 1 || !w.hall.forgot {
		t.Fatalf("%d last words, forgot %v", len(w.hall.words), w.hall.forgot)
	}
	got, ok := enrol.ReadWiped(w.hall.words[0])
	if d := cmp.Diff(enrol.Wiped{Serial: order.Serial, Lost: 3, Kept: 2}, got); !ok || d != "" {
		t.Error(d)
	}
}

// TestForgetCut: the power goes after each step of the disk, with the line up and with it down. At no moment is there a configuration beside data that are gone or the other way round
// without the mark, and the next start ends the wipe.
func TestForgetCut(t *testing.T) {
	for _, up := range []bool{true, false} {
		for n := 1; ; n++ {
			d := marked17(t)
			d.most = n
			w := &wiping{t: t, disk: d, hall: &hall{up: up}, now: day}
			w.begin()
			w.wait(tellMost + endMost)
			if !d.has(enrol.MarkFile) && len(d.files) > 1 {
				t.Fatalf("cut after step %d: no mark beside %v", n, maps.Keys(d.files))
			}
			if d.steps < n { // it came to its end before
				w.clean()
				break
			}
			d.most = 0
			if !d.has(enrol.MarkFile) {
				continue // the last step was done
			}
			again := &wiping{t: t, disk: d, hall: w.hall, now: w.now}
			again.begin()
			again.wait(tellMost + 2*endMost)
			again.clean()
			if up != (len(w.hall.words) > 0) || !w.hall.forgot {
				t.Fatalf("cut after step %d: %d last words, forgot %v", n, len(w.hall.words), w.hall.forgot)
			}
		}
	}
}

// TestForgetAlone: without a line a person may go on after a while, no sooner; without a network side as well.
func TestForgetAlone(t *testing.T) {
	w := &wiping{t: t, disk: marked17(t), hall: &hall{}, now: day}
	w.begin()
	w.wait(time.Second)
	w.event(pinpad.KeyEnter)
	if got := w.shows(); got != "wipe telling" {
		t.Errorf("at once it shows %q", got)
	}
	w.wait(aloneAfter)
	if got := w.shows(); got != "wipe.alone" {
		t.Errorf("after %s it shows %q", aloneAfter, got)
	}
	w.event(pinpad.KeyEnter)
	w.wait(tellAgain)
	w.clean()

	w = &wiping{t: t, disk: marked17(t), now: day}
	w.begin()
	w.wait(aloneAfter + time.Second)
	w.event(pinpad.KeyEnter)
	w.wait(endMost + time.Second)
	w.clean()
}

// TestForgetDamage: a disk that does not take it is tried again; a mark that cannot be read is one.
func TestForgetDamage(t *testing.T) {
	d := marked17(t)
	d.files[enrol.MarkFile] = bytes.Repeat([]byte("x"), 40)
	w := &wiping{t: t, disk: d, hall: &hall{up: true}, now: day}
	d.most = 3
	w.begin()
	if got := w.shows(); got != "wipe storage" {
		t.Errorf("shows %q", got)
	}
	d.most = 0
	w.wait(eraseAgain)
	w.clean()
	if _, ok := enrol.ReadWiped(w.hall.words[0]); ok {
		t.Error("a last word without an order counts")
	}
}
