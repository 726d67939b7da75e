// SPDX-License-Identifier: Apache-2.0

package citydemo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"
)

// Offices are the names of the office groups.
var Offices = map[string][2]string{
	"g01": {"本庁 市民課", "City hall, residents' desk"},
	"g02": {"桔梗が丘 市民センター", "Kikyogaoka community centre"},
	"g03": {"つつじが丘・赤目・国津", "Tsutsujigaoka, Akame, Kunitsu"},
	"g04": {"移動窓口車", "Mobile counter"},
}

// perWeek is how many cases each group has in a week.
var perWeek = map[record.Group]int{1: 120, 2: 75, 3: 40, 4: 7}

// Weeks is how many weeks are filled, the one of now included.
const Weeks = 22

// procedures by their share, in hundredths.
var procedures = []struct {
	p     record.Procedure
	share int
}{
	{record.CertRenewal, 34}, {record.PinReset, 19}, {record.PinChange, 17}, {record.PinCheck, 9}, {record.CardRenewal, 8},
	{record.ResidenceExtension, 4}, {record.CardRecordUpdate, 4}, {record.CertNewIssue, 2}, {record.FaceAuthCard, 1}, {record.Suspension, 1}, {record.CertRevocation, 1},
}

// Fill stores the city's records up to now, as the same ones for the same seed
// but for their random numbers.
func Fill(ctx context.Context, s *store.Store, seed uint64, now time.Time) error {
	rnd := rand.New(rand.NewPCG(seed, 0))
	for g := record.Group(1); g <= 4; g++ {
		var all []record.Record
		for n := Weeks - 1; n >= 0; n-- {
			year, number := now.AddDate(0, 0, -7*n).In(time.FixedZone("JST", 9*3600)).ISOWeek()
			w, err := record.NewWeek(year, number)
			if err != nil {
				return fmt.Errorf("filling: %w", err)
			}
			cases := perWeek[g] * (85 + rnd.IntN(31)) / 100
			if n == 0 {
				cases /= 2 // the week is not over
			}
			for range cases {
				f, err := record.DefaultRules(g).Facets(draw(rnd, w))
				if err != nil {
					return fmt.Errorf("filling: %w", err)
				}
				all = append(all, f.Records...)
			}
		}
		if err := bring(ctx, s, fmt.Sprintf("box-%d1", g), all); err != nil {
			return err
		}
	}
	return fleet(ctx, s)
}

func bring(ctx context.Context, s *store.Store, device string, all []record.Record) error {
	const size = 2000
	for first := 0; first < len(all); first += size {
		b := store.Batch{Device: device, Epoch: 7, First: uint64(first + 1)}
		for _, r := range all[first:min(first+size, len(all))] {
			x, y := r.Attributes()
			b.Items = append(b.Items, store.Item{Body: r.Encode(), Facet: store.Facet{
				ID: r.ID(), Kind: r.Kind().String(), Week: r.Week().String(), Group: r.Group().String(), A: x, B: y,
			}})
		}
		if _, err := s.Apply(ctx, b); err != nil {
			return fmt.Errorf("filling: %w", err)
		}
	}
	return nil
}

// draw makes up one case.
func draw(rnd *rand.Rand, w record.Week) record.Case {
	c := record.Case{Week: w, Outcome: record.Done, Language: record.Japanese, Applicant: record.Self, Means: record.Memory}
	at := rnd.IntN(100)
	for _, p := range procedures {
		c.Procedure = p.p
		if at -= p.share; at < 0 {
			break
		}
	}
	switch n := rnd.IntN(100); {
	case n < 9:
		c.Outcome = record.HandedOver
	case n < 14:
		c.Outcome = record.Abandoned
	case n < 15:
		c.Outcome = record.Interrupted
	case n < 19:
		c.Outcome = record.DeviceOrDocumentProblem
	}
	switch n := rnd.IntN(100); {
	case n < 22:
		c.Language = record.EasyJapanese
	case n < 27:
		c.Language = record.English
	case n < 31:
		c.Language = record.OtherLanguage
	}
	if rnd.IntN(100) < 4 {
		c.Applicant, c.Means = record.Proxy, record.Letter
	}
	minutes := 2 + rnd.ExpFloat64()*5
	c.Duration = record.DurationOf(time.Duration(minutes * float64(time.Minute)))
	pin := []record.PIN{record.LoginPIN, record.LoginPIN, record.SigningPIN, record.SigningPIN, record.CardInfoPIN, record.RegisterPIN}[rnd.IntN(6)]
	add := func(m record.Mode, r record.Result) {
		c.Entries = append(c.Entries, record.PINEntry{PIN: pin, Entry: record.NewEntry(m, r)})
	}
	wrong := 8
	if pin == record.SigningPIN {
		wrong = 17
	}
	for tries := 0; ; tries++ {
		n := rnd.IntN(100)
		if n >= wrong+5 {
			add(record.Verify, record.EntryOK)
			break
		}
		c.Friction |= record.PINRetry
		if n < 5 {
			add(record.Verify, record.StoppedByRules)
			continue
		}
		if tries > 0 && rnd.IntN(5) == 0 {
			add(record.Verify, record.EntryLocked)
			break
		}
		add(record.Verify, record.EntryWrong)
	}
	if c.Outcome == record.Done && rnd.IntN(10) < 7 {
		add(record.Change, record.EntryOK)
		if rnd.IntN(100) < 3 {
			add(record.LeaveCheck, record.EntryWrong)
		} else {
			add(record.LeaveCheck, record.EntryOK)
		}
	}
	for bit, share := range map[record.Friction]int{record.ReaderRetry: 6, record.HelpCalled: 9, record.LangSwitch: 4} {
		if rnd.IntN(100) < share {
			c.Friction |= bit
		}
	}
	for i, mean := range []float64{22, 14, 9, 12, 10, 17, 41, 15, 8} {
		t := mean * (0.35 + rnd.ExpFloat64()*0.65)
		c.Steps = append(c.Steps, record.StepSpan{Step: record.Steps()[i], Span: record.SpanOf(time.Duration(t * float64(time.Second)))})
	}
	return c
}

// fleet gives the devices something to say, and a few of them trouble.
func fleet(ctx context.Context, s *store.Store) error {
	for i, d := range []struct {
		id, firmware, policy string
		online               bool
		waiting              uint64
	}{
		{"box-11", "1.4.0", "17", true, 6}, {"box-12", "1.4.0", "17", true, 0}, {"box-21", "1.4.0", "17", true, 11},
		{"box-31", "1.3.2", "17", true, 4}, {"box-32", "1.4.0", "17", false, 0}, {"box-41", "1.3.2", "16", false, 23},
	} {
		if err := s.SetPresence(ctx, store.Presence{Device: d.id, Online: d.online, Session: uint64(40 + i)}); err != nil {
			return err
		}
		if err := s.SetReport(ctx, store.Report{Device: d.id, Firmware: d.firmware, Policy: d.policy, Clock: "network", Waiting: d.waiting}); err != nil {
			return err
		}
	}
	if err := s.Alarm(ctx, store.AlarmEpoch, "box-31", 1); err != nil {
		return err
	}
	return s.Alarm(ctx, store.AlarmDropped, "", 12)
}
