// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// days answers what follows from dates alone: the window, the ends of certificates and card, and what is expired.
func (w *work) days() {
	f, d := w.f, w.d
	if w.c.Procedure == certRenewal || w.c.Procedure == cardRenewal {
		w.window()
	}
	if issued := !f.CertIssued.IsZero() || w.p.Certificate != nil && w.p.Certificate.FromCard && !f.CardIssued.IsZero(); issued || w.limited() {
		end := w.end
		switch {
		case !end.IsZero():
			d.put(policy.KCertExpires, end)
			w.whyEnd()
		case w.noExact:
			d.put(policy.KCertExpires, nil)
		}
	}
	if !w.end.IsZero() {
		until := w.end
		if !f.CardExpires.IsZero() && f.CardExpires.Before(until) {
			until = f.CardExpires
		}
		d.put(policy.KCertUntil, until)
		d.put(policy.KCertExpired, w.s[policy.CertDate] == 1)
	} else if w.noExact {
		d.put(policy.KCertUntil, nil)
	}
	w.cardEnd()
}

func (w *work) window() {
	win := w.p.Window
	switch w.s[policy.Opening] {
	case 2:
		if w.c.Procedure == certRenewal {
			w.d.put(policy.KRenewalOpen, nil)
			w.d.put(policy.KRenewalOpensOn, nil)
		}
	case 3:
		if w.noExact {
			w.d.put(policy.KRenewalOpen, nil)
			w.d.put(policy.KRenewalOpensOn, nil)
		}
	default:
		w.d.put(policy.KRenewalOpen, w.s[policy.Opening] == 0)
		w.d.put(policy.KRenewalOpensOn, w.opens)
		n := len(w.d.Because)
		w.d.because(win.Ref)
		end := w.end
		if w.c.Procedure == cardRenewal {
			end = w.f.CardExpires
		}
		three, exact := end.AddMonths(-win.Months)
		switch {
		case !exact:
			w.d.because(q2)
		case end.EndOfMonth() && !three.EndOfMonth():
			w.d.because(q3)
		}
		if w.f.Today == three && exact {
			w.d.because(q1)
		}
		if w.c.Procedure == certRenewal {
			w.d.decisive(n)
		}
	}
}

func (w *work) whyEnd() {
	v := w.p.Certificate
	if v == nil {
		return
	}
	w.d.because(v.Ref)
	if w.endGiven || w.limited() {
		return
	}
	if v.FromCard && !w.f.CertIssued.IsZero() {
		w.d.because(q7)
	}
	if w.f.Birth.Month == 2 && w.f.Birth.Day == 29 && w.end.Month == 2 && w.end.Day == 28 {
		w.d.because(q4)
	}
}

// cardEnd is the end of the card body, where the page states it and the facts give the day of issue.
func (w *work) cardEnd() {
	v, f := w.p.Card, w.f
	if v == nil {
		return
	}
	if w.limited() && v.LimitedStay {
		w.d.put(policy.KCardExpires, f.ResidenceUntil)
		w.d.because(v.Ref)
		return
	}
	if v.Birthdays == 0 || f.CardIssued.IsZero() {
		return
	}
	if f.Birth.IsZero() {
		w.d.put(policy.KCardExpires, nil)
		return
	}
	n := v.Birthdays
	if w.age(f.CardIssued) < 2 {
		n = v.Under18
	}
	if w.ageDay(f.CardIssued, 18) {
		w.d.because(q8)
	}
	w.d.because(v.Ref)
	w.d.put(policy.KCardExpires, civil.NthBirthdayAfter(f.Birth, f.CardIssued, n))
}

// pinAnswers answers what follows from age and PINs alone.
func (w *work) pinAnswers() {
	f, d, s := w.f, w.d, &w.s
	denied := s[policy.Age] == 0 || s[policy.Ward] == 0
	if s[policy.Age] != 3 || s[policy.Ward] == 0 {
		d.put(policy.KSigningAllowed, !denied)
		if w.ageDay(f.Today, 15) {
			d.because(q8)
		}
	}
	if (s[policy.Age] != 3 || denied) && s[policy.CardType] == 0 {
		d.put(policy.KPinSettable, settable[denied])
	}
	if f.Candidates != 0 {
		ok := true
		for k := range 4 {
			if f.Candidates>>k&1 == 1 {
				ok = ok && Accepts(w.p.Pins[k], f.NewPin[k]) && (k != 0 || !denied)
				if w.p.Pins[k] != nil {
					d.because(w.p.Pins[k].Ref)
				}
			}
		}
		d.put(policy.KPinAccepted, ok)
	}
	if f.HasEntries && f.Pin > 0 {
		form := w.p.Pins[f.Pin-1]
		if form == nil || form.Tries == 0 {
			d.put(policy.KPinLocked, nil)
			d.because(q25)
			return
		}
		locked := w.locks()
		d.put(policy.KPinLocked, locked)
		d.because(form.Ref)
		if locked {
			d.put(policy.KRequired, "pin_reset")
			d.put(policy.KCertUsable, false)
			d.tell(lockTold)
		}
	}
}

var (
	settable = map[bool]policy.States{false: {true, true, true, true}, true: {false, true, true, true}}
	lockTold = []string{"lock_counts"}
)

// Accepts says whether a candidate has the form: characters are counted, and only ASCII digits and capitals are any.
func Accepts(form *policy.PinForm, pin string) bool {
	if form == nil {
		return false
	}
	letters, digits, n := 0, 0, 0
	for _, r := range pin {
		n++
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r >= 'A' && r <= 'Z' && form.Mixed:
			letters++
		default:
			return false
		}
	}
	return n >= form.Min && n <= form.Max && (!form.Mixed || letters > 0 && digits > 0)
}
