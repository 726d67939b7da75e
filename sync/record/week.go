// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"strconv"
	"time"
)

// Week is an ISO 8601 week, the only date in a record: office, week and procedure leave 6 % of records unique at 15 cases a day,
// office, hour and procedure 81 %. The zero value is no week. Weeks compare in time order.
type Week uint16

// The years a week may lie in. A box whose clock shows another year has no clock.
const (
	minYear = 2024
	maxYear = 2099
)

// Earliest is when the first year begins that a record may be of. A clock that shows an earlier time shows none.
func Earliest() time.Time { return time.Date(minYear, time.January, 1, 0, 0, 0, 0, time.UTC) }

// NewWeek is the week with the given ISO year and number, 1 to 52 or 53. Callers take both from time.Time.ISOWeek in Japan's time zone.
func NewWeek(year, number int) (Week, error) {
	if year < minYear || year > maxYear {
		return 0, fmt.Errorf("making week: year %d is not in %d to %d", year, minYear, maxYear)
	}
	if number < 1 || number > weeksIn(year) {
		return 0, fmt.Errorf("making week: %d has no week %d", year, number)
	}
	return Week((year-2000)<<6 | number), nil
}

// weeksIn is 53 for a long ISO year, else 52: 28 December always lies in the last week.
func weeksIn(year int) int {
	_, n := time.Date(year, time.December, 28, 0, 0, 0, 0, time.UTC).ISOWeek()
	return n
}

// Valid says whether w is a week that NewWeek makes.
func (w Week) Valid() bool {
	v, err := NewWeek(w.Year(), w.Number())
	return err == nil && v == w
}

// Year is the ISO year, which differs from the calendar year in some first and last days.
func (w Week) Year() int { return 2000 + int(w>>6) }

// Number is the week's number in its ISO year, from 1.
func (w Week) Number() int { return int(w & 0x3f) }

// String is w as it stands in JSON, such as "2026-W47".
func (w Week) String() string {
	b := strconv.AppendInt(make([]byte, 0, 8), int64(w.Year()), 10)
	return string(append(b, '-', 'W', byte('0'+w.Number()/10), byte('0'+w.Number()%10)))
}

// ParseWeek reads what String writes.
func ParseWeek(s string) (Week, error) {
	var w Week
	if len(s) == 8 && s[4:6] == "-W" {
		year, yerr := strconv.ParseUint(s[:4], 10, 16)
		number, nerr := strconv.ParseUint(s[6:], 10, 8)
		if yerr == nil && nerr == nil {
			var err error
			if w, err = NewWeek(int(year), int(number)); err != nil {
				return 0, fmt.Errorf("reading week: %w", err)
			}
		}
	}
	if w == 0 {
		return 0, fmt.Errorf("reading week: %q is not like 2026-W47", clip(s))
	}
	return w, nil
}
