// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"encoding/binary"
	"time"

	"madoguchi/device/policy/civil"
	"madoguchi/sync/issuer"
)

// japan is the zone of every day here.
var japan = time.FixedZone("JST", 9*60*60)

// dayOf is the day in Japan.
func dayOf(t time.Time) civil.Date {
	y, m, d := t.In(japan).Date()
	return civil.Date{Year: y, Month: int(m), Day: d}
}

// Holder is what the authority itself knows of a card's holder. None of it travels to or from a box.
type Holder struct {
	Birth          civil.Date
	CardEnds       civil.Date // last day of the card itself
	ResidenceUntil civil.Date // last day of a limited period of residence; zero: none
	NoSigning      bool       // an adult ward, or a card without PINs: no signing certificate
	NoPIN          bool       // a face-authentication card
}

// Register finds holders; ok is false for a card that nobody issued.
type Register interface {
	Holder(n issuer.CardNumber) (h Holder, ok bool, err error)
}

// Ends is the last day of a certificate that is issued today (sync/issuer/README.md): the fifth birthday after the day of issue, no later than the card's end; with a limited period of residence its
// last day instead of the birthday. A birthday on the day of issue is not counted.
func (h Holder) Ends(today civil.Date) civil.Date {
	end := civil.NthBirthdayAfter(h.Birth, today, 5)
	if !h.ResidenceUntil.IsZero() {
		end = h.ResidenceUntil
	}
	if h.CardEnds.Before(end) {
		end = h.CardEnds
	}
	return end
}

// refuses says why the register does not allow an operation; 0 if it does.
func (h Holder) refuses(o issuer.Order, suspended bool, today civil.Date) issuer.Reason {
	parts, _ := o.Operation.Parts(o.Kind)
	child := today.Before(civil.Attains(h.Birth, 15, true))
	switch {
	case h.Ends(today).Before(today),
		o.Kind == issuer.Signing && (child || h.NoSigning),
		parts.PIN && h.NoPIN,
		suspended != (o.Operation == issuer.SuspensionRelease):
		return issuer.NotEntitled
	}
	return 0
}

// MadeUp is a register of people who do not exist: everybody whose card is simulated, with a birthday that follows from the card's number. The sample cards of a child (6, 14, 17, 19), of
// a ward (18), without PINs (7) and of a foreign resident (15), whose period of residence ends in a year and a half, are what they say.
type MadeUp struct{ Now func() time.Time }

var _ Register = MadeUp{}

// Holder invents one.
func (m MadeUp) Holder(n issuer.CardNumber) (Holder, bool, error) {
	v, today := binary.BigEndian.Uint64(n[:]), dayOf(m.Now())
	h := Holder{Birth: civil.Date{Year: 1948 + int(v%50), Month: 1 + int(v%12), Day: 1 + int(v%28)}}
	switch v {
	case 6, 14, 17, 19:
		h.Birth.Year = today.Year - 10
	case 7:
		h.NoPIN, h.NoSigning = true, true
	case 15:
		h.ResidenceUntil, _ = today.AddMonths(18)
	case 18:
		h.NoSigning = true
	}
	h.CardEnds = civil.NthBirthdayAfter(h.Birth, today, 8)
	return h, true, nil
}
