// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAccounts(t *testing.T) { both(t, testAccounts) }

func testAccounts(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	until := time.Date(2026, 11, 20, 9, 8, 0, 0, time.UTC)
	accounts := func(want ...Account) {
		t.Helper()
		got, err := s.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.PutAccount(t.Context(), Account{Name: "soumu", Role: "viewer", Hash: "h1"}))
	must(s.PutAccount(t.Context(), Account{Name: "joho", Role: "admin", Hash: "h2"}))
	must(s.Tried(t.Context(), "joho", false, time.Time{}))
	must(s.Tried(t.Context(), "joho", false, until))
	accounts(Account{Name: "joho", Role: "admin", Hash: "h2", Misses: 2, Locked: until}, Account{Name: "soumu", Role: "viewer", Hash: "h1"})
	must(s.Tried(t.Context(), "joho", true, time.Time{}))
	must(s.PutAccount(t.Context(), Account{Name: "soumu", Role: "auditor", Hash: "h3"}))
	accounts(Account{Name: "joho", Role: "admin", Hash: "h2"}, Account{Name: "soumu", Role: "auditor", Hash: "h3"})
	must(s.DropAccount(t.Context(), "joho"))
	if err := s.DropAccount(t.Context(), "joho"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("deleting twice: %v", err)
	}
	if err := s.PutAccount(t.Context(), Account{Name: "x", Role: "king", Hash: "h"}); err == nil {
		t.Error("an unknown role was taken")
	}
}

func TestSessions(t *testing.T) { both(t, testSessions) }

func testSessions(t *testing.T, fresh func(*testing.T) string) {
	now := testOpts.Now()
	opts := testOpts
	opts.Now = func() time.Time { return now }
	s := open(t, fresh(t), opts)
	list := s.Sessions()
	for _, text := range []string{"one", "two"} {
		if err := list.Commit("token", []byte(text), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if data, found, err := list.Find("token"); err != nil || !found || string(data) != "two" {
		t.Errorf("got %q %t %v", data, found, err)
	}
	var stored int
	if err := s.read.QueryRow(`SELECT count(*) FROM session WHERE token = $1`, []byte("token")).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("the browser's token lies in the database: %d, %v", stored, err)
	}
	now = now.Add(2 * time.Hour)
	if _, found, err := list.Find("token"); err != nil || found {
		t.Errorf("an expired session was found: %t %v", found, err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.read.QueryRow(`SELECT count(*) FROM session`).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("%d expired sessions are left, %v", stored, err)
	}
	if err := list.Delete("token"); err != nil {
		t.Error(err)
	}
}

func TestAudit(t *testing.T) { both(t, testAudit) }

func testAudit(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	if n, head, err := s.VerifyAudit(t.Context()); n != 0 || head != nil || err != nil {
		t.Errorf("empty: %d %x %v", n, head, err)
	}
	for _, page := range []string{"offices", "pins", "procedures.csv"} {
		if err := s.Note(t.Context(), "soumu", "look", page); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Audits(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	at := testOpts.Now().Truncate(time.Second)
	want := []Audit{{N: 3, At: at, Who: "soumu", Action: "look", What: "procedures.csv"}, {N: 2, At: at, Who: "soumu", Action: "look", What: "pins"}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Audit{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	n, head, err := s.VerifyAudit(t.Context())
	if n != 3 || len(head) != 32 || err != nil {
		t.Fatalf("%d %x %v", n, head, err)
	}
	for _, harm := range []string{`UPDATE audit SET what = 'nothing' WHERE n = 2`, `DELETE FROM audit WHERE n = 1`} {
		tx, err := s.write.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(harm); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.VerifyAudit(t.Context()); !errors.Is(err, ErrAudit) {
			t.Errorf("%s: %v", harm, err)
		}
	}
}

func TestAcknowledge(t *testing.T) { both(t, testAcknowledge) }

func testAcknowledge(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	seen := func() (list []int) {
		alarms, err := s.Alarms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alarms {
			list = append(list, a.Count, a.Seen)
		}
		return list
	}
	for i, c := range []struct {
		raise, acknowledge int
		want               []int
	}{{3, 0, []int{3, 0}}, {0, 3, []int{3, 3}}, {1, 0, []int{4, 3}}, {0, 9, []int{4, 3}}, {0, 2, []int{4, 3}}, {0, 4, []int{4, 4}}} {
		if c.raise > 0 {
			if err := s.Alarm(t.Context(), AlarmDropped, "", c.raise); err != nil {
				t.Fatal(err)
			}
		} else if err := s.Acknowledge(t.Context(), AlarmDropped, "", c.acknowledge); err != nil {
			t.Fatal(err)
		}
		if got := seen(); !slices.Equal(got, c.want) {
			t.Errorf("step %d: count and seen %v, want %v", i, got, c.want)
		}
	}
}

func TestReport(t *testing.T) { both(t, testReport) }

func testReport(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	for range 2 {
		if err := s.SetReport(t.Context(), Report{Device: "box-a", Firmware: "1.4.0", Policy: "17", Clock: "network", Check: "RD2 ST3", Waiting: 12}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Device{{ID: "box-a", Firmware: "1.4.0", Policy: "17", Clock: "network", Check: "RD2 ST3", Waiting: 12}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := s.SetReport(t.Context(), Report{Device: "box-a", Waiting: 1 << 60}); err == nil {
		t.Error("a number out of range was taken")
	}
}
