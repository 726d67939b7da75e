// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wipe"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// wipeFlags are those of "fleet wipe".
type wipeFlags struct {
	reason, key           string
	even, approve, cancel bool
	days                  int
}

func wipeCommand(a *app) *cobra.Command {
	f := wipeFlags{days: int(wipe.Life / (24 * time.Hour))}
	c := &cobra.Command{
		Use: "wipe BOX --reason TEXT", Short: "Have a box forget whose it was, at its office, without anybody there", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completeBoxes,
		Example: `  fleet wipe box-17 --reason "moves to the depot"
  fleet wipe box-17 --even-unsent --reason "stolen" --as suzuki      one asks,
  fleet wipe box-17 --approve --as tanaka                            another agrees
  fleet wipe box-17 --cancel --reason "it stays"`,
		Long: `The order goes to the box with its next assignment, signed by the director ("fleet serve" must run). The
box carries it out ten minutes after its last case, and only when city hall has every record for certain:
received, and in a backup that was checked. Until then it serves as before, shows WP1 at rest, and says
what it waits for ("fleet device why BOX"). A record that is held leaves within a week.

Then everything goes that makes it the city's: records, rules, settings, clerk codes, update state, keys.
It tells city hall, its certificates are revoked ("fleet enroll revoked"), its id is never used again, and
the panel says that it wants a new card: "fleet enroll new" brings the same board back under a new id.
A box that never says so stays "wipe ordered": nobody knows then what it still holds.

--even-unsent wipes it with what city hall does not have. Two people must want it: who asks, and another
who gives --approve, each by an account (--as) or, in a city without accounts, by one of the config keys
(--key). The audit log keeps both names, and how many records were lost.

--cancel takes an order back, if the box has not begun when it hears of it.`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.approve && (f.cancel || f.even), f.cancel && f.even:
				return usage("one of --even-unsent, --approve and --cancel at a time")
			case !f.approve && f.reason == "":
				return usage("--reason is missing: who comes after you will want to know")
			case f.days < 1 || f.days > 90:
				return usage("--days %d: from 1 to 90", f.days)
			}
			return a.with(c.Context(), func(db *store.Store) error { return a.wipe(c.Context(), db, args[0], f, time.Now()) })
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.reason, "reason", "", "why: moves, returned to the depot, stolen")
	fl.IntVar(&f.days, "days", f.days, "how long the order holds")
	fl.BoolVar(&f.even, "even-unsent", false, "also with records that city hall does not have; a second person must approve")
	fl.BoolVar(&f.approve, "approve", false, "be the second person for --even-unsent")
	fl.BoolVar(&f.cancel, "cancel", false, "take the order back")
	fl.StringVar(&f.key, "key", "", "config key file, for --even-unsent and --approve in a city without accounts")
	return c
}

// wipe changes the order of a box as the flags say.
func (a *app) wipe(ctx context.Context, db *store.Store, id string, f wipeFlags, now time.Time) error {
	b, err := box(ctx, db, id)
	if err != nil {
		return err
	}
	if b.Retired {
		return fmt.Errorf("%s is not of the fleet any more: nobody can reach it", id)
	}
	who, err := a.wiper(ctx, db, f)
	if err != nil {
		return err
	}
	enrolment, err := enrolmentOf(ctx, db, id)
	if err != nil {
		return err
	}
	act, next := "wipe", ""
	o, err := wipe.Change(ctx, db, id, a.dry, func(k *wipe.Kept) error {
		open := k.Order != nil && k.Open(now)
		switch {
		case (f.approve || f.cancel) && !open:
			return fmt.Errorf("%s: %w", id, wipe.ErrEnded)
		case f.cancel:
			act, next = "wipe cancel", "the box drops the order when it hears of it, if it has not begun: fleet device why "+id
			k.Cancelled = &wipe.Act{By: who.String(), Reason: f.reason, At: now.UTC().Truncate(time.Second)}
			return nil
		case f.approve:
			act, next = "wipe approve", "the box loses what city hall does not have"
			if err := k.Approve(who.Person, now); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			return who.signWipe(k.Order, rollout.Approving)
		case open && !f.even:
			return fmt.Errorf("%s is to be wiped already, by %s since %s (--cancel takes it back)", id, k.By, k.At.Local().Format(time.DateTime))
		case open && k.Override != nil && !k.Override.Approved.IsZero():
			return fmt.Errorf("%s is to be wiped even unsent already, by %s and %s", id, k.Override.By, k.Override.Approver)
		case !open:
			k.Order = wipe.New(id, enrolment, who.Person, f.reason, now, time.Duration(f.days)*24*time.Hour)
		}
		if next = "the box is wiped when city hall has all that it holds: fleet device why " + id; f.even {
			act, next = "wipe even unsent", "somebody else must agree: fleet wipe "+id+" --approve\nUntil then the box waits until city hall has all that it holds."
			k.Override = &wipe.Override{By: who.Person, Reason: f.reason, At: now.UTC().Truncate(time.Second)}
			return who.signWipe(k.Order, rollout.Drafting)
		}
		return nil
	})
	if err != nil {
		return err
	}
	line := wipeOf(o, lineOf(b).Update, now)
	if a.dry {
		return a.say(map[string]any{"would": act, "wipe": line}, "would note: "+act+" "+describe(b, now)+unsentOf(b)+line.text())
	}
	if err := db.Note(ctx, who.String(), act, strings.TrimSpace(id+" "+f.reason)); err != nil {
		return err
	}
	return a.say(line, unsentOf(b)+line.text()+next)
}

// wiper is who acts. What loses records is proved as a rollout is.
func (a *app) wiper(ctx context.Context, db *store.Store, f wipeFlags) (signatory, error) {
	if f.even || f.approve {
		return a.signatory(ctx, db, string(update.Config), f.key)
	}
	if f.key != "" {
		return signatory{}, usage("--key goes with --even-unsent and --approve")
	}
	name, err := a.who(ctx, db)
	return signatory{Person: rollout.Person{Name: name, By: rollout.ByAccount}}, err
}

// signWipe adds the person's signature to an override, if they have a key.
func (p signatory) signWipe(o *wipe.Order, act string) error {
	if p.key == nil {
		return nil
	}
	sig, err := signer.SignBare(p.key, o.Statement(act))
	if err == nil {
		o.Override.Signed = append(o.Override.Signed, rollout.Signature{Key: p.Name, Act: act, Sig: sig})
	}
	return err
}

// enrolmentOf is the serial of the provisioning file that a box was enrolled by; "": it has its certificate from elsewhere.
func enrolmentOf(ctx context.Context, db *store.Store, id string) (string, error) {
	files, err := db.Provisions(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(files, func(p store.Provision) bool { return p.Device == id && p.Used })
	if i < 0 {
		return "", nil
	}
	return files[i].Serial, nil
}

// wipeLine is an order as --json has it.
type wipeLine struct {
	State      string        `json:"state"` // see wipe.Order.State
	Waits      string        `json:"waits_for,omitempty"`
	Since      time.Time     `json:"since"`
	Until      time.Time     `json:"until"`
	By         string        `json:"by"`
	Reason     string        `json:"reason"`
	EvenUnsent string        `json:"even_unsent,omitempty"` // "asked for by …", "by … and …"
	Wiped      *wipe.Outcome `json:"wiped,omitempty"`
	Cancelled  *wipe.Act     `json:"cancelled,omitempty"`
}

// wipeOf is an order by what its box said last.
func wipeOf(o *wipe.Order, s update.Status, now time.Time) *wipeLine {
	l := &wipeLine{Since: o.At, Until: o.Until, By: o.By.String(), Reason: o.Reason, Wiped: o.Wiped, Cancelled: o.Cancelled}
	state, code := o.State(s, now)
	if l.State = state; state == "waits" {
		l.Waits = waits(code)
	}
	if w := o.Override; w != nil {
		if l.EvenUnsent = "asked for by " + w.By.String(); !w.Approved.IsZero() {
			l.EvenUnsent = "by " + w.By.String() + " and " + w.Approver.String()
		}
	}
	return l
}

// waits says what a box waits for.
func waits(code string) string {
	words := map[string]string{
		"": "ten minutes without a case", "unsent": "city hall to have its records for certain, in a backup", "damaged": "a person: a damaged file of records lies there",
		"operation": "the issuer to settle an operation", "trial": "the end of an update's trial", "clock": "the right time", "expired": "nothing: by its clock the order is past its end",
		"enrolment": "nothing: the order is for an enrolment before", "unable": "nothing: its settings lie outside of its data, a person must reset it", "storage": "its storage, which does not work",
	}
	if w, ok := words[code]; ok {
		return w
	}
	return "something that this version does not know (" + code + ")"
}

// text is the order for a person.
func (l *wipeLine) text() string {
	if l == nil {
		return ""
	}
	var b strings.Builder
	day := func(t time.Time) string { return t.Local().Format(time.DateTime) }
	switch l.State {
	case "wiped":
		fmt.Fprintf(&b, "wiped on %s: %s\n", day(l.Wiped.At), l.Wiped)
	case "cancelled", "cancelling":
		fmt.Fprintf(&b, "the order to wipe it is %s by %s: %s\n", map[string]string{"cancelled": "cancelled", "cancelling": "being cancelled"}[l.State], l.Cancelled.By, l.Cancelled.Reason)
	default:
		fmt.Fprintf(&b, "wipe ordered on %s by %s: %s\n", day(l.Since), l.By, l.Reason)
		switch l.State {
		case "expired":
			fmt.Fprintf(&b, "  the order has expired on %s; give it again\n", day(l.Until))
		case "waits":
			fmt.Fprintf(&b, "  the box waits for %s; until %s\n", l.Waits, day(l.Until))
		default:
			fmt.Fprintf(&b, "  the box has not said that it knows; until %s\n", day(l.Until))
		}
	}
	if l.EvenUnsent != "" {
		fmt.Fprintf(&b, "  even unsent: %s\n", l.EvenUnsent)
	}
	return b.String()
}

// unsentOf says what a box held when it was last heard of.
func unsentOf(b store.Box) string {
	if n := director.ReadWaiting(b.Reported); n > 0 {
		return fmt.Sprintf("%s held %d records that city hall does not have when it was last heard of\n", b.ID, n)
	}
	return ""
}

// orders finds the order that a box is under, or that it was wiped by; nil: there is none.
func orders(ctx context.Context, db *store.Store, now time.Time) (func(store.Box) *wipeLine, error) {
	all, err := wipe.All(ctx, db)
	if err != nil {
		return nil, err
	}
	return func(b store.Box) *wipeLine {
		for _, k := range all {
			if k.Device != b.ID {
				continue
			}
			l := wipeOf(k.Order, lineOf(b).Update, now)
			if l.State == "cancelled" {
				return nil
			}
			return l
		}
		return nil
	}, nil
}
