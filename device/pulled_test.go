// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/pinpad"
)

// named keeps the names of the commands that go to the card.
type named struct {
	device.Reader
	mu    sync.Mutex
	names []string
}

func (n *named) Connect(ctx context.Context) (card.Link, error) {
	l, err := n.Reader.Connect(ctx)
	return namedLink{l, n}, err
}

type namedLink struct {
	card.Link
	n *named
}

func (l namedLink) Transmit(apdu []byte) ([]byte, error) {
	name := map[byte]string{0xA4: "SELECT application", 0xB0: "READ BINARY", 0x20: "VERIFY", 0x24: "CHANGE REFERENCE DATA"}[apdu[1]]
	switch {
	case apdu[1] == 0xA4 && apdu[2] == 0x02:
		name = "SELECT file"
	case apdu[1] == 0xA4 && len(apdu) == 21:
		name = "SELECT that overwrites"
	case apdu[1] == 0x20 && len(apdu) == 4:
		name = "question for tries"
	}
	l.n.mu.Lock()
	l.n.names = append(l.n.names, name)
	l.n.mu.Unlock()
	return l.Link.Transmit(apdu)
}

// changes drives a change of the login PIN until the card is out or the PIN is changed.
func (r *rig) changes(c *simcard.Card) (screen string) {
	r.t.Helper()
	r.opens(pinpad.Key2, pinpad.Key1)
	r.press(pinpad.Key1)
	r.until("resident.card.insert")
	r.reader.Insert(c)
	for range 3000 {
		switch s := r.state(); {
		case s.Busy:
			time.Sleep(20 * time.Millisecond)
		case s.Screen == "resident.card.removed", s.Screen == "resident.changed":
			return s.Screen
		default:
			r.persists(c, "login")
		}
	}
	r.t.Fatalf("the change does not go on at %+v", r.state())
	return ""
}

// told says which reason the glass gives on the screen about a card that came out, with its words; "" if it shows none.
func (r *rig) told(kind string) (reason, words string) {
	r.t.Helper()
	glass := string(r.panel.Glass().Pix)
	d, err := display.NewRenderer(r.driver.Bounds())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, reason := range display.ResidentCardRemoved.Reasons() {
		s := display.Screen{ID: display.ResidentCardRemoved, Lang: display.Japanese, Facts: display.Facts{Kind: kind, Reason: reason}}
		if r.drawn(s) == glass {
			return reason, strings.Join(d.Text(s), " ")
		}
	}
	return "", ""
}

// TestPulledTold takes the card out before and after every command of a change and holds what the resident reads at once against what the card then
// holds: nobody is told that all is as before when it may not be, and nobody is left without a word. With -v it prints the table.
func TestPulledTold(t *testing.T) {
	const key = "d392f000260100000001:0018"
	which := map[string]string{"1234": "old", "2580": "new"}
	n := &named{}
	bubble(t, func(r *rig) { r.hw = func(h *device.Hardware) { n.Reader, h.Reader = h.Reader, n } }, func(r *rig) { r.changes(adult()) })
	// The board's commands come first; the change begins with the resident's own entry.
	first := 0
	for i, name := range n.names {
		if name == "READ BINARY" {
			first = i + 1
		}
	}
	for first < len(n.names) && !(n.names[first] == "SELECT application" && n.names[first+1] == "SELECT file") {
		first++
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "command\tpulled\tPIN\ttries\tscreen\tits words\tat the end")
	for i := first; i < len(n.names); i++ {
		for _, pull := range []simcard.Pull{simcard.PullBefore, simcard.PullAfter} {
			what := fmt.Sprintf("%d %s\t%s", i-first+1, n.names[i], map[simcard.Pull]string{simcard.PullBefore: "before it", simcard.PullAfter: "after it"}[pull])
			bubble(t, nil, func(r *rig) {
				c := adult()
				c.Inject(simcard.Fault{At: i + 1, Pull: pull})
				screen := r.changes(c)
				reason, words := r.told("login")
				st := c.State().Keys[key]
				changed := st.PIN != "1234"
				switch {
				case screen == "resident.card.removed" && words == "":
					t.Errorf("%s: the screen says nothing that is known", what)
				case reason == "none" && (changed || st.Left != 3), reason == "verify" && changed:
					t.Errorf("%s: told %q, but the card holds the %s PIN with %d tries", what, words, which[st.PIN], st.Left)
				case screen == "resident.changed" && !changed:
					t.Errorf("%s: told that it is changed, but it is not", what)
				}
				for k := 0; r.state().Screen != "idle"; k++ {
					if k > 3000 {
						t.Fatalf("%s: the box stays at %+v", what, r.state())
					}
					r.persists(c, "login")
				}
				end := c.State().Keys[key]
				if end.PIN != "2580" || end.Left == 0 {
					t.Errorf("%s: who goes on ends with the %s PIN and %d tries", what, which[end.PIN], end.Left)
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%s %s\t%s\t%s PIN, %d tries\n", what, which[st.PIN], st.Left, strings.TrimPrefix(screen, "resident."), reason, words, which[end.PIN], end.Left)
			})
			if t.Failed() {
				return
			}
		}
	}
	w.Flush()
	t.Logf("a change of the login PIN, and the card pulled at each of its commands:\n%s", &table)
}
