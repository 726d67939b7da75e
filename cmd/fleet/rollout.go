// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
)

func rolloutCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "rollout", Short: "Bring a release to the boxes, wave by wave", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		Long: `A rollout offers one release to all boxes, or to those that the plan aims at, wave by wave. It stops by
itself when boxes fail, take the version back, or fall silent, and goes to the next wave when 95 % of
those that can be reached have committed it and it has soaked. Who draws it up cannot approve it.`}
	cmd.AddCommand(createCommand(a), approveCommand(a), statusCommand(a), whyCommand(a))
	reason := ""
	now := time.Now
	for _, act := range []struct {
		name, short string
		needs       bool // a reason
		do          func(r *rollout.Rollout, who string) error
	}{
		{"start", "Begin the first wave; an older rollout of the same kind leaves it the boxes that both have", false, func(r *rollout.Rollout, who string) error { return r.Start(who, now()) }},
		{"pause", "Offer nothing new; what a box has begun it ends", true, func(r *rollout.Rollout, who string) error { return r.Pause(who, reason, now()) }},
		{"resume", "Go on after a pause; with a reason, without the boxes that have failed so far", false, func(r *rollout.Rollout, who string) error { return r.Resume(who, reason, now()) }},
		{"abort", "End it for good: offers are withdrawn, boxes that have committed keep the version", true, func(r *rollout.Rollout, who string) error { return r.Abort(who, reason, now()) }},
	} {
		c := &cobra.Command{Use: act.name + " ID", Short: act.short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeRollouts,
			RunE: func(c *cobra.Command, args []string) error {
				if act.needs && reason == "" {
					return usage("--reason is missing: the next shift will want to know")
				}
				return a.with(c.Context(), func(db *store.Store) error {
					who, err := a.who(c.Context(), db)
					if err != nil {
						return err
					}
					return a.act(c.Context(), db, args[0], act.name, who, reason, func(r *rollout.Rollout) error { return act.do(r, who) })
				})
			}}
		if act.name != "start" {
			c.Flags().StringVar(&reason, "reason", "", "why; it stands in the history")
		}
		cmd.AddCommand(c)
	}
	return cmd
}

func approveCommand(a *app) *cobra.Command {
	file := ""
	c := &cobra.Command{
		Use: "approve ID", Short: "Approve a plan that somebody else drew up", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeRollouts,
		Long: `Approves a plan. Whoever drew it up cannot. Where city hall has accounts both are accounts of admins
(--as); where it has none both are keys of the release's kind (--key), and what they sign is checked
again by "fleet serve" before the first box is offered anything.`,
		Example: `  fleet rollout approve policy-18 --as joho
  fleet rollout approve policy-18 --key /media/stick/policy-2.key`,
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c.Context(), func(db *store.Store) error {
				r, _, err := book.Find(c.Context(), db, args[0])
				if err != nil {
					return err
				}
				who, err := a.signatory(c.Context(), db, r.Plan.Kind, file)
				if err != nil {
					return err
				}
				return a.act(c.Context(), db, args[0], "approve", who.String(), "", func(r *rollout.Rollout) error {
					if err := r.Approve(who.Person, time.Now()); err != nil {
						return err
					}
					return who.sign(r, rollout.Approving)
				})
			})
		},
	}
	c.Flags().StringVar(&file, "key", "", "one of the kind's key files, for a city without accounts")
	return c
}

// act changes a rollout as the person who calls.
func (a *app) act(ctx context.Context, db *store.Store, id, name, who, reason string, do func(r *rollout.Rollout) error) error {
	r, err := book.Change(ctx, db, id, a.dry, do)
	if err != nil {
		return err
	}
	if a.dry {
		return a.say(r, "would "+name+":\n"+r.Table(time.Now()))
	}
	if err := db.Note(ctx, who, "rollout "+name, strings.TrimSpace(id+" "+reason)); err != nil {
		return err
	}
	return a.say(r, r.Table(time.Now()))
}

func createCommand(a *app) *cobra.Command {
	var p rollout.Plan
	var waves, twins, hardware []string
	file := ""
	c := &cobra.Command{
		Use:   "create KIND/VERSION --reason TEXT",
		Short: "Draw up a plan; another person approves it",
		Long: `Draws up the plan for a release: who is in which wave is drawn by lot from all enrolled boxes, one
of each office before a second of any. At most half the boxes of an office are on it at a time.

--office, --board and --box aim it at a part of the fleet; of several kinds a box must meet each, of
several names one. Shares, waves and what stops it count the boxes aimed at, no others. Boxes whose
board the release does not run on, or that have a later version, are listed and are not in: they are
no failures. A box whose board is not known yet is in, and is out again when it says another.
A box that joins such an office later gets the release when the rollout is complete; a box that is
not aimed at never does. --dry-run shows who is in which wave.

Without --wave: the --twin boxes if any, 5 boxes, 10 %, 50 %, all; firmware soaks for a day after each.
--wave NAME:SIZE:SOAK[:CASES] draws up others; SIZE is a number of boxes or a share such as 10%, and
CASES how many cases must have been finished on the new version first.`,
		Example: `  fleet rollout create firmware/1.4.2 --reason "reader driver" --window 22:00-05:00
  fleet rollout create policy/18 --reason "fee" --wave canary:3:15m:5 --wave all:100%:0s
  fleet rollout create firmware/1.4.2-zero --reason "reader driver" --office g03,g05 --board rpizero2w --dry-run`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p.Kind, p.Version, _ = strings.Cut(args[0], "/")
			p.Aim.Boards = append(p.Aim.Boards, hardware...)
			return a.create(c.Context(), p, waves, twins, file)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&p.ID, "id", "", "name of the rollout (default KIND-VERSION)")
	f.StringVar(&p.Reason, "reason", "", "why")
	f.StringVar(&file, "key", "", "one of the kind's key files, for a city without accounts")
	f.StringSliceVar(&p.Aim.Offices, "office", nil, "only boxes of these offices; with commas, or once for each")
	f.StringSliceVar(&p.Aim.Boards, "board", nil, "only boxes of these boards, as they report them")
	f.StringSliceVar(&p.Aim.Boxes, "box", nil, "only these boxes")
	f.StringSliceVar(&hardware, "hardware", nil, "the same as --board, as \"fleet release\" calls it")
	a.completeAim(c)
	f.StringArrayVar(&waves, "wave", nil, "a wave: NAME:SIZE:SOAK[:CASES]; once for each")
	f.StringSliceVar(&twins, "twin", nil, "boxes of the lab that come first")
	f.Func("window", "when firmware may be installed, Japanese time: 22:00-05:00", func(s string) error {
		from, to, ok := strings.Cut(s, "-")
		if !ok {
			return errors.New("want FROM-TO, such as 22:00-05:00")
		}
		p.Order.Window.From, p.Order.Window.To = from, to
		return nil
	})
	f.StringVar(&p.Order.Window.Days, "days", "", "days of the window's beginning, Monday is 1: 12345 (default every day)")
	f.Int64Var(&p.Order.RateBPS, "rate", 0, "most bytes a second that a box fetches (default no cap)")
	f.DurationVar(&p.Silence, "silence", 0, "a box that took the offer and says nothing for longer has failed (default 2h)")
	f.DurationVar(&p.Within, "within", 0, "a box that has not ended for so long after its offer has failed (default 72h for firmware, else 24h)")
	f.DurationVar(&p.Reachable, "reachable", 0, "a box that was not heard of for longer waits (default 1h)")
	f.Float64Var(&p.MaxRate, "max-rate", 0, "highest bearable rate of failures (default 0.02)")
	f.IntVar(&p.MaxCanary, "max-early", 0, "failures in the first two waves that stop it (default 2)")
	return c
}

func (a *app) create(ctx context.Context, p rollout.Plan, waves, twins []string, file string) error {
	if p.Reason == "" {
		return usage("--reason is missing: the one who approves will want to know")
	}
	d, err := a.depot()
	if err != nil {
		return err
	}
	p.Path = p.Kind + "/" + p.Version + "/manifest.json"
	m, err := d.Manifest(p.Path)
	if err != nil {
		return fmt.Errorf("drawing up rollout: %w (fleet release list shows what is released)", err)
	}
	if p.ID == "" {
		p.ID = p.Kind + "-" + p.Version
	}
	if err := p.Order.Window.Check(); err != nil {
		return usageError{err}
	}
	if p.Waves, err = parseWaves(waves, m.Kind, twins); err != nil {
		return usageError{err}
	}
	return a.with(ctx, func(db *store.Store) error {
		who, err := a.signatory(ctx, db, p.Kind, file)
		if err != nil {
			return err
		}
		p.Author = who.Person
		boxes, err := db.Boxes(ctx)
		if err != nil {
			return err
		}
		p.Boards = m.Hardware
		r, err := rollout.New(p, devices(boxes, m, time.Now()), time.Now())
		if err == nil {
			err = who.sign(r, rollout.Drafting)
		}
		if err != nil {
			return err
		}
		if a.dry {
			return a.say(r, "would draw up:\n"+r.Table(time.Now())+r.Roster())
		}
		err = book.Put(ctx, db, r, 0)
		if errors.Is(err, store.ErrStale) {
			return fmt.Errorf("there is a rollout %s already; give another --id", p.ID)
		}
		if err != nil {
			return err
		}
		if err := db.Note(ctx, p.Author.String(), "rollout create", p.ID+" "+p.Reason); err != nil {
			return err
		}
		return a.say(r, r.Table(time.Now()))
	})
}

// parseWaves reads NAME:SIZE:SOAK[:CASES].
func parseWaves(texts []string, kind update.Kind, twins []string) ([]rollout.Wave, error) {
	if len(texts) == 0 {
		return rollout.DefaultWaves(string(kind), twins), nil
	}
	var waves []rollout.Wave
	if len(twins) > 0 {
		waves = append(waves, rollout.Wave{Name: "lab", Devices: twins, Soak: time.Hour})
	}
	for _, text := range texts {
		part := strings.Split(text, ":")
		if len(part) < 3 || len(part) > 4 || part[0] == "" {
			return nil, fmt.Errorf("--wave %q: want NAME:SIZE:SOAK[:CASES]", text)
		}
		w := rollout.Wave{Name: part[0]}
		share, percent := strings.CutSuffix(part[1], "%")
		n, err := strconv.Atoi(share)
		if err != nil {
			return nil, fmt.Errorf("--wave %q: size %q is no number and no share", text, part[1])
		}
		if w.Count = n; percent {
			w.Count, w.Percent = 0, n
		}
		if w.Soak, err = time.ParseDuration(part[2]); err != nil {
			return nil, fmt.Errorf("--wave %q: soak: %w", text, err)
		}
		if len(part) == 4 {
			if w.MinCases, err = strconv.Atoi(part[3]); err != nil {
				return nil, fmt.Errorf("--wave %q: cases: %w", text, err)
			}
		}
		waves = append(waves, w)
	}
	return waves, nil
}

// completeRollouts completes ids of rollouts.
func (a *app) completeRollouts(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var ids []string
	if len(args) == 0 {
		_ = a.with(c.Context(), func(db *store.Store) error { // without a database there is nothing to complete
			rows, err := db.Rollouts(c.Context(), true)
			for _, row := range rows {
				ids = append(ids, row.ID)
			}
			return err
		})
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
