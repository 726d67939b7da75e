// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"encoding/json"
	"slices"

	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wipe"
	"madoguchi/device/update"
)

// Wipes is where the orders to wipe boxes lie, and what the boxes said; *store.Store is one.
type Wipes interface {
	wipe.Rows
	Boxes(ctx context.Context) ([]store.Box, error)
}

var _ Wipes = (*store.Store)(nil)

// wipes lists the orders to wipe boxes, those that stand first. One that was cancelled, and taken note of, is left out.
func (s *site) wipes(ctx context.Context, v *view) (section, error) {
	sec := section{ID: "wipes", Text: true, Title: v.say("wipes_title"), Note: v.say("wipes_note"),
		Head: []string{v.say("device"), v.say("state"), v.say("rollout_when"), v.say("rollout_author"), v.say("rollout_reason"), v.say("rollout_what")}}
	all, err := wipe.All(ctx, s.opts.Wipes)
	if err != nil || len(all) == 0 {
		return sec, err
	}
	boxes, err := s.opts.Wipes.Boxes(ctx)
	if err != nil {
		return sec, err
	}
	now := s.opts.Now()
	slices.SortStableFunc(all, func(a, b wipe.Kept) int {
		if open := a.Open(now); open != b.Open(now) {
			return map[bool]int{true: -1, false: 1}[open]
		}
		return b.At.Compare(a.At)
	})
	for _, k := range all {
		state, code := k.State(wipeSaid(boxes, k.Device), now)
		if state == "cancelled" {
			continue
		}
		what := v.say("wipe_until", k.Until.In(japan).Format("2006-01-02"))
		switch {
		case k.Wiped != nil:
			what = v.say("wipe_lost", number(k.Wiped.Lost), number(k.Wiped.Kept), number(k.Wiped.Claims))
		case state == "waits":
			what = v.name("wipe_waits", "w_"+code)
		}
		by := k.By.String()
		if w := k.Override; w != nil && w.Approved.IsZero() {
			what += v.say("wipe_asked", w.By.String())
		} else if w != nil {
			by = w.By.String() + " + " + w.Approver.String()
		}
		sec.Rows = append(sec.Rows, []string{k.Device, v.name("wipe_states", state), k.At.In(japan).Format("2006-01-02 15:04"), by, k.Reason, what})
	}
	return sec, nil
}

// wipeSaid is what a box said last of an order. A box is not trusted: a code that no firmware of ours says has no words.
func wipeSaid(boxes []store.Box, id string) (s update.Status) {
	i := slices.IndexFunc(boxes, func(b store.Box) bool { return b.ID == id })
	if i < 0 {
		return s
	}
	var doc struct {
		Update struct{ Wipe *update.WipeStatus }
	}
	if json.Unmarshal(boxes[i].Reported, &doc) == nil {
		s.Wipe = doc.Update.Wipe
	}
	return s
}
