// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/pinpad"
	"madoguchi/sync/issuer"
	"madoguchi/sync/wall"
)

// authority is the other end of the issuer link, with its book in memory: a desk whose second person says yes at once. It outlives the box's power.
type authority struct {
	gate *issuer.Gate
	desk issuer.Desk
	spec simcard.Spec
	now  func() time.Time

	mu   sync.Mutex
	book map[issuer.Token]issuer.Entry
	wire [][]byte // every frame, both ways, and what was sealed in those of the box
	ups  int      // messages that came
	stop int      // before which the line and the power go; 0: never
	cut  chan struct{}
}

func (a *authority) CardKey(n issuer.CardNumber) (issuer.MAC, error) {
	return issuer.MAC(simcard.IssuerKey(a.spec)), nil
}
func (a *authority) Tie(issuer.Case, issuer.CardNumber) (bool, error)                { return true, nil }
func (a *authority) Entitled(issuer.Order, issuer.CardNumber) (issuer.Reason, error) { return 0, nil }
func (a *authority) Certify(issuer.Entry, issuer.Modulus) ([]byte, error)            { return nil, issuer.ErrOdd }
func (a *authority) NewNonce() (n issuer.Nonce)                                      { rand.Read(n[:]); return n }

var _ issuer.Office = (*authority)(nil)

// take answers a frame of the box; nil: nothing.
func (a *authority) take(t *testing.T, key ed25519.PublicKey, frame []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ups++; a.ups == a.stop {
		close(a.cut)
		return nil
	}
	a.wire = append(a.wire, frame)
	l, err := a.gate.Open("box1", key, frame)
	if err != nil {
		t.Errorf("frame of the box: %v", err)
		return nil
	}
	plain, err := binary.Append(nil, binary.BigEndian, l.Message)
	if err != nil {
		t.Errorf("message of the box: %v", err)
	}
	a.wire = append(a.wire, plain)
	at := issuer.TokenOf(l.Message)
	if r, ok := l.Message.(issuer.Request); ok { // an older operation of the card is settled first
		for k, e := range a.book {
			a.book[k], _ = issuer.Settle(e, r.Proof)
		}
	}
	e, answer, err := a.desk.Take(a.book[at], "box1", l, a.now())
	if err != nil || answer == nil {
		return nil
	}
	a.book[at] = e
	if e.State == issuer.Waiting {
		if a.book[at], answer, err = a.desk.Release(e, issuer.LabelOf("鈴木"), true, a.now()); err != nil {
			t.Errorf("releasing: %v", err)
		}
	}
	out, err := a.gate.Seal("box1", l.Reply, answer)
	if err != nil {
		t.Errorf("answering: %v", err)
	}
	a.wire = append(a.wire, out)
	return out
}

// state is what the book says of the one operation.
func (a *authority) state() issuer.State {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.book {
		return e.State
	}
	return 0
}

// cutting takes the power when a command is about to go to the card, or has its answer.
type cutting struct {
	device.Reader
	a  *authority
	at int    // the n-th command from a proof on, from 1; 0: never
	on func() // called before the command reaches the card; nil: after it

	mu   sync.Mutex
	n    int
	dead bool
	seen []byte // instructions
}

func (c *cutting) Connect(ctx context.Context) (card.Link, error) {
	l, err := c.Reader.Connect(ctx)
	return cutLink{l, c}, err
}

type cutLink struct {
	card.Link
	c *cutting
}

func (l cutLink) Transmit(apdu []byte) ([]byte, error) {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	if l.c.dead {
		return nil, card.ErrRemoved
	}
	if l.c.n > 0 || apdu[1] == 0x88 {
		l.c.n++
		l.c.seen = append(l.c.seen, apdu[1])
	}
	if l.c.at > 0 && l.c.n == l.c.at {
		l.c.dead = true
		if l.c.on == nil {
			_, _ = l.Link.Transmit(apdu)
		}
		close(l.c.a.cut)
		return nil, card.ErrRemoved
	}
	return l.Link.Transmit(apdu)
}

// linked gives the box an issuer link to a, and a reader that takes the power.
func linked(a *authority, c *cutting) func(*rig) {
	return func(r *rig) {
		s := simcard.IssuerSamples(r.clock.Now())[1]
		a.spec, a.now, a.book, a.cut = s.Spec, r.clock.Now, map[issuer.Token]issuer.Entry{}, make(chan struct{})
		a.gate, _ = issuer.NewGate("nabari", [32]byte{7})
		a.desk = issuer.Desk{City: "nabari", Office: a, For: 15 * time.Minute}
		c.a = a
		sign, seal := a.gate.Keys()
		r.config.IssuerKey, r.config.IssuerSeal = base64.StdEncoding.EncodeToString(sign), base64.StdEncoding.EncodeToString(seal[:])
		r.hw = func(h *device.Hardware) { c.Reader, h.Reader = h.Reader, c }
	}
}

// serve is city hall's end of the wall for one power-on of the box.
func (r *rig) serve(a *authority) {
	r.t.Helper()
	key, err := device.IssuerKey(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	p := r.peer(wall.Up)
	go func() {
		for f := range p.frames {
			if f.Type != wall.Issuer {
				continue
			}
			if out := a.take(r.t, key.Public().(ed25519.PublicKey), f.Body); out != nil && p.conn.Write(wall.Issuer, out) != nil {
				return
			}
		}
	}()
}

// resets carries a reset of the locked login PIN out, until a screen stands or the power goes.
func (r *rig) resets(a *authority, c *simcard.Card, screen string) (cut bool) {
	r.t.Helper()
	r.serve(a)
	r.until("idle")
	time.Sleep(time.Second)
	r.press(pinpad.KeyEnter)
	r.until("clerk.code")
	r.digits(clerkCode)
	for range 6000 {
		select {
		case <-a.cut:
			return true
		default:
		}
		switch s := r.state(); {
		case s.Busy:
			time.Sleep(20 * time.Millisecond)
		case s.Screen == screen:
			return false
		case s.Screen == "clerk.procedure":
			r.press(pinpad.Key5)
		case s.Screen == "clerk.applicant", s.Screen == "clerk.question", s.Screen == "clerk.documents", s.Screen == "resident.language":
			r.press(pinpad.Key1)
		case s.Screen == "resident.card.insert":
			r.reader.Insert(c)
			time.Sleep(time.Second)
		case s.Screen == "resident.issue.wait":
			time.Sleep(time.Second)
		case strings.HasSuffix(s.Screen, "newpin.login"), strings.HasSuffix(s.Screen, "again.login"), strings.HasSuffix(s.Screen, "leavecheck.login"):
			r.digits("2580")
		default:
			r.press(pinpad.KeyEnter)
		}
	}
	r.t.Fatalf("the reset does not go on at %+v", r.state())
	return false
}

const loginKey = "d392f000260100000001:0018"

// TestIssuerReset resets a locked PIN in a whole box; the PIN is in no frame of the channel, in no form that a search for text finds.
func TestIssuerReset(t *testing.T) {
	a, c := &authority{}, &cutting{}
	bubble(t, linked(a, c), func(r *rig) {
		sim := simcard.New(a.spec)
		if r.resets(a, sim, "resident.tell"); t.Failed() {
			return
		}
		if k := sim.State().Keys[loginKey]; k.PIN != "2580" || k.Left != 3 {
			t.Errorf("the card holds %q with %d tries", k.PIN, k.Left)
		}
		if a.state() != issuer.Done {
			t.Errorf("the book says %v", a.state())
		}
		if len(a.wire) < 6 {
			t.Errorf("%d frames went over the channel", len(a.wire))
		}
		sizes := map[int]bool{}
		for _, f := range a.wire {
			for _, form := range [][]byte{[]byte("2580"), {2, 5, 8, 0}, {0x20, 0x25, 0x80, 0xFF}} {
				if bytes.Contains(f, form) {
					t.Errorf("a frame of %d bytes holds % X", len(f), form)
				}
			}
			sizes[len(f)] = true
		}
		t.Logf("%d frames of %d sizes; instructions % X", len(a.wire), len(sizes), c.seen)
	})
}

// TestIssuerRealCard: a card of a real profile gets nothing beyond the list on a box with an issuer link, and goes to the integrated terminal. (bubble holds
// every command against the list.)
func TestIssuerRealCard(t *testing.T) {
	a, c := &authority{}, &cutting{}
	bubble(t, linked(a, c), func(r *rig) {
		r.resets(a, sample(t, "locked"), "resident.stopped")
		if n := len(a.book); n != 0 {
			t.Errorf("the authority heard of %d operations", n)
		}
		r.leaves()
	})
}

// TestIssuerPowerCut takes the power at each command of an operation, before it and after it, and at each of its messages; then the box starts again with the card
// in the reader. Card, box and book agree.
func TestIssuerPowerCut(t *testing.T) {
	a, whole := &authority{}, &cutting{}
	bubble(t, linked(a, whole), func(r *rig) { r.resets(a, simcard.New(a.spec), "resident.issued") })
	commands, messages := 1+slices.Index(whole.seen, 0x44), a.ups
	if commands == 0 {
		t.Fatalf("no last command among % X", whole.seen)
	}
	told := map[string]string{}
	check := func(what string, message int, c *cutting) {
		a := &authority{stop: message}
		bubble(t, linked(a, c), func(r *rig) {
			sim := simcard.New(a.spec)
			if !r.resets(a, sim, "resident.issued") {
				t.Errorf("%s: the power did not go", what)
				return
			}
			if err := r.off(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			c.dead, c.at = false, 0
			a.mu.Lock()
			a.stop = 0
			a.mu.Unlock()
			r.on()
			r.serve(a)
			told[what] = r.recovers(sim)
			time.Sleep(time.Minute) // what is left is between the box and the authority
			done := sim.State().Keys[loginKey].PIN == "2580"
			book := a.state()
			if done != (book == issuer.Done) || done != (told[what] == "done") {
				t.Errorf("%s: the card has it: %t; the book says %v; people were told %s", what, done, book, told[what])
			}
		})
	}
	for n := 1; n <= commands; n++ {
		check(fmt.Sprintf("before command %d", n), 0, &cutting{at: n, on: func() {}})
		check(fmt.Sprintf("after command %d", n), 0, &cutting{at: n})
		if t.Failed() {
			return
		}
	}
	for n := 1; n <= messages; n++ {
		check(fmt.Sprintf("before message %d", n), n, &cutting{})
	}
	t.Logf("%d commands, %d messages: %v", commands, messages, told)
}

// recovers answers what a box says that starts again, and returns what it told of the operation; "" if there was nothing to tell.
func (r *rig) recovers(c *simcard.Card) (told string) {
	r.t.Helper()
	for range 4000 {
		switch s := r.state(); {
		case s.Busy:
			time.Sleep(50 * time.Millisecond)
		case s.Screen == "clerk.interrupted":
			r.press(pinpad.KeyEnter)
		case s.Screen == "clerk.recover":
			words := strings.Join(s.Words, " ")
			if strings.Contains(words, "同じカード") {
				r.reader.Remove()
				time.Sleep(time.Second)
				r.reader.Insert(c)
			}
			for mark, code := range map[string]string{"終わっていました": "done", "終わっていません": "undone", "結果がわかりません": "doubt"} {
				if strings.Contains(words, mark) {
					told = code
				}
			}
			if told != "" {
				r.press(pinpad.KeyEnter)
			}
			time.Sleep(500 * time.Millisecond)
		case s.Screen == "idle", s.Screen == "idle.board":
			return told
		default:
			time.Sleep(50 * time.Millisecond)
		}
	}
	r.t.Fatalf("the box stays at %+v", r.state())
	return ""
}
