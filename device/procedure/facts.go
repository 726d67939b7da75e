// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// Tri is yes, no, or not said.
type Tri uint8

// The three answers; the zero value is not said.
const (
	Unsaid Tri = iota
	Yes
	No
)

// Kinds is a set of PINs or certificates: bit 0 signing, 1 user-auth, 2 resident register, 3 card info.
type Kinds uint8

// The four kinds.
const (
	Signing Kinds = 1 << iota
	UserAuth
	ResidentRegister
	CardInfo
	bothCerts = Signing | UserAuth
)

// PIN and certificate states; the zero value of each is what holds when nothing is said.
const (
	PinKnown uint8 = iota
	PinForgotten
	PinLocked
	PinMismatch
)

// Certificate states.
const (
	CertValid uint8 = iota
	CertInvalid
	CertNone
)

// Document is something on the desk.
type Document struct {
	Owner      string // principal, representative, proxy
	Doc        string // a code of policy.DocCodes
	Copy       bool
	ValidUntil civil.Date // zero: none or not said
	IssuedOn   civil.Date
}

// Letter is an inquiry letter (照会書兼回答書), or Matsue's mailed paper without its source.
type Letter struct {
	City       bool // sent by the city, else by J-LIS
	ValidUntil civil.Date
	Unfilled   bool
	Unsealed   bool
}

// Facts are what is known of a case. The zero value of every field is "not said". Nothing here names a person.
type Facts struct {
	Today           civil.Date
	Minute          int16 // of the day, plus 1; 0 not said
	Weekday         uint8 // 1 Monday to 7 Sunday; 0 not said
	Within          Tri   // within opening hours
	Birth           civil.Date
	AgeGroup        policy.Cell // cell of policy.Age plus 1; 0 not said
	Ward, Resident  Tri
	Foreign         Tri
	ResidenceUntil  civil.Date
	NoLimit         bool // residence_until is null
	ResidenceOld    civil.Date
	CardIssued      civil.Date
	CardExpires     civil.Date
	CertIssued      civil.Date
	CertExpires     civil.Date
	CardState       policy.Cell
	CardType        policy.Cell
	CardPresented   Tri
	CardUpdated     Tri
	WithCerts       Tri
	How             bool // how it broke is said
	Cause           policy.Cell
	CertState       [2]uint8
	Certs           Kinds // 0 not said
	Change          Kinds
	Reset           Kinds
	Revoke          Kinds
	Pins            [4]uint8
	NewPin          [4]string // candidates of test cases; a resident's PIN never comes here
	Candidates      Kinds     // which of NewPin are given
	Pin             int8      // kind plus 1 of Entries
	Entries         []bool    // true: wrong
	HasEntries      bool
	FirstIssue      Tri
	WantsSigning    Tri
	WantsNewPin     Tri
	WantsUse        Tri
	WantsToday      Tri
	Notice          Tri
	Documents       []Document
	HasDocuments    bool
	Form            Tri
	Asked           Tri
	Identity        Tri
	Reserved        Tri
	Honseki         string
	Household       Tri
	Relation        Tri
	Letter          *Letter
	LetterLost      bool
	Request         *Letter
	Visit           int
	Visit1Place     string
	Place           string
	Reason          policy.Cell
	Receipt         bool
	LostPlace       policy.Cell
	Event           policy.Cell
	MovedIn         civil.Date
	MoveInNotice    civil.Date
	PlannedMoveOut  civil.Date
	Phone, Has      policy.Cell
	Service, Action policy.Cell
	Moving          policy.Cell
	Question        policy.Cell
}

// Case is what is to be decided.
type Case struct {
	ID           string
	Municipality string
	Procedure    policy.Cell // cell of policy.Procedure
	Applicant    policy.Cell // cell of policy.Applicant
	Facts        Facts
}
