// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

func TestBusyFaults(t *testing.T) {
	ctx := context.Background()
	full := func(b *bench, m *mono.Image) error { return b.Full(ctx, m) }
	partial := func(b *bench, m *mono.Image) error { return b.Partial(ctx, m, image.Rect(0, 0, 16, 16)) }
	wipe := func(b *bench, _ *mono.Image) error { return b.Wipe(ctx) }
	halt := func(b *bench, _ *mono.Image) error { return b.Halt() }
	// A line that is not driven reads low: at rest for the one controller, at work for the other.
	type errs map[epd.Model]error
	same := func(op string, limit time.Duration) errs { // BUSY goes on telling of work
		return errs{epd.Model4in2: &epd.BusyError{Op: op, Level: gpio.High, Limit: limit}, epd.Model7in5: &epd.BusyError{Op: op, Level: gpio.Low, Limit: limit}}
	}
	absent := errs{
		epd.Model4in2: &epd.BusyError{Op: "refreshing fully", Level: gpio.Low, Limit: 500 * time.Millisecond},
		epd.Model7in5: &epd.BusyError{Op: "resetting", Level: gpio.Low, Limit: time.Second},
	}
	tests := []struct {
		name  string
		panel epdtest.Opts
		ready bool          // a picture is shown before the fault
		after time.Duration // the fault comes so long after the operation began
		fault func(*epdtest.Opts)
		do    func(*bench, *mono.Image) error
		want  errs
	}{
		{"stuck high from the start", epdtest.Opts{StuckHigh: true}, false, 0, nil, full, errs{
			epd.Model4in2: &epd.BusyError{Op: "resetting", Level: gpio.High, Limit: time.Second},
			epd.Model7in5: &epd.BusyError{Op: "turning drive voltages on", Level: gpio.High, Limit: 500 * time.Millisecond},
		}},
		{"opposite sense", epdtest.Opts{Inverted: true}, false, 0, nil, full, same("resetting", time.Second)},
		{"stuck low from the start", epdtest.Opts{StuckLow: true}, false, 0, nil, full, absent},
		{"no panel", epdtest.Opts{Unplugged: true}, false, 0, nil, full, absent},
		{"no panel, wipe", epdtest.Opts{Unplugged: true}, false, 0, nil, wipe, absent},
		{"no panel, halt", epdtest.Opts{Unplugged: true}, false, 0, nil, halt, absent},
		{"cable is off", epdtest.Opts{}, true, 0, func(o *epdtest.Opts) { o.Unplugged = true }, partial, errs{
			epd.Model4in2: &epd.BusyError{Op: "refreshing partially", Level: gpio.Low, Limit: 500 * time.Millisecond},
			epd.Model7in5: &epd.BusyError{Op: "waiting for the panel", Level: gpio.Low, Limit: 5 * time.Second},
		}},
		{"cable comes off in a partial", epdtest.Opts{}, true, 50 * time.Millisecond, func(o *epdtest.Opts) { o.Unplugged = true }, partial, errs{
			epd.Model4in2: &epd.ShortError{Op: "refreshing partially", Level: gpio.Low, Took: 51 * time.Millisecond, Limit: 100 * time.Millisecond},
			epd.Model7in5: &epd.BusyError{Op: "refreshing partially", Level: gpio.Low, Limit: 5 * time.Second},
		}},
		{"cable comes off in a full refresh", epdtest.Opts{}, true, 700 * time.Millisecond, func(o *epdtest.Opts) { o.Unplugged = true }, full, errs{
			epd.Model4in2: &epd.ShortError{Op: "refreshing fully", Level: gpio.Low, Took: 701 * time.Millisecond, Limit: time.Second},
			epd.Model7in5: &epd.BusyError{Op: "refreshing fully", Level: gpio.Low, Limit: 10 * time.Second},
		}},
		{"sticks low in a partial", epdtest.Opts{}, true, 10 * time.Millisecond, func(o *epdtest.Opts) { o.StuckLow = true }, partial, errs{
			epd.Model4in2: &epd.ShortError{Op: "refreshing partially", Level: gpio.Low, Took: 11 * time.Millisecond, Limit: 100 * time.Millisecond},
			epd.Model7in5: &epd.BusyError{Op: "refreshing partially", Level: gpio.Low, Limit: 5 * time.Second},
		}},
		{"sticks high in a partial", epdtest.Opts{}, true, 50 * time.Millisecond, func(o *epdtest.Opts) { o.StuckHigh = true }, partial, errs{
			epd.Model4in2: &epd.BusyError{Op: "refreshing partially", Level: gpio.High, Limit: 5 * time.Second},
			epd.Model7in5: &epd.ShortError{Op: "refreshing partially", Level: gpio.High, Took: 51 * time.Millisecond, Limit: 100 * time.Millisecond},
		}},
		{"begins far too late", epdtest.Opts{BusyLate: 600 * time.Millisecond}, false, 0, nil, full, errs{
			epd.Model4in2: &epd.BusyError{Op: "refreshing fully", Level: gpio.Low, Limit: 500 * time.Millisecond},
			epd.Model7in5: &epd.BusyError{Op: "turning drive voltages on", Level: gpio.High, Limit: 500 * time.Millisecond},
		}},
		{"partial far too slow", epdtest.Opts{PartialTime: 6 * time.Second}, true, 0, nil, partial, same("refreshing partially", 5*time.Second)},
		{"partial far too quick", epdtest.Opts{PartialTime: 3 * time.Millisecond, PowerOnTime: time.Millisecond}, true, 0, nil, partial, errs{
			epd.Model4in2: &epd.ShortError{Op: "refreshing partially", Level: gpio.Low, Took: 5 * time.Millisecond, Limit: 100 * time.Millisecond},
			epd.Model7in5: &epd.ShortError{Op: "refreshing partially", Level: gpio.High, Took: 4 * time.Millisecond, Limit: 100 * time.Millisecond},
		}},
		{"full far too slow", epdtest.Opts{FullTime: 11 * time.Second}, false, 0, nil, full, same("refreshing fully", 10*time.Second)},
		{"BUSY 9 ms late", epdtest.Opts{BusyLate: 9 * time.Millisecond}, true, 0, nil, partial, errs{}},
		{"slow glass", epdtest.Opts{PartialTime: 1100 * time.Millisecond}, true, 0, nil, partial, errs{}},
		{"slow glass in the cold", epdtest.Opts{PartialTime: 4 * time.Second, FullTime: 9 * time.Second}, true, 0, nil, partial, errs{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			both(t, func(t *testing.T, model epd.Model) {
				m := blank(model)
				m.Fill(image.Rect(0, 0, 100, 100), false)
				b := start(t, tt.panel, epd.Opts{Model: model, NoMeasure: true})
				if tt.ready {
					b.ok(b.Full(ctx, m))
				}
				if tt.fault != nil && tt.after == 0 {
					b.panel.Tune(tt.fault)
				} else if tt.fault != nil {
					time.AfterFunc(tt.after+tt.panel.BusyLate+time.Millisecond, func() { b.panel.Tune(tt.fault) })
				}
				begun := time.Now()
				err := tt.do(b, m)
				took := time.Since(begun)
				want := tt.want[model]
				if want == nil {
					b.ok(err)
					b.clean()
					return
				}
				limit := check(t, err, want)
				if most := limit + 400*time.Millisecond; took > most && tt.name != "no panel, halt" {
					t.Errorf("took %v, want at most %v", took, most)
				}
				// The fault goes: the next picture starts the panel anew.
				b.panel.Tune(func(o *epdtest.Opts) { *o = epdtest.Opts{Trace: o.Trace} })
				b.panel.ForgetFaults()
				time.Sleep(time.Second)
				b.ok(partial(b, m))
				b.shows(m)
				b.clean()
			})
		})
	}
}

// check compares the package's own error in err and returns its limit. What to check must be said, and err must say all of it.
func check(t *testing.T, err, want error) time.Duration {
	t.Helper()
	var limit time.Duration
	var got error
	switch w := want.(type) {
	case *epd.BusyError:
		var e *epd.BusyError
		if errors.As(err, &e) {
			c := *e
			c.Check, got, limit = "", &c, w.Limit
			if !strings.Contains(err.Error(), e.Check) || e.Check == "" {
				t.Errorf("%v: what is to be checked?", err)
			}
		}
	case *epd.ShortError:
		var e *epd.ShortError
		if errors.As(err, &e) {
			got, limit = e, w.Limit
		}
	}
	if got == nil {
		t.Fatalf("error %v, want %v", err, want)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, part := range []string{"check ", limit.String(), "BUSY"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	return limit
}

// After a failure the supply is off: nothing stays under drive voltage while the driver waits to be asked again.
func TestFailureCutsTheSupply(t *testing.T) {
	both(t, func(t *testing.T, model epd.Model) {
		b := start(t, epdtest.Opts{}, epd.Opts{Model: model})
		m := blank(model)
		b.ok(b.Full(t.Context(), m))
		b.panel.Tune(func(o *epdtest.Opts) { o.Unplugged = true })
		if err := b.Partial(t.Context(), m, m.Bounds()); err == nil {
			t.Fatal("no error")
		}
		b.panel.Tune(func(o *epdtest.Opts) { o.Unplugged = false })
		b.panel.ForgetFaults()
		b.log.Reset()
		if b.panel.Tx(false, []byte{0x7F}); len(b.panel.Faults()) != 1 || !strings.Contains(b.panel.Faults()[0], "without supply") {
			t.Errorf("faults %q, want one of bytes without supply", b.panel.Faults())
		}
		time.Sleep(time.Minute)
		if n := strings.Count(b.log.String(), "\n"); n != 1 {
			t.Errorf("the driver touched the panel by itself:\n%s", b.log)
		}
	})
}

// A failure to turn the drive voltages off, which nobody waits for, ends the same way.
func TestIdleFailureCutsTheSupply(t *testing.T) {
	both(t, func(t *testing.T, model epd.Model) {
		b := start(t, epdtest.Opts{}, epd.Opts{Model: model})
		m := blank(model)
		b.ok(b.Full(t.Context(), m)) // measuring leaves the voltages on
		b.panel.Tune(func(o *epdtest.Opts) { o.StuckLow = true })
		b.log.Reset()
		time.Sleep(10 * time.Second)
		if got := b.log.String(); !strings.Contains(got, "PWR low") {
			t.Errorf("supply still on:\n%s", got)
		}
		b.panel.Tune(func(o *epdtest.Opts) { o.StuckLow = false })
		b.ok(b.Partial(t.Context(), m, m.Bounds()))
	})
}

// The supply fails in the middle of a refresh: the glass stays half drawn, the driver says what happened, and shows the picture when the supply
// is back.
func TestPowerCutInARefresh(t *testing.T) {
	for _, after := range []time.Duration{20 * time.Millisecond, 60 * time.Millisecond, 99 * time.Millisecond} {
		both(t, func(t *testing.T, model epd.Model) {
			b := start(t, epdtest.Opts{}, epd.Opts{Model: model, NoMeasure: true})
			m, next := blank(model), blank(model)
			next.Fill(image.Rect(0, 0, 200, 200), false)
			b.ok(b.Full(t.Context(), m))
			time.AfterFunc(after, func() { b.panel.SetPower(gpio.Low) })
			err := b.Partial(t.Context(), next, next.Bounds())
			check(t, err, map[epd.Model]error{
				epd.Model4in2: &epd.ShortError{Op: "refreshing partially", Level: gpio.Low, Took: after, Limit: 100 * time.Millisecond},
				epd.Model7in5: &epd.BusyError{Op: "refreshing partially", Level: gpio.Low, Limit: 5 * time.Second},
			}[model])
			left := b.panel.Snapshot()
			time.Sleep(time.Hour)
			if !bytes.Equal(left.Pix, b.panel.Snapshot().Pix) {
				t.Error("the glass changed without supply")
			}
			b.panel.SetPower(gpio.High)
			b.ok(b.Full(t.Context(), next))
			b.shows(next)
		})
	}
}

// A panel of the other type is named; so is a driver that cannot know.
func TestOtherPanel(t *testing.T) {
	for _, tt := range []struct {
		model epd.Model
		panel *epdtest.Emulator
		found string
		level gpio.Level
	}{
		{epd.Model4in2, nil, "7in5_v2", gpio.High},
		{epd.Model7in5, nil, "4in2_v2", gpio.Low},
	} {
		t.Run(string(tt.model), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bench{t: t}
				b.put(emulator(epd.Model(tt.found), nil), epd.Opts{Model: tt.model})
				for _, f := range []func() error{
					func() error { return b.Full(t.Context(), blank(tt.model)) }, func() error { return b.Wipe(t.Context()) }, b.Halt,
				} {
					begun := time.Now()
					err := f()
					var e *epd.ModelError
					if !errors.As(err, &e) || e.Want != tt.model || !strings.Contains(e.Found, tt.found) {
						t.Fatalf("error %v, want a ModelError that names %s", err, tt.found)
					}
					check(t, &epd.BusyError{Check: e.Err.Check, Op: e.Err.Op, Level: e.Err.Level, Limit: e.Err.Limit},
						&epd.BusyError{Op: "resetting", Level: tt.level, Limit: time.Second})
					if took := time.Since(begun); took > 4*time.Second {
						t.Errorf("found after %v", took)
					}
				}
				if c := b.panel.Counts(); c.Full+c.Quick+c.Partial != 0 {
					t.Errorf("the other panel was refreshed: %+v", c)
				}
				// The right panel is put in its place.
				b.put(emulator(tt.model, nil), epd.Opts{Model: tt.model})
				m := blank(tt.model)
				m.Fill(image.Rect(9, 9, 99, 99), false)
				b.ok(b.Full(t.Context(), m))
				b.shows(m)
				b.clean()
			})
		})
	}
}

func TestUnknownModel(t *testing.T) {
	panel := epdtest.NewSSD1683(nil)
	_, err := epd.New(panel.Port(), epd.Pins(panel.Pins()), &epd.Opts{Model: "13in3"})
	if err == nil || !strings.Contains(err.Error(), "4in2_v2") || !strings.Contains(err.Error(), "7in5_v2") {
		t.Errorf("error %v, want one that names the models", err)
	}
}

func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, epdtest.Opts{}, epd.Opts{NoMeasure: true})
		m := mono.New(400, 300)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		// A refresh once started is waited for.
		b.ok(b.Full(ctx, m))
		b.log.Reset()
		for _, err := range []error{b.Full(ctx, m), b.Quick(ctx, m), b.Partial(ctx, m, m.Bounds()), b.Wipe(ctx), b.Sleep(ctx)} {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the context's", err)
			}
		}
		// The panel was not touched, so that it still knows its picture.
		if got := b.log.String(); got != "" {
			t.Errorf("panel touched:\n%s", got)
		}
		// Waiting for another's turn ends with the context.
		go b.Full(context.Background(), m)
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := b.Partial(ctx, m, m.Bounds()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		b.clean()
	})
}

func TestWrongPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, epdtest.Opts{}, epd.Opts{})
		for _, m := range []*mono.Image{mono.New(800, 480), mono.New(300, 400), mono.New(399, 300), {W: 400, H: 300, Stride: 50}} {
			if err := b.Full(t.Context(), m); err == nil {
				t.Errorf("%v taken", m)
			}
		}
		b.ok(b.Partial(t.Context(), mono.New(400, 300), image.Rect(400, 0, 500, 10)))
		if got := b.log.String(); got != "" {
			t.Errorf("panel touched:\n%s", got)
		}
	})
}
