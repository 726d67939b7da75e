// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"strings"
	"time"

	"madoguchi/device/session"
	"madoguchi/display"
	"madoguchi/display/buzzer"
	"madoguchi/display/epd"
	"madoguchi/sync/record"
)

// describeLimit is how long a driver may take to say what a reader is.
const describeLimit = 3 * time.Second

// inspect gathers what the service menu shows of the box, beside the loop: a driver may take its time.
func (d *Device) inspect(e session.Inspect) {
	d.spawn("survey", func() {
		d.send(d.ctx, session.Event{Kind: session.Inspected, No: e.No, Survey: d.survey(d.ctx)})
	})
}

func (d *Device) survey(ctx context.Context) session.Survey {
	s := session.Survey{Panel: d.hw.Panel.String(), Lamp: d.hw.Lamp != nil, Buzzer: d.hw.Buzzer != nil, Sound: d.config().Sound}
	if p, ok := d.hw.Panel.(interface {
		Class() epd.Class
		FullTime() time.Duration
		PartialTime() time.Duration
	}); ok {
		s.Class, s.Full, s.Partial = string(p.Class()), p.FullTime(), p.PartialTime()
	}
	cases, oldest, err := d.box.Waiting()
	if err != nil {
		d.log.Error("counting what waits", "cause", err)
	}
	if s.Cases = cases; oldest.Valid() {
		s.Oldest = monday(oldest)
	}
	if ns := d.line.received.Load(); ns != 0 {
		s.Receipt = time.Unix(0, ns)
	}
	if d.upd != nil {
		s.Update = d.upd.fault()
	}
	if f := d.line.fingerprint.Load(); f != nil {
		s.Fingerprint = *f
	}
	if r, ok := d.hw.Reader.(interface {
		Describe(context.Context) (name string, ownPad bool, err error)
	}); ok {
		ctx, cancel := context.WithTimeout(ctx, describeLimit)
		defer cancel()
		name, own, err := r.Describe(ctx)
		switch s.Reader = drawable(name); {
		case err != nil:
			d.log.Info("reader not described", "cause", err)
		case own:
			s.OwnPad = session.OwnPadYes
		default:
			s.OwnPad = session.OwnPadNo
		}
	}
	return s
}

// drawable is a text that others have written as the panel can show it: a reader's name comes out of the reader.
func drawable(s string) string {
	return strings.Map(func(r rune) rune {
		if display.Drawable(string(r)) != nil {
			return '?'
		}
		return r
	}, s)
}

// monday is the first day of an ISO week: the one in which 4 January lies is the first.
func monday(w record.Week) time.Time {
	t := time.Date(w.Year(), 1, 4, 0, 0, 0, 0, time.UTC)
	return t.AddDate(0, 0, 7*(w.Number()-1)-(int(t.Weekday())+6)%7)
}

// beep sounds the buzzer once, also where keys make no sound.
func (d *Device) beep() {
	b := d.hw.Buzzer
	if b == nil {
		return
	}
	d.spawn("buzzer", func() {
		b.Enable(true)
		b.Click()
		if !d.config().Sound {
			d.pause(d.ctx, 2*buzzer.Grid) // the tone begins on the grid
			b.Enable(false)
		}
	})
}
