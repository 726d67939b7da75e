// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

func TestApplications(t *testing.T) {
	for _, r := range []struct {
		sample string
		want   bool
	}{{"adult", true}, {"driving_licence", false}} {
		sim := sample(t, r.sample)
		apps, err := card.New(connect(t, sim)).Applications()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, a := range apps {
			got[a.ID] = a.Present
		}
		want := map[string]bool{"jpki": r.want, "text": r.want, "surface": r.want, "juki": r.want, "common": r.want}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.sample, diff)
		}
	}
	sim := sample(t, "adult")
	l := connect(t, sim)
	sim.Inject(simcard.Fault{At: 3, Pull: simcard.PullBefore})
	if _, err := card.New(l).Applications(); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("card removed: %v", err)
	}
}
