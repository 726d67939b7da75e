// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// Operation is what the authority is asked to authorise.
type Operation uint8

// The operations.
const (
	_                 Operation = iota
	PinReset                    // a new value and full tries for one PIN
	CertIssue                   // a new key, certificate and PIN where there is no good certificate
	CertRenewal                 // a new key and certificate under the PIN that there is
	SuspensionRelease           // the card works again; with Signing also a new signing certificate and password
)

var operations = []string{"", "pin_reset", "cert_issue", "cert_renewal", "suspension_release"}

// String is the operation's stable name, such as "pin_reset".
func (o Operation) String() string {
	if int(o) < len(operations) && o > 0 {
		return operations[o]
	}
	return fmt.Sprintf("operation(%d)", uint8(o))
}

// Kind is the PIN or certificate that the operation is about.
type Kind uint8

// The kinds. NoKind is for a release that writes no certificate.
const (
	NoKind Kind = iota
	Login
	Signing
	CardInfo
	Register
)

var kinds = []string{"none", "login", "signing", "card_info", "register"}

// String is the kind's stable name, such as "login", which is the card's for its PINs.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Procedure is what the counter's case is about.
type Procedure uint8

// The procedures in which an operation may occur.
const (
	_ Procedure = iota
	ResetCase
	IssueCase
	RenewalCase
	ReleaseCase
)

// Parts says what an operation writes to the card.
type Parts struct{ PIN, Key bool }

// Parts of an operation on a kind; ok is false if there is no such operation.
func (o Operation) Parts(k Kind) (p Parts, ok bool) {
	certificate := k == Login || k == Signing
	switch {
	case o == PinReset && k >= Login && k <= Register:
		return Parts{PIN: true}, true
	case o == CertIssue && certificate, o == SuspensionRelease && k == Signing:
		return Parts{PIN: true, Key: true}, true
	case o == CertRenewal && certificate:
		return Parts{Key: true}, true
	case o == SuspensionRelease && k == NoKind:
		return Parts{}, true
	}
	return Parts{}, false
}

// within says whether a case of procedure p may hold the operation: its own, and a reset, which every other one may need first.
func (o Operation) within(p Procedure) bool {
	switch p {
	case ResetCase, IssueCase, RenewalCase, ReleaseCase:
		return o == PinReset || o == map[Procedure]Operation{IssueCase: CertIssue, RenewalCase: CertRenewal, ReleaseCase: SuspensionRelease}[p]
	}
	return false
}

// Token joins the messages of one operation: drawn by the box, used once. It names nobody.
type Token [16]byte

// Case is the counter's case, so that the operations of one can be told from those of another: drawn by the box, different from every number that a person sees.
type Case [16]byte

// Label stands for the label of a clerk code. Labels are compared, never shown: four eyes are two different ones.
type Label [8]byte

// NewToken draws one.
func NewToken() (t Token) {
	rand.Read(t[:])
	return t
}

// NewCase draws one.
func NewCase() (c Case) {
	rand.Read(c[:])
	return c
}

// LabelOf is what stands for a clerk's label.
func LabelOf(label string) (l Label) {
	sum := sha256.Sum256([]byte("madoguchi.issuer label " + label))
	return Label(sum[:len(l)])
}

// Order is what is to be done, for whom at the counter: no name, no day of birth, no number of a person. What those decide (which certificates, until when) the authority
// knows itself from the card's number.
type Order struct {
	Operation Operation
	Kind      Kind
	Procedure Procedure
	Case      Case
	Opener    Label // who opened the case
}

// Check says what is wrong with an order.
func (o Order) Check() error {
	switch _, ok := o.Operation.Parts(o.Kind); {
	case !ok:
		return fmt.Errorf("no operation %d on kind %d", o.Operation, o.Kind)
	case !o.Operation.within(o.Procedure):
		return fmt.Errorf("operation %d does not occur in procedure %d", o.Operation, o.Procedure)
	case o.Case == Case{}:
		return fmt.Errorf("case is not drawn")
	case o.Opener == Label{}:
		return fmt.Errorf("nobody opened the case")
	}
	return nil
}
