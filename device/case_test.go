// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/pinpad"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// peer is the network side's end of the wall, with a city hall behind it.
type peer struct {
	r    *rig
	conn *wall.Conn
	got  []record.Batch

	frames chan wall.Frame // all but state documents

	mu      sync.Mutex
	reports []string
}

func (r *rig) peer(state wall.State) *peer {
	r.t.Helper()
	c, err := r.wires.dial()
	if err != nil {
		r.t.Fatal(err)
	}
	p := &peer{r: r, conn: wall.New(c, wall.Network, wall.Opts{}), frames: make(chan wall.Frame, 256)}
	go p.read()
	p.link(state)
	return p
}

// read takes what the box sends, as a network side does: the box does not wait for a reader.
func (p *peer) read() {
	defer close(p.frames)
	for {
		f, err := p.conn.Read()
		if err != nil {
			return
		}
		if f.Type != wall.Reported {
			p.frames <- f
			continue
		}
		p.mu.Lock()
		p.reports = append(p.reports, string(f.Body))
		p.mu.Unlock()
	}
}

// told is the latest state document, and how many came.
func (p *peer) told() (last string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n = len(p.reports); n > 0 {
		last = p.reports[n-1]
	}
	return last, n
}

func (p *peer) link(s wall.State) {
	p.r.t.Helper()
	b, err := wall.LinkState{State: s}.Encode()
	if err != nil {
		p.r.t.Fatal(err)
	}
	if err := p.conn.Write(wall.Link, b); err != nil {
		p.r.t.Fatal(err)
	}
}

// batch waits for the next records.
func (p *peer) batch() record.Batch {
	p.r.t.Helper()
	f, ok := <-p.frames
	if !ok {
		p.r.t.Fatal("the box has closed the connection")
	}
	if f.Type != wall.Records {
		p.r.t.Fatalf("frame %v, want records", f.Type)
	}
	b, err := record.DecodeBatch(f.Body)
	if err != nil {
		p.r.t.Fatal(err)
	}
	p.got = append(p.got, b)
	return b
}

// ack confirms everything up to a number.
func (p *peer) ack(b record.Batch, upto uint64) {
	p.r.t.Helper()
	text, err := record.SignAck(p.r.key, record.Ack{Device: "box1", Epoch: b.Epoch, Upto: upto, Durable: upto})
	if err != nil {
		p.r.t.Fatal(err)
	}
	if err := p.conn.Write(wall.Ack, text); err != nil {
		p.r.t.Fatal(err)
	}
}

// TestPINChange carries a change from the first key closure to city hall's receipt.
func TestPINChange(t *testing.T) {
	for _, tc := range []struct {
		name, id, new, bad string
		key                pinpad.Key
		kind               card.Kind
		enter              func(*rig, string)
	}{
		{"login", "login", "2580", "25", pinpad.Key1, card.KindLogin, (*rig).digits},
		{"signing", "signing", "KATA47Z", "KATAKANA", pinpad.Key2, card.KindSigning, (*rig).letters},
		{"card info", "card_info", "2580", "25", pinpad.Key3, card.KindCardInfo, (*rig).digits},
		{"register, in two halves", "register", "2580", "25", pinpad.Key4, card.KindRegister, (*rig).digits},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				c := adult()
				r.toPIN(pinpad.Key2, tc.key, c, tc.id)
				current := "1234"
				if tc.kind == card.KindSigning {
					current = "ABC123"
					r.until("resident.letters")
					r.press(pinpad.KeyEnter)
				}
				r.until("resident.pin." + tc.id)
				tc.enter(r, current)
				r.until("resident.rules." + tc.id)
				r.press(pinpad.KeyEnter)
				r.until("resident.newpin." + tc.id)
				tc.enter(r, tc.bad) // breaks the rules: stays
				time.Sleep(2 * time.Second)
				r.until("resident.newpin." + tc.id)
				r.keys.Press(pinpad.KeyClear) // 2 s: all goes
				time.Sleep(2300 * time.Millisecond)
				r.keys.Release(pinpad.KeyClear)
				time.Sleep(200 * time.Millisecond)
				tc.enter(r, tc.new)
				if tc.kind == card.KindSigning {
					r.until("resident.lookalike")
					r.press(pinpad.KeyEnter)
				}
				r.until("resident.again." + tc.id)
				tc.enter(r, tc.new)
				r.until("resident.changed")
				if n := r.box.Stats().Created; n != 1 {
					t.Errorf("%d records are stored when the result is shown, want 1", n)
				}
				r.press(pinpad.KeyEnter)
				r.until("resident.leavecheck.ask")
				r.press(pinpad.KeyEnter)
				r.until("resident.leavecheck." + tc.id)
				tc.enter(r, tc.new)
				r.until("resident.leavecheck.ok")
				r.leaves()
				if c.Powered() {
					t.Error("the card still has power")
				}
				p := r.peer(wall.Up)
				b := p.batch()
				if len(b.Records) != 1 || b.Records[0].Procedure() != record.PinChange || b.Records[0].Outcome() != record.Done || b.Records[0].Week().String() != "2026-W48" {
					t.Errorf("records %v", b.Records)
				}
				p.ack(b, b.Last())
				time.Sleep(time.Second)
				if s := r.box.Stats(); s.Out != 0 || s.Upto != 1 {
					t.Errorf("after the receipt: %+v", s)
				}
				p.conn.Close()
				if m := c.Misuse(); len(m) > 0 {
					t.Errorf("card misused: %v", m)
				}
				if r.state().Case != nil {
					t.Errorf("a case is open at rest: %+v", r.state())
				}
			})
		})
	}
}

// TestTriesBoard: a card laid down at rest, no key pressed.
func TestTriesBoard(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.until("idle")
		c := adult()
		r.reader.Insert(c)
		r.until("idle.board")
		if c.Powered() {
			t.Error("the card still has power while its board is shown")
		}
		for _, h := range c.Log() {
			if h.INS == 0x24 {
				t.Errorf("a change was sent: %v", h)
			}
		}
		r.reader.Remove()
		r.until("idle")
		r.reader.Insert(sample(t, "driving_licence"))
		r.until("idle.wrongcard")
		r.reader.Remove()
		r.until("idle")
		if n := r.box.Stats().Created; n != 0 {
			t.Errorf("%d records of looking, want none", n)
		}
	})
}

// TestLastTry: the guard, and the lock when the last entry is wrong.
func TestLastTry(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		c := sample(t, "one_try_left")
		r.toPIN(pinpad.Key1, pinpad.Key1, c, "login")
		r.until("resident.guard.1")
		r.press(pinpad.KeyEnter)
		r.until("resident.guard.2")
		r.press(pinpad.KeyEnter, pinpad.KeyDown)
		r.until("resident.guard.3")
		r.press(pinpad.KeyEnter)
		r.until("resident.pin.login")
		r.digits("9999")
		r.until("resident.locked")
		if n := c.Left(card.KindLogin); n != 0 {
			t.Errorf("%d tries left", n)
		}
		r.leaves()
	})
}

// pulls are the screens of a change at which somebody takes the card.
var pulls = []string{"resident.board", "resident.about.login", "resident.pin.login", "resident.rules.login", "resident.newpin.login", "resident.again.login",
	"resident.changing", "resident.changed", "resident.leavecheck.ask", "resident.leavecheck.login", "resident.leavecheck.ok"}

// TestCardPulled takes the card out at every step of a change, then walks away: one record, no PIN left, the box at rest.
func TestCardPulled(t *testing.T) {
	for _, at := range pulls {
		t.Run(at, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.opens(pinpad.Key2, pinpad.Key1)
				r.press(pinpad.Key1)
				r.until("resident.card.insert")
				r.reader.Insert(adult())
				r.mu.Lock()
				var once sync.Once
				r.watch = func(o device.Observed) {
					if o.Screen == at {
						once.Do(func() { go r.reader.Remove() })
					}
				}
				r.mu.Unlock()
				r.goesOn(at)
				r.rests()
				if n := r.box.Stats().Created; n != 1 {
					t.Errorf("%d records, want 1", n)
				}
			})
		})
	}
}

// goesOn does what each screen of a change asks for, until the given one comes.
func (r *rig) goesOn(at string) {
	r.t.Helper()
	for range 4000 {
		s := r.state()
		r.mu.Lock()
		been := slices.Contains(r.screens, at)
		r.mu.Unlock()
		switch {
		case been:
			return
		case s.Screen == "idle":
			r.t.Fatalf("the screen %s never came", at)
		case s.Busy:
			time.Sleep(20 * time.Millisecond)
		case s.Screen == "resident.pin.login":
			r.digits("1234")
		case s.Screen == "resident.newpin.login", s.Screen == "resident.again.login", s.Screen == "resident.leavecheck.login":
			r.digits("2580")
		case s.Screen == "resident.card.take":
			r.reader.Remove()
			time.Sleep(time.Second)
		default:
			r.press(pinpad.KeyEnter)
		}
	}
	r.t.Fatalf("the change does not go on at %q", r.state().Screen)
}

// rests waits until the box is at rest by itself.
func (r *rig) rests() {
	r.t.Helper()
	for range 1000 {
		if s := r.state(); s.Screen == "idle" && !s.Busy {
			return
		}
		time.Sleep(time.Second)
	}
	r.t.Fatalf("left alone, the box stays at %+v", r.state())
}

// TestCardPulledAtCommand takes the card out at every single command of a change, before it reaches the card and after the card has acted. A resident who
// puts it back and goes on ends with one PIN that is known: the old one or the new one, never locked.
func TestCardPulledAtCommand(t *testing.T) {
	t.Parallel()
	for pull, every := range map[simcard.Pull]int{simcard.PullBefore: 4, simcard.PullAfter: 1} { // a pull before the n-th is one after the one before it, but for what was sent
		stride := 5 // through the reading of the board
		for n := 1; n < 60; n += stride {
			if n > 11 {
				stride = every
			}
			done := false
			bubble(t, nil, func(r *rig) {
				c := adult()
				r.opens(pinpad.Key2, pinpad.Key1)
				r.press(pinpad.Key1)
				r.until("resident.card.insert")
				c.Inject(simcard.Fault{At: n, Pull: pull})
				r.reader.Insert(c)
				for i := 0; r.state().Screen != "idle"; i++ {
					if i > 3000 {
						t.Fatalf("command %d: the box stays at %+v", n, r.state())
					}
					r.persists(c, "login")
				}
				if got := r.box.Stats().Created; got != 1 {
					t.Errorf("command %d, pull %v: %d records, want 1", n, pull, got)
				}
				if c.Left(card.KindLogin) == 0 {
					t.Errorf("command %d, pull %v: the PIN is locked", n, pull)
				}
				if m := c.Misuse(); len(m) > 0 {
					t.Errorf("command %d, pull %v: card misused: %v", n, pull, m)
				}
				done = len(c.Log()) < n
			})
			if t.Failed() {
				return
			}
			if done {
				t.Logf("pull %v: %d commands", pull, n)
				break
			}
		}
	}
}

// persists does what the screen asks for, like somebody who really wants the change.
func (r *rig) persists(c *simcard.Card, id string) {
	switch s := r.state(); {
	case s.Busy:
		time.Sleep(20 * time.Millisecond)
	case s.Screen == "resident.card.removed", s.Screen == "resident.card.insert", s.Screen == "resident.card.unreadable":
		time.Sleep(time.Second)
		if s := r.state().Screen; s == "resident.card.removed" || s == "resident.card.insert" || s == "resident.card.unreadable" {
			r.reader.Insert(c)
			time.Sleep(time.Second)
		}
	case s.Screen == "resident.pin."+id:
		r.digits("1234")
	case s.Screen == "resident.newpin."+id, s.Screen == "resident.again."+id, s.Screen == "resident.leavecheck."+id:
		r.digits("2580")
	case s.Screen == "resident.leavecheck.wrong":
		r.press(pinpad.KeyEnter)
	case s.Screen == "resident.card.take":
		r.reader.Remove()
		time.Sleep(time.Second)
	default:
		r.press(pinpad.KeyEnter)
	}
}

// TestRegisterPulledAtCommand does the same to the PIN that lies on the card twice: a resident who goes on and types the same two
// PINs again ends with both halves the same.
func TestRegisterPulledAtCommand(t *testing.T) {
	halves := func(c *simcard.Card) (pins []string) {
		st := c.State()
		for _, ref := range card.KindRegister.Info().Refs {
			pins = append(pins, st.Keys[fmt.Sprintf("%v:%04X", ref.AP, ref.EF)].PIN)
		}
		return pins
	}
	cuts := 0
	for n, done := 22, false; n < 90 && !done; n++ { // the board is read before
		bubble(t, nil, func(r *rig) {
			c := adult()
			r.opens(pinpad.Key2, pinpad.Key4)
			r.press(pinpad.Key1)
			r.until("resident.card.insert")
			c.Inject(simcard.Fault{At: n, Pull: simcard.PullAfter})
			r.reader.Insert(c)
			cut := false
			for i := 0; r.state().Screen != "idle"; i++ {
				if i > 3000 {
					t.Fatalf("command %d: the box stays at %+v", n, r.state())
				}
				if pins := halves(c); pins[0] != pins[1] && !c.Powered() {
					cut = true
				}
				r.persists(c, "register")
			}
			if pins := halves(c); pins[0] != pins[1] {
				t.Errorf("command %d: the halves hold %q at the end (cut: %v)", n, pins, cut)
			}
			if c.Left(card.KindRegister) == 0 {
				t.Errorf("command %d: the PIN is locked", n)
			}
			if m := c.Misuse(); len(m) > 0 {
				t.Errorf("command %d: card misused: %v", n, m)
			}
			if cut {
				cuts++
			}
			done = len(c.Log()) < n
		})
	}
	if cuts < 5 {
		t.Errorf("%d removals between the halves, want one at each command there", cuts)
	}
}
