// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
)

func statusCommand(a *app) *cobra.Command {
	watch, every := false, 2*time.Second
	c := &cobra.Command{
		Use:   "status [ID]",
		Short: "Show where a rollout stands; without ID list all",
		Long: `Shows one line for each wave: # done, > on its way, ! failed or silent, . to go. --watch draws it again as it
changes, until the rollout ends; the exit status is then 1 if it was aborted. Where the output is no
terminal, each change is printed below the one before.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRollouts,
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c.Context(), func(db *store.Store) error {
				if len(args) == 0 {
					return a.listRollouts(c.Context(), db)
				}
				if watch {
					return a.watch(c.Context(), db, args[0], every)
				}
				r, _, err := book.Find(c.Context(), db, args[0])
				if err != nil {
					return err
				}
				return a.say(r, r.Table(time.Now()))
			})
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, "draw it again as it changes, until it ends")
	c.Flags().DurationVar(&every, "every", every, "between two looks with --watch")
	return c
}

// watch draws a rollout until it is final.
func (a *app) watch(ctx context.Context, db *store.Store, id string, every time.Duration) error {
	f, ok := a.out.(*os.File)
	living := ok && term.IsTerminal(int(f.Fd()))
	last := int64(-1)
	ticker := time.NewTicker(max(every, 10*time.Millisecond))
	defer ticker.Stop()
	for {
		r, row, err := book.Find(ctx, db, id)
		if err != nil {
			return err
		}
		if row.Rev != last || living { // a terminal also sees time pass
			text := r.Table(time.Now())
			if living {
				if columns, rows, err := term.GetSize(int(f.Fd())); err == nil {
					if r.Final() { // nothing is drawn over it any more
						rows = 0
					}
					text = fit(text, columns, rows)
				}
				// Home, each line cleared to its end, then the rest of the screen: nothing flickers.
				text = "\x1b[H" + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\x1b[K\n") + "\x1b[J\n"
				if last < 0 {
					text = "\x1b[2J" + text
				}
			} else if !a.json {
				text += "\n"
			}
			if err := a.say(r, text); err != nil {
				return err
			}
			last = row.Rev
		}
		if r.Final() {
			if r.Phase == rollout.Aborted {
				return fmt.Errorf("rollout %s was aborted: %s", id, r.Reason)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (a *app) listRollouts(ctx context.Context, db *store.Store) error {
	all, err := book.All(ctx, db)
	if err != nil {
		return err
	}
	type line struct {
		ID     string        `json:"id"`
		Phase  rollout.Phase `json:"phase"`
		Wave   string        `json:"wave"`
		Done   int           `json:"done"`
		Boxes  int           `json:"boxes"`
		For    string        `json:"for"`
		Author string        `json:"author"`
		Reason string        `json:"reason"`
	}
	var list []line
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "rollout\tphase\twave\tdone\tfor\tby\treason")
	for _, r := range all {
		l := line{ID: r.Plan.ID, Phase: r.Phase, Wave: r.Plan.Waves[r.Wave].Name, Done: len(r.Members) - len(r.Laggards()), Boxes: len(r.Members), For: r.Plan.Aim.String(), Author: r.Plan.Author.String(), Reason: r.Plan.Reason}
		list = append(list, l)
		fmt.Fprintf(w, "%s\t%s\t%s\t%d of %d\t%s\t%s\t%s\n", l.ID, l.Phase, l.Wave, l.Done, l.Boxes, l.For, l.Author, l.Reason)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := io.WriteString(&text, "no rollout yet: fleet rollout create KIND/VERSION --reason \"…\"\n")
		if err != nil {
			return err
		}
	}
	return a.say(list, text.String())
}

func whyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "why DEVICE", Short: "Say why a box runs what it runs, in every rollout that is under way or was the last of its kind", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completeBoxes, Example: "  fleet device why box-17",
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c.Context(), func(db *store.Store) error { return a.why(c.Context(), db, args[0], time.Now()) })
		}}
}

// concern is how much a rollout says of a box: it has it, or leaves it out by name, or neither.
func concern(r *rollout.Rollout, id string) int {
	_, out := r.Outside[id]
	switch {
	case r.Members[id] != nil:
		return 2
	case out:
		return 1
	}
	return 0
}

func (a *app) why(ctx context.Context, db *store.Store, id string, now time.Time) error {
	b, err := box(ctx, db, id)
	if err != nil {
		return err
	}
	all, err := book.All(ctx, db)
	if err != nil {
		return err
	}
	latest := map[string]*rollout.Rollout{}
	var list []*rollout.Rollout
	for _, r := range all {
		switch last := latest[r.Plan.Kind]; {
		case !r.Final():
			list = append(list, r)
		case last == nil || concern(r, id) > concern(last, id) || concern(r, id) == concern(last, id) && r.Since.After(last.Since):
			latest[r.Plan.Kind] = r
		}
	}
	for _, kind := range []string{"config", "policy", "firmware"} {
		if r := latest[kind]; r != nil {
			list = append(list, r)
		}
	}
	type line struct {
		Rollout string `json:"rollout"`
		Why     string `json:"why"`
	}
	var lines []line
	order, err := orders(ctx, db, now)
	if err != nil {
		return err
	}
	text := describe(b, now)
	if w := order(b); w != nil {
		lines = append(lines, line{"wipe", strings.TrimSpace(w.text())})
		text += w.text()
	}
	for _, r := range list {
		lines = append(lines, line{r.Plan.ID, r.Why(id, now)})
		text += fmt.Sprintf("\n%s: %s.\n", r.Plan.ID, r.Why(id, now))
		if r.Reason != "" {
			text += fmt.Sprintf("  the rollout is %s: %s\n", r.Phase, r.Reason)
		}
	}
	return a.say(lines, text)
}
