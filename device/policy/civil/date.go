// SPDX-License-Identifier: Apache-2.0

package civil

import "fmt"

// Date is a day of the Gregorian calendar. The zero value is no day.
type Date struct{ Year, Month, Day int }

// Of returns the day, and whether it exists (2025-02-29 does not). Years run from 1868 to 2999.
func Of(year, month, day int) (Date, bool) {
	ok := year >= 1868 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
	return Date{year, month, day}, ok
}

// Parse reads exactly YYYY-MM-DD; a day that does not exist is an error naming it.
func Parse(s string) (Date, error) {
	num := func(s string) int {
		n := 0
		for i := 0; i < len(s); i++ {
			if s[i] < '0' || s[i] > '9' {
				return -1
			}
			n = n*10 + int(s[i]-'0')
		}
		return n
	}
	if len(s) != 10 || s[4] != '-' || s[7] != '-' || num(s[:4]) < 0 || num(s[5:7]) < 0 || num(s[8:]) < 0 {
		return Date{}, fmt.Errorf("date %q: not of the form YYYY-MM-DD", s)
	}
	d, ok := Of(num(s[:4]), num(s[5:7]), num(s[8:]))
	if !ok {
		return Date{}, fmt.Errorf("date %q: no such day", s)
	}
	return d, nil
}

// String is YYYY-MM-DD.
func (d Date) String() string {
	b := [10]byte{4: '-', 7: '-'}
	put := func(at, n, v int) {
		for i := at + n - 1; i >= at; i-- {
			b[i] = byte('0' + v%10)
			v /= 10
		}
	}
	put(0, 4, d.Year)
	put(5, 2, d.Month)
	put(8, 2, d.Day)
	return string(b[:])
}

// IsZero says whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// Number counts days from 1970-01-01 (days_from_civil, Howard Hinnant).
func (d Date) Number() int {
	y, m := d.Year, d.Month
	if m <= 2 {
		y--
	}
	era := y / 400
	yoe := y - era*400
	mp := (m + 9) % 12
	doy := (153*mp+2)/5 + d.Day - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// Before says whether d is an earlier day than e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// After says whether d is a later day than e.
func (d Date) After(e Date) bool { return e.Before(d) }

// Next is the day after.
func (d Date) Next() Date {
	if d.Day < daysIn(d.Year, d.Month) {
		return Date{d.Year, d.Month, d.Day + 1}
	}
	if d.Month < 12 {
		return Date{d.Year, d.Month + 1, 1}
	}
	return Date{d.Year + 1, 1, 1}
}

// Previous is the day before.
func (d Date) Previous() Date {
	if d.Day > 1 {
		return Date{d.Year, d.Month, d.Day - 1}
	}
	if d.Month > 1 {
		return Date{d.Year, d.Month - 1, daysIn(d.Year, d.Month-1)}
	}
	return Date{d.Year - 1, 12, 31}
}

// AddMonths is the same day number n months later (earlier when n is negative). Where that month has no such day it is the month's last
// day, and exact is false.
func (d Date) AddMonths(n int) (day Date, exact bool) {
	m := d.Year*12 + d.Month - 1 + n
	y, mo := m/12, m%12+1
	if last := daysIn(y, mo); d.Day > last {
		return Date{y, mo, last}, false
	}
	return Date{y, mo, d.Day}, true
}

// Weekday is 0 for Monday to 6 for Sunday.
func (d Date) Weekday() int { return ((d.Number()+3)%7 + 7) % 7 }

// EndOfMonth says whether d is the last day of its month.
func (d Date) EndOfMonth() bool { return d.Day == daysIn(d.Year, d.Month) }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func daysIn(y, m int) int {
	switch m {
	case 2:
		if leap(y) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }
