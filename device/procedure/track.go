// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"slices"

	"madoguchi/device/policy"
)

// dims is a set of circumstances.
type dims uint64

var _ [64 - policy.NumDims]struct{} // every circumstance has its bit

// track is what a decision turned on.
type track struct {
	about dims // circumstances that somebody is asked about
	seen  dims
	pins  bool // how each PIN stands
}

// read notes that a decision turns on circumstances, if anybody asks.
func (w *work) read(ds ...policy.Dim) {
	if w.track == nil {
		return
	}
	for _, d := range ds {
		w.track.seen |= 1 << d &^ w.fixed
	}
}

// holds says whether a rule holds.
func (w *work) holds(r *policy.Rule) bool {
	if w.track == nil {
		return r.Holds(&w.s, w.day)
	}
	return (r.From == 0 || w.day >= r.From) && (r.Until == 0 || w.day <= r.Until) && w.met(r.Conds)
}

// met says whether conditions hold. Those that do were all read; of those that do not, one that fails is enough: one that was read already
// is the best, then one that nobody is asked about.
func (w *work) met(conds []policy.Cond) bool {
	if w.track == nil {
		return holds(conds, &w.s)
	}
	failed, settled := -1, false
	for i := range conds {
		d := conds[i].Dim
		if conds[i].Mask>>w.s[d]&1 == 1 {
			continue
		}
		if (w.track.seen|w.fixed)>>d&1 == 1 {
			return false
		}
		if failed < 0 || !settled && w.track.about>>d&1 == 0 {
			failed, settled = i, w.track.about>>d&1 == 0
		}
	}
	if failed >= 0 {
		w.read(conds[failed].Dim)
		return false
	}
	for i := range conds {
		w.read(conds[i].Dim)
	}
	return true
}

// weighed are the keys that make two decisions different for the clerk.
var weighed = []policy.Key{policy.KOutcome, policy.KReason, policy.KMissing, policy.KSequence, policy.KRequired, policy.KFee, policy.KVisits,
	policy.KActions, policy.KAllowed, policy.KOnline, policy.KKiosk, policy.KServiceUsable, policy.KCertAfter, policy.KPinsToEnter}

// weighs says whether an answer row says anything that is weighed.
func weighs(r *policy.Rule) bool { return says(r, weighed) }

// deciding are the keys for which an answer row is as much of a reason as the row that the case came to.
var deciding = []policy.Key{policy.KReason, policy.KRequired, policy.KFee, policy.KActions}

func says(r *policy.Rule, keys []policy.Key) bool {
	return slices.ContainsFunc(r.Set, func(a policy.Assign) bool { return slices.Contains(keys, a.Key) })
}
