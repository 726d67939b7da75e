// SPDX-License-Identifier: Apache-2.0

package device

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/device/session"
	"madoguchi/display"
	"madoguchi/sync/claim"
	"madoguchi/sync/outbox"
)

// uncounting is a box whose storage has gone.
func uncounting(t *testing.T) *Device {
	t.Helper()
	box, _, err := outbox.Open(filepath.Join(t.TempDir(), "outbox.db"), outbox.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	return &Device{cfg: DefaultConfig, in: make(chan session.Event, 1), box: box, clock: SystemClock{}, log: slog.New(slog.DiscardHandler)}
}

// TestUncountedClaims: a box that cannot read or keep how many claim numbers opened nothing looks none up, nor tells what city hall said of one: else a damaged storage would be
// a way to guess.
func TestUncountedClaims(t *testing.T) {
	n, err := claim.Draw(claim.PrefixOf("box1"), func(claim.Number) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func(*uplink){
		"before it is looked up":          func(u *uplink) { u.findClaim(t.Context(), session.FindClaim{No: 7, Number: n}, nil) },
		"city hall does not know it":      func(u *uplink) { u.claimGot(t.Context(), claim.Answer{Verdict: claim.Unknown, Number: n}) },
		"it belongs to another city hall": func(u *uplink) { u.claimGot(t.Context(), claim.Answer{Verdict: claim.Elsewhere, Number: n}) },
		"it is over": func(u *uplink) {
			u.claimGot(t.Context(), claim.Answer{Verdict: claim.Found, Number: n, State: claim.State{Step: claim.Closed}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := uncounting(t)
			u := newUplink(d)
			u.claims.asked = session.FindClaim{No: 7, Number: n}
			ask(u)
			got := <-d.in
			if got.Kind != session.ClaimFound || got.No != 7 || got.Found != session.FindStorage || got.State != (claim.State{}) {
				t.Errorf("answered %v %d, found %v, %+v", got.Kind, got.No, got.Found, got.State)
			}
		})
	}
}

// TestUncountedCodes: a box that cannot read how many wrong clerk codes came waits before it takes the first one.
func TestUncountedCodes(t *testing.T) {
	ev := uncounting(t).startEvent()
	s := session.New(session.Config{Office: "市民課", Release: "at_once"})
	s, _ = session.Step(s, ev)
	s, _ = session.Step(s, session.Event{Kind: session.Shown, At: ev.At, Gen: s.Gen()})
	s, _ = session.Step(s, session.Event{Kind: session.Press, At: ev.At.Add(30 * time.Second), Gen: s.Gen(), Key: session.KeyEnter})
	if id := s.Shows().ID; id != display.ClerkCodeWait {
		t.Errorf("it shows %q", id)
	}
}
