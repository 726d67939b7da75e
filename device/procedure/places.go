// SPDX-License-Identifier: Apache-2.0

package procedure

import "madoguchi/device/policy"

// places answers what follows from the place at which the resident stands, and from the window of the first visit.
func (w *work) places() {
	pl := w.place
	if pl == nil {
		pl = w.p.PlaceOf(w.f.Visit1Place)
	}
	if w.p.SameWindow && w.f.Visit == 2 && w.f.Visit1Place != "" {
		if first := w.p.PlaceOf(w.f.Visit1Place); first != nil {
			w.d.put(policy.KPlace, first.Code)
			pl = first
		}
	}
	if pl == nil {
		return
	}
	if pl.Phone != "" && w.d.put(policy.KPhone, pl.Phone) {
		w.d.because(pl.Ref)
	}
	if pl.Reservation > 0 && w.s[policy.OpenNow] == 0 && w.d.put(policy.KReservation, pl.Reservation == 1) {
		w.d.because(pl.Ref)
	}
}
