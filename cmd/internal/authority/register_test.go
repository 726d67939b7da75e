// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"testing"
	"time"

	"madoguchi/cmd/internal/authority"
	"madoguchi/device/policy/civil"
	"madoguchi/sync/issuer"
)

func day(t testing.TB, s string) (d civil.Date) {
	t.Helper()
	if s == "" {
		return d
	}
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEnds: the examples of the rules (3.2), and the days around them.
func TestEnds(t *testing.T) {
	for _, c := range []struct{ birth, issued, card, residence, want string }{
		{"1990-11-20", "2024-05-10", "2034-11-20", "", "2028-11-20"},
		{"1985-03-03", "2022-06-01", "2032-03-03", "", "2027-03-03"},
		{"1982-08-20", "2020-09-01", "2030-08-20", "", "2025-08-20"},
		{"2000-02-29", "2023-06-01", "2033-02-28", "", "2028-02-29"},
		{"1970-11-20", "2023-05-10", "2025-11-20", "", "2025-11-20"}, // the card ends first
		{"1988-01-01", "2024-05-10", "2026-09-30", "2026-09-30", "2026-09-30"},
		{"1988-01-01", "2024-05-10", "2033-01-01", "2026-09-30", "2026-09-30"}, // limited residence
		{"1988-01-01", "2024-05-10", "2025-12-31", "2026-09-30", "2025-12-31"}, // and the card still first
		{"1990-11-20", "2026-11-20", "2034-11-20", "", "2031-11-20"},           // a birthday on the day of issue is not counted
		{"1990-11-20", "2026-11-19", "2034-11-20", "", "2030-11-20"},
	} {
		h := authority.Holder{Birth: day(t, c.birth), CardEnds: day(t, c.card), ResidenceUntil: day(t, c.residence)}
		if got := h.Ends(day(t, c.issued)).String(); got != c.want {
			t.Errorf("born %s, issued %s, card to %s, residence to %q: %s, want %s", c.birth, c.issued, c.card, c.residence, got, c.want)
		}
	}
}

// TestMadeUp: everybody exists, and the sample cards are who they say.
func TestMadeUp(t *testing.T) {
	m := authority.MadeUp{Now: func() time.Time { return morning }}
	today := day(t, "2026-11-20")
	for n := range byte(60) {
		h, ok, err := m.Holder(issuer.CardNumber{7: n})
		if err != nil || !ok || h.Ends(today).Before(today) {
			t.Errorf("%d: %+v, %v", n, h, err)
		}
		if child := today.Before(civil.Attains(h.Birth, 15, true)); child != (n == 6 || n == 14 || n == 17 || n == 19) {
			t.Errorf("%d: born %v", n, h.Birth)
		}
	}
}
