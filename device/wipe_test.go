// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device"
	"madoguchi/device/update"
	"madoguchi/pinpad"
	"madoguchi/sync/enrol"
)

// folder is the folder of a box that was enrolled by one file.
type folder struct{ marks []enrol.Mark }

const enrolment = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"

func (f *folder) Enrolment() string { return enrolment }

func (f *folder) Mark(m enrol.Mark) error {
	f.marks = append(f.marks, m)
	return nil
}

// wipe is the newest assignment, which has the box wiped.
func (f *fleet) wipe(change func(*update.Wipe)) []byte {
	w := &update.Wipe{Serial: strings.Repeat("5e", 16), Enrolment: enrolment, Until: f.now.AddDate(0, 0, 14)}
	if change != nil {
		change(w)
	}
	return f.order(update.Order{Device: "box1", Wipe: w})
}

// wiping is the code that the box told last of an order; "-": none stands.
func (p *peer) wiping() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := "-"
	for _, text := range p.reports {
		var doc struct{ Update *update.Status }
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			p.r.t.Error(err)
		}
		if code = "-"; doc.Update != nil && doc.Update.Wipe != nil {
			code = doc.Update.Wipe.Code
		}
	}
	return code
}

// TestWipe: an order waits for the end of a case, in silence, and then for its record, which city hall has not confirmed; the screens say so. With two people's word it is carried out: the mark
// counts what was lost, the box ends, and serves nobody until it has.
func TestWipe(t *testing.T) {
	var f *fleet
	var home folder
	bubble(t, func(r *rig) { f, r.home = newFleet(r), &home }, func(r *rig) {
		r.until("idle")
		p := f.peer()
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login") // a case
		r.until("resident.pin.login")
		p.desires(f.wipe(nil))
		time.Sleep(time.Minute)
		if got := p.wiping(); got != "" && got != "-" || len(home.marks) > 0 {
			t.Errorf("during a case it says %q, %d marks", got, len(home.marks))
		}
		r.press(pinpad.KeyCancel, pinpad.KeyCancel)
		r.rests()
		time.Sleep(40 * time.Minute)
		if got := p.wiping(); got != "unsent" || len(home.marks) > 0 {
			t.Errorf("with a record it says %q, %d marks", got, len(home.marks))
		}
		if words := strings.Join(r.state().Words, "\n"); !strings.Contains(words, "WP1") {
			t.Errorf("at rest it says\n%s", words)
		}
		r.press(pinpad.KeyEnter) // it serves as before
		r.until("clerk.code")
		r.press(pinpad.KeyCancel)
		r.until("idle")

		p.desires(f.wipe(func(w *update.Wipe) { w.EvenUnsent, w.Enrolment = true, strings.Repeat("ab", 16) }))
		time.Sleep(20 * time.Minute)
		if got := p.wiping(); got != "enrolment" || len(home.marks) > 0 {
			t.Errorf("with an order for another enrolment it says %q, %d marks", got, len(home.marks))
		}
		p.desires(f.wipe(func(w *update.Wipe) { w.EvenUnsent = true }))
		var e *device.ExitError
		if err := r.gone(); !errors.As(err, &e) || e.Code != device.ExitWipe {
			t.Fatalf("it ends with %v", err)
		}
		want := []enrol.Mark{{Device: "box1", Panel: r.config.Panel, Serial: strings.Repeat("5e", 16), Lost: 1}}
		for i := range home.marks {
			home.marks[i].Begun = time.Time{}
		}
		if d := cmp.Diff(want, home.marks); d != "" {
			t.Error(d)
		}
	})
}

// TestWipeAtRest: a box that holds nothing is wiped at once; one whose settings lie elsewhere says that it cannot be.
func TestWipeAtRest(t *testing.T) {
	for _, can := range []bool{true, false} {
		var f *fleet
		var home folder
		bubble(t, func(r *rig) {
			if f = newFleet(r); can {
				r.home = &home
			}
		}, func(r *rig) {
			r.until("idle")
			p := f.peer()
			time.Sleep(20 * time.Minute)
			p.desires(f.wipe(nil))
			if can {
				if err := r.gone(); err == nil || len(home.marks) != 1 || home.marks[0].Unsaved() {
					t.Errorf("%v, %+v", err, home.marks)
				}
				return
			}
			time.Sleep(20 * time.Minute)
			if got := p.wiping(); got != "unable" {
				t.Errorf("%q", got)
			}
		})
	}
}
