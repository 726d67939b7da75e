// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/epd/epdtest"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

var (
	soakCases = flag.Int("soak", 25, "cases of TestSoak (`make soak` has 10,000)")
	soakSeed  = flag.Uint64("soak-seed", 0, "seed of TestSoak; 0 draws one")
)

// soak is what people, cards and cables do to a box, at random.
type soak struct {
	*rig
	rand *rand.Rand
	card *simcard.Card  // whose owner stands there
	peer *peer          // of the network side; nil: the line is down
	mend []func()       // what is broken now
	done map[string]int // what happened how often

	// Written by the observer, under rig.mu.
	owed    bool // the case that is open owes its record
	loose   bool // what it owes is neither stored nor journaled
	tail    bool // storage is shown as at fault: the journal of the case before may lie there yet, stored or not
	spoiled bool // the disk refuses
	known   bool // of the case of before the power cut it is known whether it owed its record
	due     int  // cases that owe a record
	maybe   int  // cases that the power was cut in while the clerk's keys were obeyed: nobody can see from outside whether they were open
	shown   map[string]int
}

// TestSoak lets people do cases for weeks, most of them right, and takes away card, reader, line, panel, disk and power at any moment. Each case leaves exactly one record at
// city hall, nobody's PIN stays, the box always comes to rest, and its memory does not grow.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d (go test ./device -run TestSoak -soak %d -soak-seed %d)", seed, *soakCases, seed)
	bubble(t, nil, func(r *rig) {
		s := &soak{rig: r, rand: rand.New(rand.NewPCG(seed, 0)), done: map[string]int{}, shown: map[string]int{}}
		r.mu.Lock()
		r.watch = s.watched
		r.mu.Unlock()
		hall := map[record.ID]bool{}
		var heap, now []uint64
		for round := 0; s.cases() < *soakCases; round++ {
			until := s.cases() + min(100, *soakCases)
			for s.cases() < until && s.cases() < *soakCases {
				s.turn()
			}
			s.settle(hall)
			s.counts(len(hall))
			if n := pin.InUse(); n != 0 {
				t.Fatalf("%d locked pages are in use at rest", n)
			}
			s.power()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			now = append(now, m.HeapAlloc>>10)
			if round%10 == 9 {
				t.Logf("%d records of %d cases so far, heap %d KiB, resident %.1f MiB", len(hall), s.cases(), m.HeapAlloc>>10, resident(t))
			}
			if round == 4 {
				heap = slices.Clone(now)
			}
		}
		if heap != nil {
			if was, is := slices.Max(heap), now[len(now)-1]; is > 2*was {
				t.Errorf("the heap grew from %d to %d KiB", was, is)
			}
		}
		t.Logf("%d records of %d cases, %d more may have been open when the power was cut; %v; %d screens of %d kinds; heap %v KiB", len(hall), s.cases(), s.maybe, s.done, total(s.shown), len(s.shown), now)
	})
}

func (s *soak) chance(percent float64) bool { return s.rand.Float64()*100 < percent }

func (s *soak) did(what string) { s.done[what]++ }

// revive starts a box again that ended by itself, as the system does. Only a reader that hangs may bring it so far.
func (s *soak) revive() {
	s.t.Helper()
	select {
	case err := <-s.ended:
		s.ended <- err
		var e *device.ExitError
		if !errors.As(err, &e) {
			s.t.Fatalf("the box ended by itself: %v", err)
		}
		s.did(fmt.Sprintf("box ended with %d", e.Code))
		s.t.Logf("the box ended by itself: %v", err)
		s.power()
	default:
	}
}

// turn is one thing that somebody does, with a rare misfortune before it.
func (s *soak) turn() {
	s.misfortune()
	s.revive()
	o := s.state()
	if o.Busy && s.chance(95) {
		time.Sleep(100 * time.Millisecond)
		return
	}
	if s.chance(2) { // a child at the keys
		s.press(pinpad.Key(s.rand.IntN(16)))
		return
	}
	switch id := o.Screen; {
	case id == "idle":
		s.mendAll()
		s.counts(int(s.box.Stats().Created))
		s.press(pinpad.KeyEnter)
	case id == "clerk.code":
		s.digits(pick(s, clerkCode, 97, "0000"))
	case id == "clerk.code.wait":
		time.Sleep(time.Minute)
	case id == "clerk.procedure":
		s.press(s.digit(3))
	case id == "clerk.kind":
		s.press(pick(s, pinpad.Key1, 60, s.digit(4)))
	case slices.Contains(entries, id):
		s.types(id)
	case id == "resident.card.insert", id == "resident.card.removed":
		s.insert()
	case id == "resident.card.take":
		s.take()
	default:
		s.press(pick(s, pinpad.KeyEnter, 75, pick(s, pinpad.Key1, 60, pick(s, pinpad.KeyCancel, 50, pinpad.Key(s.rand.IntN(16))))))
	}
}

// entries are the screens on which a PIN is typed.
var entries = func() (out []string) {
	for _, k := range display.Kinds {
		for _, id := range []display.ID{display.PINID(k), display.NewPINID(k), display.AgainID(k), display.LeaveID(k)} {
			out = append(out, string(id))
		}
	}
	return out
}()

// types types a PIN, the right one more often than not.
func (s *soak) types(screen string) {
	old, other := "1234", "5678"
	letters := strings.HasSuffix(screen, ".signing")
	if letters {
		old, other = "ABC123", "QWE234"
	}
	if !strings.HasPrefix(screen, "resident.pin.") {
		old, other = other, old
	}
	text := pick(s, old, 85, pick(s, other, 80, "12"))
	switch {
	case s.chance(3):
		s.press(pinpad.KeyCancel)
	case letters:
		s.letters(text)
	default:
		s.digits(text)
	}
}

// insert puts a card in: the one that was there, or somebody's.
func (s *soak) insert() {
	if s.card == nil || s.chance(20) {
		all := simcard.Samples(s.clock.Now())
		s.card = simcard.New(all[pick(s, 0, 60, s.rand.IntN(len(all)))].Spec)
	}
	if s.chance(10) {
		s.did("pulled at a command")
		s.card.Inject(simcard.Fault{At: 1 + s.rand.IntN(40), Pull: pick(s, simcard.PullBefore, 50, simcard.PullAfter)})
	}
	if s.chance(3) {
		s.did("odd answer")
		s.card.Inject(simcard.Fault{At: 1 + s.rand.IntN(40), SW: oddWords[s.rand.IntN(len(oddWords))]})
	}
	s.reader.Insert(s.card)
}

// oddWords are status words that a card may answer at any time, and one that is in no list.
var oddWords = []uint16{0x6F00, 0x6A82, 0x6985, 0x6982, 0x6700, 0x63C0, 0x6983, 0x9000, 0x1234}

// take takes the card, and its owner goes with it.
func (s *soak) take() {
	s.reader.Remove()
	s.card = nil
	time.Sleep(time.Second)
}

// misfortune is what no case is safe from.
func (s *soak) misfortune() {
	switch {
	case s.chance(0.3):
		s.did("card out")
		s.reader.Remove()
	case s.chance(0.1):
		s.did("reader out")
		s.reader.Unplug()
		s.mend = append(s.mend, func() { s.reader.Plug() })
	case s.chance(0.1):
		s.did("panel hangs")
		s.panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = true })
		s.mend = append(s.mend, func() {
			s.panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = false })
			s.panel.ForgetFaults() // a hanging panel is reset in the middle of a refresh
		})
		time.Sleep(time.Duration(s.rand.IntN(120)) * time.Second)
	case s.chance(0.3):
		s.did("everybody leaves")
		time.Sleep(time.Duration(s.rand.IntN(600)) * time.Second)
	case s.chance(0.2):
		s.did("keys held together")
		s.keys.SetClosed(uint16(s.rand.Uint32()))
		s.mend = append(s.mend, func() { s.keys.SetClosed(0) })
		time.Sleep(time.Duration(s.rand.IntN(5000)) * time.Millisecond)
	case s.chance(0.2) && s.mend == nil:
		s.spoilDisk()
		time.Sleep(time.Duration(s.rand.IntN(120)) * time.Second)
	case s.chance(0.15):
		s.power()
	case s.chance(0.5):
		s.line(s.peer == nil)
	}
	if s.chance(10) {
		s.mendAll()
	}
}

func (s *soak) mendAll() {
	for _, f := range s.mend {
		f()
	}
	s.mend = nil
}

// power takes the plug out and puts it in again, some time later or with the clock an hour wrong.
func (s *soak) power() {
	s.did("power out")
	s.line(false)
	if err := s.off(); err != nil {
		s.t.Logf("Run: %v", err)
	}
	s.mu.Lock()
	if s.loose {
		s.due--
	}
	if s.loose || !s.owed && s.seen.Case != nil {
		s.maybe++
	}
	s.loose = false
	s.known, s.owed, s.tail = s.known || s.owed || s.tail, false, false // the power may go again before anything is shown
	s.mu.Unlock()
	s.mendAll()
	if s.chance(20) {
		s.did("clock moved")
		s.clock.by += time.Duration(s.rand.IntN(7200)-3600) * time.Second
	}
	for _, h := range s.reader.Beyond() {
		s.t.Errorf("%02X %02X %02X %02X went to a card of a real profile", h.CLA, h.INS, h.P1, h.P2)
	}
	s.reader.Close()
	s.reader = simcard.NewReader() // the old one remembers every card
	s.reader.Now = s.clock.Now
	s.mu.Lock()
	s.screens = append(slices.Clone(s.screens[max(0, len(s.screens)-60):]), "power")
	s.mu.Unlock()
	time.Sleep(time.Duration(s.rand.IntN(60)) * time.Second)
	s.on()
}

// line connects the network side or takes it away.
func (s *soak) line(up bool) {
	switch {
	case up == (s.peer != nil):
	case up:
		s.did("line up")
		s.peer = s.rig.peer(wall.Up)
	default:
		s.peer.conn.Close()
		s.peer = nil
		time.Sleep(time.Second) // the wall has room for one
	}
}

// settle lets everybody leave, and gives city hall what waits. Some batches come twice, because their receipt is lost.
func (s *soak) settle(hall map[record.ID]bool) {
	s.t.Helper()
	s.mendAll()
	s.reader.Remove()
	s.card = nil
	for range 200 {
		if st := s.state(); st.Screen == "idle" && !st.Busy {
			break
		}
		s.press(pinpad.KeyEnter)
		time.Sleep(10 * time.Second)
	}
	s.rests()
	s.line(true)
	for range 10000 {
		st := s.box.Stats()
		if st.Hold+st.Out == 0 {
			s.line(false)
			return
		}
		select {
		case f, ok := <-s.peer.frames:
			if !ok {
				s.t.Fatal("the box has closed the connection")
			}
			if f.Type != wall.Records {
				continue
			}
			b, err := record.DecodeBatch(f.Body)
			if err != nil {
				s.t.Fatal(err)
			}
			for _, r := range b.Records {
				hall[r.ID()] = true
			}
			if s.chance(30) {
				s.did("receipt lost")
				s.line(false)
				s.line(true)
				continue
			}
			s.peer.ack(b, b.Last())
		case <-time.After(time.Minute):
		}
	}
	s.t.Fatalf("the outbox does not empty itself: %+v", s.box.Stats())
}

func pick[T any](s *soak, one T, percent float64, other T) T {
	if s.chance(percent) {
		return one
	}
	return other
}

func (s *soak) digit(n int) pinpad.Key { return pinpad.Key1 + pinpad.Key(s.rand.IntN(n)) }
