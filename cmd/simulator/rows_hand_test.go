// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/world"
)

// hand is a clerk and a resident at one counter, who read the glass and press keys.
type hand struct {
	*visitor
	beside *visitor // at the next counter of the office; nil: nobody
	at     counter
	group  string          // of the office, as it stands in records
	seen   map[string]bool // records of the runs before
	lain   string          // card in the slot

	run       script
	pressed   int
	confirmed bool     // the last key was ○ alone
	asked     []string // questions so far, with their answers
	went      []string // steps of the case so far
	decided   bool
	claim     string // number that was shown, and what it is for
	number    string
	turns     map[string]int  // how often each screen of run.keys came
	said      map[string]bool // every line that stood on the glass
}

// outcome is what a run came to.
type outcome struct {
	keys, screens int
	number        string // what the claim number is for
	claim         string // the number itself
}

// moment is what stands in front of a person.
type moment struct {
	world.State
	words []string
}

func (m moment) same(o moment) bool {
	step := func(s world.State) string {
		if s.Case == nil {
			return ""
		}
		return s.Case.Step
	}
	return m.Screen == o.Screen && step(m.State) == step(o.State) && slices.Equal(m.words, o.words)
}

func (m moment) String() string {
	c := ""
	if m.Case != nil {
		c = fmt.Sprintf(" %+v", *m.Case)
	}
	return m.Screen + c + "\n\t" + strings.Join(m.words, "\n\t")
}

// carry carries one run from rest to rest and checks what it says on the way and what it leaves at city hall.
func (h *hand) carry(t *testing.T, r script) outcome {
	h.t = t // a run's faults are its own
	h.run, h.pressed, h.asked, h.went, h.decided = r, 0, nil, nil, false
	h.turns, h.said, h.claim, h.number = map[string]int{}, map[string]bool{}, "", ""
	h.home()
	h.lay(r.card)
	if r.cut {
		h.post("/api/line", `{"up":false}`)
		h.t.Cleanup(func() { h.post("/api/line", `{"up":true}`) })
	}
	start := time.Now()
	last, screens := moment{}, 0
	for n := 0; ; n++ {
		m := h.patient(last)
		for _, w := range m.words {
			h.said[w] = true
		}
		if m.Case != nil {
			h.went = append(h.went, m.Case.Step)
		}
		if n > 0 && m.Face == "idle" {
			break
		}
		if n > 120 {
			t.Fatalf("no end: %v", h.went)
		}
		h.act(m)
		last, screens = m, screens+1
	}
	took := time.Since(start)
	out := outcome{h.pressed, screens, h.number, h.claim}
	if want := list(r.asked); !slices.Equal(h.asked, want) {
		t.Errorf("asked %q, want %q", strings.Join(h.asked, "; "), r.asked)
	}
	if !h.decided && r.want.outcome != "" {
		t.Errorf("no decision was shown; it went %v", h.went)
	}
	for _, s := range list(r.want.says) {
		if !h.said[s] {
			t.Errorf("%q stood on no screen; it went %v", s, h.went)
		}
	}
	if r.cut {
		h.post("/api/line", `{"up":true}`)
	}
	h.left(took)
	t.Logf("%-8s %-10s %3d keys %3d screens %5.1f s  %s", r.want.outcome, r.want.way, out.keys, out.screens, took.Seconds(), strings.Join(h.went, " "))
	return out
}

// home brings the box to rest after a run that did not get there: without power, as nothing else is sure.
func (h *hand) home() {
	h.t.Helper()
	if h.state().Face == "idle" {
		return
	}
	h.post("/api/power", `{"cut":true}`)
	h.post("/api/power", `{"cut":false}`)
	if h.until("idle", "idle.board", "clerk.interrupted").Screen == "clerk.interrupted" {
		h.visitor.press("enter")
		h.until("idle", "idle.board")
	}
	h.remember()
}

// lay lays a fresh card down before the case, and takes away one that lies there.
func (h *hand) lay(card string) {
	h.t.Helper()
	if h.lain != "" {
		h.post("/api/card", `{"remove":true}`)
		h.lain = ""
		h.until("idle")
	}
	if card != "" {
		h.post("/api/card", fmt.Sprintf(`{"fresh":%q}`, card))
		h.post("/api/card", fmt.Sprintf(`{"insert":%q}`, card))
		h.lain = card
		h.until("idle.board", "idle.wrongcard")
	}
}

// next waits until something else than last stands still on the glass.
func (h *hand) next(last moment) (m moment) {
	h.t.Helper()
	h.await("what follows "+last.String(), func() bool {
		m = moment{State: h.state()}
		if m.Busy {
			return false
		}
		m.words = h.words()
		again := moment{h.state(), m.words} // the words are those of the state
		return !again.Busy && again.same(m) && !m.same(last)
	})
	return m
}

// patient is next, for somebody who presses ○ once more when nothing happens: a machine under load can miss a press that was too short for it.
func (h *hand) patient(last moment) moment {
	h.t.Helper()
	end := time.Now().Add(patience / 4)
	h.await("what follows "+last.String(), func() bool {
		s := h.state()
		return !s.Busy && !(moment{s, h.words()}).same(last) || time.Now().After(end)
	})
	if m := (moment{h.state(), h.words()}); !m.Busy && m.same(last) && h.confirmed {
		h.t.Logf("○ again at %s", m.Screen)
		h.visitor.press("enter")
	}
	return h.next(last)
}

// words are the screen in words.
func (h *hand) words() []string {
	h.t.Helper()
	r, err := http.Get(h.url + "/api/panel.txt")
	if err != nil {
		h.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		h.t.Fatalf("panel.txt: %s, %v", r.Status, err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// press presses keys of the run.
func (h *hand) press(keys ...string) {
	h.t.Helper()
	h.pressed += len(keys)
	h.confirmed = len(keys) == 1 && keys[0] == "enter"
	h.visitor.press(keys...)
}

// act does what the run says, or what is usual, on a screen.
func (h *hand) act(m moment) {
	h.t.Helper()
	r := h.run
	if keys, ok := r.keys[m.Screen]; ok {
		turns := strings.Split(keys, "|")
		h.turns[m.Screen]++
		if turn := strings.TrimSpace(turns[min(h.turns[m.Screen], len(turns))-1]); turn != "" {
			h.special(turn)
			return
		}
	}
	switch m.Screen {
	case "clerk.code":
		h.press(append(strings.Split(world.Clerks()[0].Code, ""), "enter")...)
	case "clerk.procedure":
		h.choose(m, line(h.t, r.matter))
	case "clerk.applicant":
		h.choose(m, line(h.t, r.by))
	case "clerk.kind":
		h.press(fmt.Sprint(1 + slices.Index([]string{"login", "signing", "card_info", "register"}, r.kind)))
	case "clerk.question":
		h.answer(m)
	case "clerk.documents":
		h.tick(m)
	case "clerk.closed":
		h.given(m)
		h.press("enter")
	case "clerk.decision", "clerk.guide":
		h.read(m)
		h.press("enter")
	case "resident.issue.wait":
		for _, w := range m.words {
			if n := fourDigits.FindString(w); n != "" { // both see it: another clerk at the issuer lets it be done
				h.post("/api/issuer", fmt.Sprintf(`{"release":%q,"by":%q}`, n, world.Clerks()[1].Label))
				return
			}
		}
		h.t.Errorf("no number for the second person: %v", m)
	case "resident.language":
		h.press("1")
	case "resident.card.take":
		if h.lain != "" { // else the box has not noticed yet
			h.post("/api/card", `{"remove":true}`)
			h.lain = ""
		}
	default:
		switch kind, what := lastOf(m.Screen), m.Screen; {
		case strings.HasPrefix(what, "resident.pin."), strings.HasPrefix(what, "clerk.letter.") && slices.ContainsFunc(m.words, func(l string) bool { return strings.HasPrefix(l, "残り") }):
			h.typed(kind, h.pins()[kind])
		case strings.HasPrefix(what, "resident.newpin."), strings.HasPrefix(what, "resident.again."), strings.HasPrefix(what, "clerk.letter."), strings.HasPrefix(what, "resident.leavecheck.") && newPINs[kind] != "":
			h.typed(kind, newPINs[kind])
		default:
			h.press("enter")
		}
	}
}

func lastOf(screen string) string { return screen[strings.LastIndex(screen, ".")+1:] }

// special presses keys by name; "@1234" is typed as a PIN of the run's kind.
func (h *hand) special(keys string) {
	for _, k := range strings.Fields(keys) {
		if pin, ok := strings.CutPrefix(k, "@"); ok {
			h.typed(h.run.kind, pin)
			continue
		}
		h.press(k)
	}
}

var fourDigits = regexp.MustCompile(`\b[0-9]{4}\b`)
