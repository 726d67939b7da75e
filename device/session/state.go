// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// Config is what the session must know of the box. It does not change while the program runs.
type Config struct {
	Office       string         // name shown at rest
	Place        string         // code of the place among the rules' places; "": any window of the municipality
	Rules        *policy.Policy // the municipality's rules; nil: the services that need no decision alone
	Langs        []display.Lang // languages offered; default: all of the catalogue
	Zone         *time.Location // of dates and weeks; default Japan's
	Floor        time.Time      // a clock that shows an earlier time is not believed
	RulesRefused bool           // newer rules were refused, as the about screen says
	Release      string         // "at_once" or "batched", shown at rest
	Build        string         // version, on the about screen
	Fingerprint  string         // of the box, on the about screen
	// Issuer are the procedures that the box carries out over an issuer link; none: no link is configured.
	Issuer []record.Procedure
	Reveal bool   // a resident may look at a typed password, one character at a time
	Device string // its id, in the service menu
	// CheckAt is the time of day, after midnight, at which the box looks at its parts by itself; 0: it does not.
	CheckAt time.Duration
}

// japan has had no other offset since 1951; a fixed zone needs no time-zone file on the image.
var japan = time.FixedZone("JST", 9*60*60)

// notice is something to be told at rest, until 確認.
type notice uint8

const (
	noticeInterrupted notice = 1 << iota // the last case was cut off
	noticeQuarantined                    // the record file was put aside
	noticePanel                          // the panel was started anew
	noticeIssue                          // an operation of the issuer link that was cut off is being settled
)

// State is one moment of the session. It is a value: Step returns a new one. New makes the first.
type State struct {
	cfg Config

	step, under stepID    // under: what an overlay stands on
	at          time.Time // of the latest event; never goes back
	deadline    time.Time // zero: none
	no, wait    uint32    // last number given to an effect; the one awaited, 0: none
	answer      EventKind // of the one awaited

	// What was last asked of the outside.
	gen     uint32
	screen  display.Screen
	painted bool      // screen gen is on the panel
	shownAt time.Time // since when
	keys    Keys
	slowed  bool // of the keys
	lamp    Lamp

	// The box.
	panelBad    bool
	keypadBad   bool
	keypadLines bool // because of its lines
	lidOpen     bool
	serviceBad  bool
	presence    card.Presence
	readerKnown bool
	link        Link
	linkSince   time.Time
	queue       int
	notices     notice
	broken      Entry     // the interrupted case
	recovery    IssueNews // of noticeIssue
	misses      int
	blocked     time.Time // no clerk code is taken before
	storageBad  bool      // nothing can be stored
	storageFull bool      // because there is no room
	after       uint32    // clears the journal of a case whose record is stored; 0: none is in flight
	unsaved     Finish    // a record on its way to storage; No is 0 while no attempt is in flight
	rules       *policy.Policy
	rulesBad    bool   // a newer policy was refused
	held        bool   // an update is being put in force: no case opens
	heldLong    bool   // and it takes minutes
	knocked     bool   // a clerk wanted to open a case meanwhile
	confirmed   int    // rawDay on which the clerk confirmed the date, for a doubtful clock
	ahead       int    // days by which the date is later than the box takes it for
	digits      string // of a date that is being typed
	dayFault    string // why it was not taken

	// The case.
	procedure record.Procedure
	applicant Applicant
	kind      card.Kind
	lang      display.Lang
	tongue    display.Lang // the resident's, as the clerk set it
	week      record.Week
	recorded  bool   // its record is stored
	choice    int    // marked line of a step's menu
	mark      int    // marked line of an overlay's menu
	reason    string // how the case ended, a code of display.Outcomes
	cause     string // why a step had to be left or refused
	outcome   record.Outcome
	then      stepID // after the step in flight

	tools tools    // of the service menu
	check checking // of the box

	// The clerk's part.
	inquiry inquiry
	letter  bool   // the PINs stand in a proxy's letter, and staff type them (pin.from_letter): the box stays turned to the clerk
	clerk   string // label of who opened the case
	claim   claiming
	page    int    // of a text
	reading uint32 // number of the reading of a card that the clerk laid down, 0: none
	careful bool   // keys struck before the screen was seen are dropped, although the screen keeps them at other times

	// The resident's part.
	board    card.Board
	known    bool // board is of the card that lies in the reader
	obeys    bool // the card obeys an issuer of ours
	touched  bool // the slot changed since the case's card was last asked for
	left     int  // tries left of kind, as shown
	guarded  bool // the last-try guard was passed for the next VERIFY
	told     bool // how letters are typed was explained
	unsure   bool // a change was cut off
	changed  bool // the card holds the new PIN
	op       Op
	filled   int
	half     bool
	fault    Fault
	resume   bool // the next secret mode goes on with its slot
	extra    time.Duration
	large    bool      // large print
	slow     bool      // slow keys
	leaf     int       // page of a resident's screen
	review   review    // of a typed password
	certEnds time.Time // last day of the certificate that the PIN opens, once it was right; never stored
	attempts int       // to store the record, or to read the card
	tally    tally
	issuing  issuing

	wipe bool // the fleet wants the box wiped
}

// New returns the state before [Start].
func New(cfg Config) State {
	if len(cfg.Langs) == 0 {
		cfg.Langs = display.Langs
	}
	if cfg.Zone == nil {
		cfg.Zone = japan
	}
	return State{cfg: cfg, rules: cfg.Rules, rulesBad: cfg.RulesRefused, lang: cfg.Langs[0], screen: display.Screen{ID: display.Boot, Lang: cfg.Langs[0]}}
}

// Deadline is when a [Tick] is due; the zero time if none is.
func (s State) Deadline() time.Time { return s.deadline }

// Gen is the generation of the screen last asked for.
func (s State) Gen() uint32 { return s.gen }

// Shows is the screen last asked for.
func (s State) Shows() display.Screen { return s.screen }

// Busy tells whether an effect is in flight or the panel does not yet show the last screen.
func (s State) Busy() bool {
	return s.wait != 0 || s.review.phase == glimpseAsked || steps[s.step].busy && !s.forPeople() || s.step == stepIdleReading || (s.gen > 0 && !s.painted && !s.panelBad)
}

// CaseOpen tells whether a case is open: something may be lost if the power goes.
func (s State) CaseOpen() bool { return s.step.part() != atRest && s.step != stepBoot }

// A View is what a person in front of the box could know.
type View struct {
	Face   display.Face
	Screen display.ID
	Lamp   Lamp
	Busy   bool
	Case   *Case // nil: none
}

// A Case is the open case as the clerk knows it.
type Case struct {
	Procedure string // "" until it is chosen
	Applicant string
	Claim     string // number that the case has, "" for none
	Step      string // of a question with its ID, "question.pins", of a decision with its outcome, "decision.complete"
	Way       string // "on_device", "issuer_link", "handover"; "guidance" where nothing is carried out
}

// View returns what can be seen.
func (s State) View() View {
	in, _ := s.screen.ID.Info()
	face := in.Face
	if s.letter && face == display.FaceResident {
		face = display.FaceClerk
	}
	v := View{Face: face, Screen: s.screen.ID, Lamp: s.lamp, Busy: s.Busy()}
	if s.step > stepCodeWait && s.base() > stepCodeWait && s.part() != servicing {
		v.Case = &Case{Applicant: s.applicant.String(), Claim: s.claim.number.String(), Step: s.step.String(), Way: s.way()}
		switch {
		case s.letter && s.typesPIN():
			v.Case.Step = "pin.from_letter"
		case s.step == stepQuestion:
			v.Case.Step += "." + s.asking()
		case s.inquiry.verdict != nil && (s.step == stepDecision || s.step == stepGuide):
			v.Case.Step += "." + s.inquiry.verdict.code()
		}
		if s.procedure.Valid() {
			v.Case.Procedure = s.procedure.String()
		}
	}
	return v
}

// base is the step itself, or the one an overlay stands on.
func (s State) base() stepID {
	if steps[s.step].over {
		return s.under
	}
	return s.step
}

// Dated tells whether the day is known: by the clock, or because the clerk has confirmed it today. Start comes first.
func (s State) Dated() bool { return s.step != stepBoot && !s.dateOpen() }

// part says whose part of the flow the state is in.
func (s State) part() part { return s.base().part() }

// cardIn tells whether a card that answers lies in the reader.
func (s State) cardIn() bool { return s.presence == card.Present }

// civil is the local time, not before the floor.
func (s State) civil() time.Time {
	if s.at.Before(s.cfg.Floor) {
		return s.cfg.Floor.In(s.cfg.Zone)
	}
	return s.at.In(s.cfg.Zone)
}
