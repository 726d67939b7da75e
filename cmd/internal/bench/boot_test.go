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
	twin := startTwin(t, h, config)
	up, down := atRest(config.Office, config.Release, 0)
	m.shows(up, down)
	lap("idle screen after " + time.Since(m.begun).Round(100*time.Millisecond).String())
	m.savePicture("1-idle.png")
	m.shows(up)
	lap("the line to city hall stands")

	b := both{m, twin}
	c := adult(t)
	b.opens(c)
	lap("the resident may type")
	b.changes("1234", "2580")
	up, _ = atRest(config.Office, config.Release, 0)
	m.shows(up)
	if n := outcomes(h.awaits(1)); n != 1 {
		t.Fatalf("city hall holds %d finished cases, want 1", n)
	}
	lap("the record is at city hall")
	if c.Left(card.KindLogin) != 3 {
		t.Errorf("%d tries are left", c.Left(card.KindLogin))
	}
	if f := m.board.Panel.Faults(); len(f) > 0 {
		t.Errorf("what the panel must not be told: %q", f)
	}
}

// opens goes from rest to the resident's entry of the login PIN, for a change, with the card in.
func (b both) opens(c *simcard.Card) {
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
	for {
		s := b.until("clerk.turn", "clerk.question", "clerk.documents", "clerk.notice", "clerk.decision", "clerk.tell", "clerk.confirmdate")
		if s == "clerk.turn" {
			break
		}
		if s == "clerk.question" || s == "clerk.documents" {
			b.press(pinpad.Key1)
		} else {
			b.press(pinpad.KeyEnter)
		}
	}
	b.press(pinpad.KeyEnter)
	b.until("resident.language")
	b.press(pinpad.Key1)
	b.until("resident.card.insert")
	b.insert(c)
	b.until("resident.board")
	b.press(pinpad.KeyEnter)
	b.until("resident.about.login")
	b.press(pinpad.KeyEnter)
	b.until("resident.pin.login")
}

// changes types the PIN in force and a new one twice, up to the result.
func (b both) changes(now, next string) {
	b.m.t.Helper()
	b.digits(now)
	b.until("resident.rules.login")
	b.press(pinpad.KeyEnter)
	b.until("resident.newpin.login")
	b.digits(next)
	b.until("resident.again.login")
	b.digits(next)
}
