// SPDX-License-Identifier: Apache-2.0

package civil_test

import (
	"fmt"
	"testing"
	"time"

	"madoguchi/device/policy/civil"
)

func day(t *testing.T, s string) civil.Date {
	t.Helper()
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every wording of the five pages, and every day that has no partner three months before.
func TestWindow(t *testing.T) {
	for _, c := range []struct{ end, same, after string }{
		{"2025-08-20", "2025-05-20", "2025-05-21"},
		{"2026-01-10", "2025-10-10", "2025-10-11"},
		{"2026-03-15", "2025-12-15", "2025-12-16"},
		{"2026-07-07", "2026-04-07", "2026-04-08"},
		{"2028-02-29", "2027-11-29", "2027-11-30"},
		{"2027-02-28", "2026-11-28", "2026-11-29"},
		{"2025-05-29", "2025-03-01", "2025-03-01"},
		{"2025-05-30", "2025-03-01", "2025-03-01"},
		{"2025-05-31", "2025-03-01", "2025-03-01"},
		{"2028-05-29", "2028-02-29", "2028-03-01"},
		{"2028-05-31", "2028-03-01", "2028-03-01"},
		{"2025-07-31", "2025-05-01", "2025-05-01"},
		{"2025-12-31", "2025-10-01", "2025-10-01"},
		{"2025-04-30", "2025-01-30", "2025-01-31"},
		{"2025-06-30", "2025-03-30", "2025-03-31"},
		{"2025-11-30", "2025-08-30", "2025-08-31"},
		{"2025-05-28", "2025-02-28", "2025-03-01"},
	} {
		t.Run(c.end, func(t *testing.T) {
			same, _ := civil.Window(day(t, c.end), 3, false)
			after, _ := civil.Window(day(t, c.end), 3, true)
			if same.String() != c.same || after.String() != c.after {
				t.Errorf("opens %v and %v, want %v and %v", same, after, c.same, c.after)
			}
		})
	}
}

func TestNthBirthdayAfter(t *testing.T) {
	for _, c := range []struct {
		birth, issue string
		n            int
		want         string
	}{
		{"1990-11-20", "2024-05-10", 5, "2028-11-20"},
		{"1985-03-03", "2022-06-01", 5, "2027-03-03"},
		{"1982-08-20", "2020-09-01", 5, "2025-08-20"},
		{"2000-02-29", "2023-06-01", 5, "2028-02-29"},
		{"2000-02-29", "2022-06-01", 5, "2027-02-28"},
		{"2007-06-10", "2025-06-11", 10, "2035-06-10"},
		{"2007-06-10", "2025-05-01", 5, "2029-06-10"},
		{"1980-05-05", "2025-05-05", 5, "2030-05-05"},
		{"2000-02-29", "2023-02-28", 1, "2024-02-29"},
	} {
		if got := civil.NthBirthdayAfter(day(t, c.birth), day(t, c.issue), c.n); got.String() != c.want {
			t.Errorf("birthday %d of %s after %s = %v, want %s", c.n, c.birth, c.issue, got, c.want)
		}
	}
}

func TestAttains(t *testing.T) {
	for _, c := range []struct{ birth, act, calendar string }{
		{"2010-06-15", "2025-06-14", "2025-06-15"},
		{"2012-02-29", "2027-02-28", "2027-03-01"},
		{"2009-02-28", "2024-02-27", "2024-02-28"},
		{"2009-03-01", "2024-02-29", "2024-03-01"},
		{"2010-01-01", "2024-12-31", "2025-01-01"},
	} {
		b := day(t, c.birth)
		if a, d := civil.Attains(b, 15, true), civil.Attains(b, 15, false); a.String() != c.act || d.String() != c.calendar {
			t.Errorf("born %s: 15 on %v and %v, want %s and %s", c.birth, a, d, c.act, c.calendar)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "2025-2-01", "2025-02-29", "2025-13-01", "2025-00-10", "2025/02/01", "20250201", "2025-02-01T", "+025-02-01", "0000-01-01"} {
		if _, err := civil.Parse(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

// Every day of four centuries agrees with package time.
func TestAgainstTime(t *testing.T) {
	d := day(t, "1868-01-01")
	for ref := time.Date(1868, 1, 1, 0, 0, 0, 0, time.UTC); ref.Year() < 2270; ref = ref.AddDate(0, 0, 1) {
		if d.String() != ref.Format("2006-01-02") || d.Weekday() != (int(ref.Weekday())+6)%7 || d.Number() != int(ref.Unix()/86400) && ref.Unix() >= 0 {
			t.Fatalf("%v against %v", d, ref)
		}
		if d.Next().Previous() != d {
			t.Fatalf("%v: the day before the next is another", d)
		}
		d = d.Next()
	}
}

func ExampleWindow() {
	end, _ := civil.Parse("2025-08-20")
	matsue, _ := civil.Window(end, 3, false)
	nabari, _ := civil.Window(end, 3, true)
	fmt.Println(matsue, nabari)
	// Output: 2025-05-20 2025-05-21
}
