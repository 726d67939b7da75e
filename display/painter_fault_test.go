// SPDX-License-Identifier: Apache-2.0

package display

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPainterErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, &PainterOpts{BackoffMost: 5 * time.Second})
		e.shown(ClerkKind, Facts{})
		gone := errors.New("panel is gone")
		e.panel.set(0, slices.Repeat([]error{gone}, 5)...)
		at := time.Now()
		gen := e.show(ClerkApplicant, Facts{})
		for i := range 5 {
			r := e.next()
			if !errors.Is(r.Err, gone) || r.Gen != gen {
				t.Fatalf("report %d: %+v", i, r)
			}
		}
		// A newer screen takes the place of the one that failed, at the same time.
		newer := e.show(ClerkRefused, Facts{})
		r := e.next()
		if r.Err != nil || r.Gen != newer {
			t.Fatalf("report %+v", r)
		}
		// 1, 2, 4, 5, 5 s after errors; all but the first are full refreshes of 4 s.
		if took := r.At.Sub(at); took != (1+2+4+5+5)*time.Second+5*4*time.Second {
			t.Errorf("painted after %v", took)
		}
		if diff := cmp.Diff([]string{"full", "partial", "full", "full", "full", "full", "full"}, e.panel.hows()); diff != "" {
			t.Errorf("panel calls (-want +got):\n%s", diff)
		}
		// The pause is short again after a success.
		e.panel.set(0, gone)
		at = time.Now()
		e.show(ClerkKind, Facts{})
		e.next()
		if r := e.next(); r.Err != nil || r.At.Sub(at) != 5*time.Second {
			t.Errorf("report %+v after %v", r, r.At.Sub(at))
		}
	})
}

// A screen asked for while the panel fails on an older one is the one that is painted in the end.
func TestPainterErrorUnderANewerScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		gone := errors.New("panel is gone")
		e.panel.set(360*time.Millisecond, gone)
		old := e.show(ClerkKind, Facts{})
		time.Sleep(time.Second) // the panel works on it
		newer := e.show(ClerkApplicant, Facts{})
		if r := e.next(); r.Gen != old || !errors.Is(r.Err, gone) {
			t.Errorf("report %+v", r)
		}
		if r := e.next(); r.Gen != newer || r.Err != nil {
			t.Errorf("report %+v", r)
		}
		time.Sleep(time.Minute)
		e.none()
	})
}

func TestPainterFailedWipeIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		e.shown(ResidentBoard, Facts{})
		gone := errors.New("panel is gone")
		e.panel.set(360*time.Millisecond, gone, gone)
		wipe := e.show(Wipe, Facts{})
		if r := e.next(); r.Err == nil || r.ID != Wipe {
			t.Fatalf("report %+v", r)
		}
		after := e.show(ClerkClosed, Facts{})
		var got []string
		for range 3 {
			r := e.next()
			got = append(got, fmt.Sprint(r.Gen, r.Err))
		}
		want := []string{fmt.Sprint(wipe, gone), fmt.Sprint(wipe, nil), fmt.Sprint(after, nil)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	})
}

func TestPainterRenderError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		e.shown(ClerkKind, Facts{})
		e.Show(77, Screen{ID: ClerkApplicant, Lang: "xx"})
		if r := e.next(); !errors.Is(r.Err, errNoWord) || r.Gen != 77 {
			t.Errorf("report %+v", r)
		}
		time.Sleep(time.Minute)
		e.none() // drawing it again would fail again
		if r := e.shown(ClerkApplicant, Facts{}); r.Err != nil {
			t.Errorf("report %+v", r)
		}
	})
}

func TestPainterDaily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		e.shown(Idle, Facts{})
		e.panel.forget()
		time.Sleep(72 * time.Hour)
		if diff := cmp.Diff([]string{"full", "full", "full"}, e.panel.hows()); diff != "" {
			t.Fatalf("three days at idle (-want +got):\n%s", diff)
		}
		for _, c := range e.panel.calls() {
			if at := e.panel.start.Add(c.At); at.Hour() != 3 || at.Minute() != 0 {
				t.Errorf("refreshed at %v", at)
			}
		}
		e.none()
		// Not while somebody uses the box, and not on a wiped glass.
		e.shown(ClerkKind, Facts{})
		e.shown(Wipe, Facts{})
		e.panel.forget()
		time.Sleep(72 * time.Hour)
		if len(e.panel.calls()) != 0 {
			t.Errorf("panel calls %v", e.panel.calls())
		}
		// A failure is repeated as any other.
		e.shown(Idle, Facts{})
		e.panel.set(360*time.Millisecond, errors.New("panel is gone"))
		e.panel.forget()
		time.Sleep(24 * time.Hour)
		if diff := cmp.Diff([]string{"full", "full"}, e.panel.hows()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// countingClock counts the timers asked for: each is a wake-up to come.
type countingClock struct {
	Clock
	timers atomic.Int32
}

func (c *countingClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	c.timers.Add(1)
	return c.Clock.Timer(d)
}

func TestPainterSleepsWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &countingClock{Clock: systemClock{}}
		e := newEasel(t, &PainterOpts{Clock: c})
		e.shown(PINID("login"), Facts{})
		synctest.Wait()
		c.timers.Store(0)
		time.Sleep(240 * time.Hour)
		if n := c.timers.Load(); n != 0 {
			t.Errorf("%d wake-ups with nothing to paint", n)
		}
		e.shown(Idle, Facts{})
		synctest.Wait()
		c.timers.Store(0)
		time.Sleep(240 * time.Hour)
		if n := c.timers.Load(); n > 10 {
			t.Errorf("%d wake-ups in ten days at idle", n)
		}
	})
}

// Show returns although the panel hangs and nobody reads reports.
func TestPainterShowNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		at := time.Now()
		for i := range 1000 {
			e.show(ClerkKind, Facts{Choice: i % 9})
			runtime.Gosched()
		}
		if d := time.Since(at); d != 0 {
			t.Errorf("1000 screens asked for in %v", d)
		}
		for range 40 {
			time.Sleep(10 * time.Second)
			e.show(ClerkKind, Facts{Choice: 1 + len(e.panel.calls())%9})
		}
		if d := time.Since(at); d != 400*time.Second {
			t.Errorf("asked for in %v", d)
		}
	})
}
