// SPDX-License-Identifier: Apache-2.0

package record

import "fmt"

// Procedure is the service that a case was about. The zero value is no procedure and is refused by NewPO.
type Procedure uint8

// The procedures of the decision interface, then the two services that need no policy decision and are counted with codes of their own.
const (
	_ Procedure = iota
	CertNewIssue
	CertRenewal
	PinChange
	PinReset
	Suspension
	SuspensionRelease
	CertRevocation
	CardRecordUpdate
	ResidenceExtension
	LossReport
	CardAbolition
	CardReissue
	CardRenewal
	FaceAuthCard
	SmartphoneCert
	JukiCardCert
	KioskPinReset
	PinChangeOnline
	ConvenienceCertificates
	MovingOneStop
	PinCheck
	TriesBoard
)

var procedures = names("procedure", "",
	"cert_new_issue", "cert_renewal", "pin_change", "pin_reset", "suspension", "suspension_release",
	"cert_revocation", "card_record_update", "residence_extension", "loss_report", "card_abolition", "card_reissue",
	"card_renewal", "face_auth_card", "smartphone_cert", "juki_card_cert", "kiosk_pin_reset", "pin_change_online",
	"convenience_certificates", "moving_one_stop", "pin_check", "tries_board")

// String is the code of p as it stands in JSON, such as "pin_change".
func (p Procedure) String() string { return procedures.name(uint8(p)) }

// Valid says whether p is one of the procedures above.
func (p Procedure) Valid() bool { return procedures.valid(uint8(p)) }

// ParseProcedure finds the procedure of a code. Only exact codes are known.
func ParseProcedure(code string) (Procedure, error) {
	v, err := procedures.parse(code)
	return Procedure(v), err
}

// Procedures lists every procedure in the order of its number.
func Procedures() []Procedure { return list[Procedure](procedures) }

// Outcome is how a case ended. Rare endings have no value of their own on purpose: a rare value points at a person.
type Outcome uint8

// The outcomes. Every finished case has exactly one.
const (
	_                       Outcome = iota
	Done                            // what was asked for was done on this box
	HandedOver                      // the middle part goes to the integrated terminal (統合端末) or to a second visit
	Abandoned                       // the resident or the clerk stopped it, or a time-out did
	Interrupted                     // the box lost power or restarted with the case open
	DeviceOrDocumentProblem         // card, reader, device or papers did not allow it
)

var outcomes = names("outcome", "", "done", "handed_over", "abandoned", "interrupted", "device_or_document_problem")

// String is the code of o as it stands in JSON, such as "done".
func (o Outcome) String() string { return outcomes.name(uint8(o)) }

// Valid says whether o is one of the outcomes above.
func (o Outcome) Valid() bool { return outcomes.valid(uint8(o)) }

// ParseOutcome finds the outcome of a code. Only exact codes are known.
func ParseOutcome(code string) (Outcome, error) {
	v, err := outcomes.parse(code)
	return Outcome(v), err
}

// Outcomes lists every outcome in the order of its number.
func Outcomes() []Outcome { return list[Outcome](outcomes) }

// Group is an office group, 1 to MaxGroup: so many offices together that a week of one group hides a single case (40 cases a day or more). Which offices
// form a group, and what it is called, is written in the city's signed configuration; a record holds the number only, as "g01" to "g40".
type Group uint8

// MaxGroup is the highest office group.
const MaxGroup Group = 40

// String is the code of g as it stands in JSON and in the configuration, such as "g07".
func (g Group) String() string {
	if !g.Valid() {
		return fmt.Sprintf("group(%d)", uint8(g))
	}
	return groupCodes[g]
}

var groupCodes = func() (all [MaxGroup + 1]string) {
	for g := range all {
		all[g] = fmt.Sprintf("g%02d", g)
	}
	return all
}()

// Valid says whether g is 1 to MaxGroup.
func (g Group) Valid() bool { return g >= 1 && g <= MaxGroup }

// ParseGroup finds the group of a code, "g01" to "g40".
func ParseGroup(code string) (Group, error) {
	for g := Group(1); g <= MaxGroup; g++ {
		if g.String() == code {
			return g, nil
		}
	}
	return 0, fmt.Errorf("reading office group: %q is not one of g01 to %v", clip(code), MaxGroup)
}

// enum is a closed set of codes: a value's code stands at its index, index 0 is no value.
type enum struct {
	what  string
	codes []string
}

func names(what string, codes ...string) enum { return enum{what, codes} }

func (e enum) valid(v uint8) bool { return v > 0 && int(v) < len(e.codes) }

func (e enum) name(v uint8) string {
	if !e.valid(v) {
		return fmt.Sprintf("%s(%d)", e.what, v)
	}
	return e.codes[v]
}

func (e enum) parse(code string) (uint8, error) {
	for v := 1; v < len(e.codes); v++ {
		if e.codes[v] == code {
			return uint8(v), nil
		}
	}
	return 0, fmt.Errorf("reading %s: unknown code %q", e.what, clip(code))
}

func list[T ~uint8](e enum) []T {
	var all []T
	for v := 1; v < len(e.codes); v++ {
		all = append(all, T(v))
	}
	return all
}

// clip keeps an error message from carrying a whole hostile message.
func clip(s string) string {
	if len(s) > 24 {
		return s[:24] + "…"
	}
	return s
}
