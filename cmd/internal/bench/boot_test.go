// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"path/filepath"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/pinpad"
)

// parts are what boots, made once.
type parts struct {
	guest, initrd, kernel, image, card string
}

func builtParts(t testing.TB) parts {
	t.Helper()
	guest, err := filepath.Abs(filepath.Join(top, ".tools/guest"))
	must(t, err)
	work := t.TempDir()
	p := parts{guest: guest, initrd: filepath.Join(work, "initrd"), image: filepath.Join(work, "root.erofs")}
	builtImage(t, builtRoot(t, guest, "bench", ""), p.image)
	p.kernel = builtInitrd(t, guest, builtModule(t, guest), p.initrd)
	p.card = filepath.Join(builtCard(t, p.image, p.kernel), "sdcard.img")
	return p
}

// PINs of the bench's card, before and after each change.
const (
	pinFirst, pinSecond, pinThird = "1234", "2580", "8317"
)

// TestBench carries a PIN change from a new card's first start to city hall, probes the walls, pulls the card in the middle of a change, unplugs
// the reader, and cuts the power between the result and the upload.
func TestBench(t *testing.T) {
	begun := time.Now()
	lap := func(what string) { t.Logf("%6.1f s  %s", time.Since(begun).Seconds(), what) }
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	must(t, err)
	time.Local = tokyo // as the box has it
	p := builtParts(t)
	lap("kernel module, programs, root and card are built")

	h := startHall(t)
	config := h.config("box1")
	m := newMachine(t, p.card, p.initrd, h.address(), nil)
	command(t, "mcopy", "-s", "-i", partition(t, m.card, 1), h.provision(config), "::")
	m.powerOn()
	b := both{m, startTwin(t, h, config)}
	up, down := atRest(config.Office, config.Release, 0)
	m.shows(up, down)
	lap("idle screen after " + time.Since(m.begun).Round(100*time.Millisecond).String())
	m.starts()
	m.shows(up)
	m.savePicture("1-idle.png")
	lap("the line to city hall stands")

	c, w := adult(t), adult(t)
	b.opens(c, w)
	m.savePicture("2-pin.png")
	lap("the resident may type")
	at, twinAt := b.changes(c, w, pinFirst, pinSecond)
	if s := b.until("resident.changed", "resident.lookalike"); s != "resident.changed" {
		t.Fatalf("the change ends at %s", s)
	}
	m.savePicture("3-changed.png")
	lap("the card has a new PIN")
	b.leaves()
	m.shows(up)
	if n := outcomes(h.awaits(1)); n != 1 || c.Left(card.KindLogin) != 3 {
		t.Fatalf("city hall holds %d finished cases, want 1; %d tries are left", n, c.Left(card.KindLogin))
	}
	lap("the record is at city hall")
	m.pins(pinFirst, pinSecond)
	m.answers()
	m.walls()
	m.loads()

	c, w = adult(t), adult(t)
	b.opens(c, w)
	b.pulledAt(c, w, at, twinAt, pinFirst, pinThird)
	b.until("resident.card.removed")
	m.savePicture("4-pulled.png")
	lap("the card was pulled in the middle of a change")
	b.leaves()
	m.shows(up)
	h.awaits(2)
	m.pins(pinFirst, pinThird)

	m.unplugged(config.Office)
	m.shows(up)
	lap("the reader was unplugged and is back")

	must(t, h.broker.Kill())
	_, waiting := atRest(config.Office, config.Release, 0)
	m.shows(waiting)
	b.opens(adult(t), adult(t))
	b.changes(nil, nil, pinFirst, pinSecond)
	b.until("resident.changed")
	m.cut()
	lap("the power was cut between the result and the upload")
	must(t, h.broker.Restart())
	m.powerOn()
	m.interrupted(config.Office)
	m.shows(up)
	h.awaits(3)
	time.Sleep(5 * time.Second) // for one that comes twice
	if n := outcomes(h.facets()); n != 3 {
		t.Errorf("city hall holds %d finished cases, want 3", n)
	}
	lap("started again after " + time.Since(m.begun).Round(100*time.Millisecond).String() + ", exactly one record came of the case")
	if f := m.board.Panel.Faults(); len(f) > 0 {
		t.Errorf("what the panel must not be told: %q", f)
	}
}

// opens goes from rest to the resident's entry of the login PIN, for a change, with a card in each reader.
func (b both) opens(c, w *simcard.Card) {
	b.m.t.Helper()
	b.press(pinpad.KeyEnter)
	b.until("clerk.code")
	b.digits(clerkCode)
	b.until("clerk.procedure")
	b.press(pinpad.Key2)
	b.until("clerk.applicant")
	b.press(pinpad.Key1)
	b.until("clerk.kind")
	b.press(pinpad.Key1)
	for s := ""; s != "clerk.turn"; {
		switch s = b.settled(); s {
		case "clerk.turn":
		case "clerk.question", "clerk.documents":
			b.press(pinpad.Key1)
		default:
			b.press(pinpad.KeyEnter)
		}
	}
	b.press(pinpad.KeyEnter)
	b.until("resident.language")
	b.press(pinpad.Key1)
	b.until("resident.card.insert")
	b.m.insert(c)
	b.w.reader.Insert(w)
	b.until("resident.board")
	b.press(pinpad.KeyEnter)
	b.until("resident.about.login")
	b.press(pinpad.KeyEnter)
	b.until("resident.pin.login")
}

// types types the PIN in force and a new one twice, but for the last 確認.
func (b both) types(now, next string) {
	b.m.t.Helper()
	b.digits(now)
	b.until("resident.rules.login")
	b.press(pinpad.KeyEnter)
	b.until("resident.newpin.login")
	b.digits(next)
	b.until("resident.again.login")
	for _, c := range []byte(next) {
		b.press(pinpad.Key0 + pinpad.Key(c-'0'))
	}
}

// changes changes the PIN, and tells which command after the last 確認 was the CHANGE on either card.
func (b both) changes(c, w *simcard.Card, now, next string) (at, twinAt int) {
	b.m.t.Helper()
	b.types(now, next)
	if c != nil {
		c.ClearLog()
		w.ClearLog()
	}
	b.press(pinpad.KeyEnter)
	b.until("resident.changed")
	if c == nil {
		return 0, 0
	}
	return changeIn(b.m.t, c), changeIn(b.m.t, w)
}

// changeIn is the number of the CHANGE in a card's log, from 1.
func changeIn(t testing.TB, c *simcard.Card) int {
	t.Helper()
	for i, h := range c.Log() {
		if h.INS == 0x24 {
			return i + 1
		}
	}
	t.Fatalf("no CHANGE reached the card: %v", c.Log())
	return 0
}

// pulledAt does the same with cards that are pulled after the CHANGE, before its answer.
func (b both) pulledAt(c, w *simcard.Card, at, twinAt int, now, next string) {
	b.m.t.Helper()
	b.types(now, next)
	c.Inject(simcard.Fault{At: at, Pull: simcard.PullAfter})
	w.Inject(simcard.Fault{At: twinAt, Pull: simcard.PullAfter})
	b.press(pinpad.KeyEnter)
}

// leaves goes from a result to rest.
func (b both) leaves() {
	b.m.t.Helper()
	for range 30 {
		switch b.settled() {
		case "idle":
			b.out()
			return
		case "resident.card.take":
			b.out()
			time.Sleep(2 * time.Second) // the box notices by itself
		default:
			b.press(pinpad.KeyEnter)
		}
	}
	b.until("idle")
}
