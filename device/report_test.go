// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// TestReport: the state document goes out with the line, soon after a change of health, and so seldom for counts that it does not tell when a case ended.
func TestReport(t *testing.T) {
	const well = `{"s":"madoguchi.reported/1","fw":"test","policy":"1","detail":"full","clock":"floor","panel":"ok","outbox":{"hold":0,"out":0,"dead":0,"full":false}}`
	bubble(t, nil, func(r *rig) {
		r.until("idle")
		p := r.peer(wall.Up)
		time.Sleep(time.Second)
		if got, n := p.told(); n != 1 || got != well {
			t.Errorf("%d documents, the last %s", n, got)
		}
		r.cancels()
		p.batch() // and no receipt
		if got, n := p.told(); n != 1 {
			t.Errorf("a case makes a document at once: %s", got)
		}
		time.Sleep(20 * time.Minute)
		if got, n := p.told(); n != 2 || got == well {
			t.Errorf("%d documents a while after the case, the last %s", n, got)
		}
	})
}

// TestNoClock: a new box, which has no case to tell the time by, does not believe 1970.
func TestNoClock(t *testing.T) {
	bubble(t, func(r *rig) { r.clock.by = time.Until(time.Unix(3600, 0)) }, func(r *rig) {
		r.until("idle")
		p := r.peer(wall.Up)
		time.Sleep(time.Minute)
		if got, _ := p.told(); !strings.Contains(got, `"clock":"none"`) {
			t.Errorf("document %s", got)
		}
	})
}

// TestDoubtfulClock: while the clock shows a time that has passed records are held, and city hall is told; they go when it is right again.
func TestDoubtfulClock(t *testing.T) {
	bubble(t, func(r *rig) {
		box, _, err := outbox.Open(filepath.Join(r.dir, "outbox.db"), outbox.Opts{Device: "box1"})
		if err != nil {
			t.Fatal(err)
		}
		week, _ := record.NewWeek(2026, 47)
		po, err := record.NewPO(record.PinCheck, record.Done, week, 1)
		if err == nil {
			err = box.Finish(po)
		}
		if err == nil {
			err = box.RaiseFloor(r.clock.Now().AddDate(0, 1, 0))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Close(); err != nil {
			t.Fatal(err)
		}
	}, func(r *rig) {
		r.until("idle")
		p := r.peer(wall.Up)
		time.Sleep(time.Minute)
		if s := r.box.Stats(); s.Hold != 1 || s.Out != 0 {
			t.Errorf("a doubtful clock: %+v", s)
		}
		if got, _ := p.told(); !strings.Contains(got, `"clock":"none"`) {
			t.Errorf("document %s", got)
		}
		p.conn.Close()
		r.off()
		r.clock.by += 40 * 24 * time.Hour
		r.on()
		r.until("idle")
		p = r.peer(wall.Up)
		if b := p.batch(); len(b.Records) != 1 {
			t.Errorf("records %v", b.Records)
		}
		time.Sleep(2 * time.Minute)
		if got, _ := p.told(); !strings.Contains(got, `"clock":"floor"`) {
			t.Errorf("document %s", got)
		}
	})
}

// TestHallRestored: a city hall that comes back from a backup gets again what it lacks, without another case in between.
func TestHallRestored(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.cancels()
		p := r.peer(wall.Up)
		b := p.batch()
		for _, a := range []record.Ack{{Device: "box1", Epoch: b.Epoch, Hall: 1, Upto: b.Last()}, {Device: "box1", Epoch: b.Epoch, Hall: 2}} {
			text, err := record.SignAck(r.key, a)
			if err == nil {
				err = p.conn.Write(wall.Ack, text)
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if again := p.batch(); len(again.Records) != 1 || again.Records[0] != b.Records[0] {
			t.Errorf("records %v, want %v again", again.Records, b.Records)
		}
	})
}
