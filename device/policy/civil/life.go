// SPDX-License-Identifier: Apache-2.0

package civil

// Birthday is the birthday in a year. A birthday of 29 February falls on 28 February in a common year: where a validity ends on a
// birthday, the earlier day is the safe one.
func Birthday(birth Date, year int) Date {
	if birth.Month == 2 && birth.Day == 29 && !leap(year) {
		return Date{year, 2, 28}
	}
	return Date{year, birth.Month, birth.Day}
}

// NthBirthdayAfter is the n-th birthday later than a day; a birthday on that day itself does not count. n is 1 or more.
func NthBirthdayAfter(birth, day Date, n int) Date {
	year := day.Year
	if !Birthday(birth, year).After(day) {
		year++
	}
	return Birthday(birth, year+n-1)
}

// Attains is the first day on which a person is n years old. By the Act on Calculation of Ages (act true) it is the day before the
// birthday, else the birthday itself; for a birth on 29 February the birthday of a common year is 1 March here.
func Attains(birth Date, n int, act bool) Date {
	day := Date{birth.Year + n, birth.Month, birth.Day}
	if day.Month == 2 && day.Day == 29 && !leap(day.Year) {
		day = Date{day.Year, 3, 1}
	}
	if act {
		return day.Previous()
	}
	return day
}

// Window is the first day on which a validity that ends on end may be renewed.
//
// With dayAfter the day is the one after the day months before the end ("3か月をきった日から", "3ヶ月前となる日の翌日より"); where that
// month is shorter, the day after its last. Without it, it is the day months before the end itself ("3か月前から"); where that month has
// no such day, the first of the next month, the later of the two readings. exact is false where the month had no such day.
func Window(end Date, months int, dayAfter bool) (opens Date, exact bool) {
	day, exact := end.AddMonths(-months)
	if dayAfter || !exact {
		return day.Next(), exact
	}
	return day, true
}
