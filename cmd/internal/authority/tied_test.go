// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/device/issue"
	"madoguchi/sync/issuer"
)

// lay puts another card in the place of the one that lies there, as between two operations of a case, and lets the box power it anew.
func (r *rig) lay(c *simcard.Card) {
	r.seat.Remove()
	if r.box.link != nil {
		r.box.link.Close()
		r.box.link, r.box.card = nil, nil
	}
	r.seat.Insert(c)
}

// TestOneCardACase: what is done first ties a case to its card, whatever it came to. A renewal, which asks for no PIN at the card, is refused for any other one; the first goes on, and another case
// begins anew.
func TestOneCardACase(t *testing.T) {
	renewal := func(k issuer.Kind) issuer.Order {
		return issuer.Order{Operation: issuer.CertRenewal, Kind: k, Procedure: issuer.RenewalCase}
	}
	reset := issuer.Order{Operation: issuer.PinReset, Kind: issuer.Login, Procedure: issuer.RenewalCase}
	released := issuer.Order{Operation: issuer.SuspensionRelease, Kind: issuer.NoKind, Procedure: issuer.ReleaseCase}
	for _, tt := range []struct {
		name  string
		first issuer.Order
		want  issue.Outcome
	}{
		{"after a reset", reset, issue.Done},
		{"after a renewal", renewal(issuer.Login), issue.Done},
		{"after a refusal", released, issue.Refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, spec("adult"))
			other := simcard.New(spec("expiring"))
			c := issuer.NewCase()
			ends := func(o issuer.Order, want issue.End) {
				t.Helper()
				r.beginIn(c, o)
				r.run(time.Minute)
				if r.box.ended == nil || *r.box.ended != want {
					t.Fatalf("%v %v: %+v, want %+v", o.Operation, o.Kind, r.box.ended, want)
				}
			}
			first := issue.End{Outcome: tt.want}
			if tt.want == issue.Refused {
				first.Reason = issuer.NotEntitled
			}
			ends(tt.first, first)
			before := r.sim.State()

			r.lay(other)
			ends(renewal(issuer.Signing), issue.End{Outcome: issue.Refused, Reason: issuer.OtherCard})
			if other.State().Last != nil || len(other.State().Generations) > 0 {
				t.Error("the other card obeyed")
			}
			if r.box.wantOf != "" {
				t.Errorf("somebody was asked for %q", r.box.wantOf)
			}
			alarms, err := r.auth.Alarms(context.Background())
			if err != nil || !slices.Equal(alarms, []string{"another card was laid down within a case"}) {
				t.Errorf("alarms %q, %v", alarms, err)
			}

			r.auth.Close() // the book keeps it, not the process
			r.openAuthority()
			ends(renewal(issuer.Signing), issue.End{Outcome: issue.Refused, Reason: issuer.OtherCard})
			r.lay(r.sim)
			ends(renewal(issuer.Signing), issue.End{Outcome: issue.Done})
			if after := r.sim.State(); before.Last != nil && after.Last.Count != before.Last.Count+1 {
				t.Errorf("the first card counts %d, then %d", before.Last.Count, after.Last.Count)
			}
			r.lay(other)
			c = issuer.NewCase()
			ends(renewal(issuer.Signing), issue.End{Outcome: issue.Done})
		})
	}
}
