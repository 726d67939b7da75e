// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strconv"
	"strings"
	"time"
)

// Class is a class of procedures: what a group that is too small for single procedures is told of (week and class leave 0.1 % of records unique at 15 cases a day,
// week and procedure 6 %).
type Class uint8

// The classes.
const (
	_            Class = iota
	ClassIssue         // a certificate is issued or renewed
	ClassPIN           // a PIN is checked, changed or reset
	ClassSuspend       // suspension, its release, revocation, loss
	ClassCard          // the card itself
	ClassOther         // everything else
)

var classes = names("class", "", "class_issue", "class_pin", "class_suspend", "class_card", "class_other")

// String is the code of c as it stands in JSON, such as "class_pin".
func (c Class) String() string { return classes.name(uint8(c)) }

// Valid says whether c is one of the classes above.
func (c Class) Valid() bool { return classes.valid(uint8(c)) }

// Classes lists every class.
func Classes() []Class { return list[Class](classes) }

// Class is the class that p belongs to; 0 for a value that is no procedure.
func (p Procedure) Class() Class {
	switch p {
	case CertNewIssue, CertRenewal, ResidenceExtension, SmartphoneCert, JukiCardCert:
		return ClassIssue
	case PinChange, PinReset, KioskPinReset, PinChangeOnline, PinCheck, TriesBoard:
		return ClassPIN
	case Suspension, SuspensionRelease, CertRevocation, LossReport, CardAbolition:
		return ClassSuspend
	case CardReissue, CardRenewal, CardRecordUpdate, FaceAuthCard:
		return ClassCard
	}
	if p.Valid() {
		return ClassOther
	}
	return 0
}

// subjects are what a PO can be about: a procedure, or its class.
var subjects = names("procedure or class", append(append([]string{}, procedures.codes...), classes.codes[1:]...)...)

// Duration is how long a case took, from its opening to its end.
type Duration uint8

// The durations.
const (
	_          Duration = iota
	Under2Min           // less than 2 minutes
	Under5Min           // 2 to 5
	Under10Min          // 5 to 10
	Under20Min          // 10 to 20
	Over20Min           // 20 minutes or more
)

var durations = names("duration", "", "under_2_min", "2_to_5_min", "5_to_10_min", "10_to_20_min", "over_20_min")

// String is the code of d as it stands in JSON, such as "2_to_5_min".
func (d Duration) String() string { return durations.name(uint8(d)) }

// DurationOf is the bucket that a time lies in; the time itself goes no further.
func DurationOf(t time.Duration) Duration {
	return bucket[Duration](t, 2*time.Minute, 5*time.Minute, 10*time.Minute, 20*time.Minute)
}

// Span is how long one step took.
type Span uint8

// The spans.
const (
	_          Span = iota
	Under5s         // less than 5 seconds
	Under15s        // 5 to 15
	Under30s        // 15 to 30
	Under60s        // 30 to 60
	Under2Mins      // 1 to 2 minutes
	Over2Mins       // 2 minutes or more
)

var spans = names("span", "", "under_5_s", "5_to_15_s", "15_to_30_s", "30_to_60_s", "60_to_120_s", "over_120_s")

// String is the code of s as it stands in JSON, such as "5_to_15_s".
func (s Span) String() string { return spans.name(uint8(s)) }

// Spans lists every span, shortest first.
func Spans() []Span { return list[Span](spans) }

// SpanOf is the bucket that a time lies in; the time itself goes no further.
func SpanOf(t time.Duration) Span {
	return bucket[Span](t, 5*time.Second, 15*time.Second, 30*time.Second, time.Minute, 2*time.Minute)
}

// bucket counts the limits that t has reached.
func bucket[T ~uint8](t time.Duration, limits ...time.Duration) T {
	n := T(1)
	for _, l := range limits {
		if t >= l {
			n++
		}
	}
	return n
}

// Friction is what made a case hard: a set of the four bits. The zero value is a case that went smoothly.
type Friction uint8

// The frictions.
const (
	PINRetry    Friction = 1 << iota // a PIN was typed again
	ReaderRetry                      // the card had to be laid down again
	HelpCalled                       // the resident called the clerk
	LangSwitch                       // the language was changed on the way
	frictionEnd
)

// frictions has a code for every set: "none", "pin_retry", "pin_retry+reader_retry" and so on. Its value is the set plus one, for 0 is no value.
var frictions = func() enum {
	bits := []string{"pin_retry", "reader_retry", "help_called", "lang_switch"}
	codes := []string{"", "none"}
	for f := Friction(1); f < frictionEnd; f++ {
		var in []string
		for i, name := range bits {
			if f&(1<<i) != 0 {
				in = append(in, name)
			}
		}
		codes = append(codes, strings.Join(in, "+"))
	}
	return names("friction", codes...)
}()

// String is the code of f as it stands in JSON, such as "pin_retry+help_called".
func (f Friction) String() string { return frictions.name(uint8(f) + 1) }

// Language is the language of a case's screens, as coarse as a group may know it.
type Language uint8

// The languages. One that few speak points at a person: it is Other here.
const (
	_ Language = iota
	Japanese
	EasyJapanese
	English
	OtherLanguage
)

var languages = names("language", "", "ja", "ja_easy", "en", "other")

// String is the code of l as it stands in JSON, such as "ja_easy".
func (l Language) String() string { return languages.name(uint8(l)) }

// LanguageOf is the language of a screen language's code; one without a value of its own is OtherLanguage.
func LanguageOf(code string) Language {
	if v, err := languages.parse(code); err == nil {
		return Language(v)
	}
	return OtherLanguage
}

// PIN is one of a card's PINs.
type PIN uint8

// The PINs, in the order of the tries board.
const (
	_ PIN = iota
	LoginPIN
	SigningPIN
	CardInfoPIN
	RegisterPIN
)

var pins = names("PIN", "", "login", "signing", "card_info", "register")

// String is the code of p as it stands in JSON, such as "signing".
func (p PIN) String() string { return pins.name(uint8(p)) }

// ParsePIN finds the PIN of a code. Only exact codes are known.
func ParsePIN(code string) (PIN, error) {
	v, err := pins.parse(code)
	return PIN(v), err
}

// Step is a part of a case whose time is worth knowing.
type Step uint8

// The steps.
const (
	_             Step = iota
	StepQuestions      // the clerk's questions
	StepDocuments      // ticking papers
	StepDecision       // reading the decision
	StepTurn           // turning the box until the resident's first key
	StepBoard          // reading the tries board
	StepEntry          // one PIN entry
	StepNewPIN         // a new PIN, both times
	StepLeave          // the leave-check
	StepResult         // reading the result
)

var steps = names("step", "", "questions", "documents", "decision", "turn", "board", "entry", "new_pin", "leave_check", "result")

// String is the code of s as it stands in JSON, such as "entry".
func (s Step) String() string { return steps.name(uint8(s)) }

// Steps lists every step.
func Steps() []Step { return list[Step](steps) }

// Applicant is who stands at the counter.
type Applicant uint8

// The applicants.
const (
	_ Applicant = iota
	Self
	LegalRepresentative
	Proxy
)

var applicants = names("applicant", "", "self", "legal_representative", "voluntary_proxy")

// String is the code of a as it stands in JSON, such as "self".
func (a Applicant) String() string { return applicants.name(uint8(a)) }

// Valid says whether a is one of the applicants above.
func (a Applicant) Valid() bool { return applicants.valid(uint8(a)) }

// ParseApplicant finds the applicant of a code. Only exact codes are known.
func ParseApplicant(code string) (Applicant, error) {
	v, err := applicants.parse(code)
	return Applicant(v), err
}

// Means is how the PIN was known.
type Means uint8

// The means.
const (
	_      Means = iota
	Memory       // the resident typed it
	Letter       // staff typed it from a proxy's sealed letter
)

var means = names("means", "", "memory", "letter")

// String is the code of m as it stands in JSON, such as "letter".
func (m Means) String() string { return means.name(uint8(m)) }

// Tally is a weekly count, never below MinTally: 5 to 20 exactly, then in steps of 5 to 100, of 25 to 250, of 100 to 1,000. What is rounded off stays in the
// counter for the next week, so that totals are right in the long run.
type Tally uint8

// MinTally is the least count that leaves the box: a cell of fewer points at people (k ≥ 5).
const MinTally = 5

var tallyValues = func() []int {
	all := []int{0}
	for _, r := range []struct{ from, to, step int }{{MinTally, 20, 1}, {25, 100, 5}, {125, 250, 25}, {300, 1000, 100}} {
		for n := r.from; n <= r.to; n += r.step {
			all = append(all, n)
		}
	}
	return all
}()

var tallies = func() enum {
	codes := []string{""}
	for _, n := range tallyValues[1:] {
		codes = append(codes, strconv.Itoa(n))
	}
	return names("tally", codes...)
}()

// String is the code of t as it stands in JSON: the number, such as "25".
func (t Tally) String() string { return tallies.name(uint8(t)) }

// Count is the number that t stands for; 0 for the zero value.
func (t Tally) Count() int {
	if !tallies.valid(uint8(t)) {
		return 0
	}
	return tallyValues[t]
}

// TallyOf is the largest tally that is not above n; the zero value if n is below MinTally.
func TallyOf(n int) Tally {
	var t Tally
	for i := 1; i < len(tallyValues) && tallyValues[i] <= n; i++ {
		t = Tally(i)
	}
	return t
}
