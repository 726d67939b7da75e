// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/policycmd"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
)

func deviceCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "device", Short: "Show what boxes should run and what they run", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	office := ""
	list := &cobra.Command{Use: "list", Short: "List the boxes: what each runs, what it should, when it was last heard of", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c.Context(), func(db *store.Store) error { return a.listDevices(c.Context(), db, office, time.Now()) })
		}}
	list.Flags().StringVar(&office, "office", "", "only those of one office")
	show := &cobra.Command{Use: "show DEVICE", Short: "Show one box: assigned and reported, side by side", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c.Context(), func(db *store.Store) error {
				b, err := box(c.Context(), db, args[0])
				if err != nil {
					return err
				}
				order, err := orders(c.Context(), db, time.Now())
				if err != nil {
					return err
				}
				l := lineOf(b)
				l.Wipe = order(b)
				return a.say(l, describe(b, time.Now())+l.Wipe.text())
			})
		}}
	reason := ""
	retire := &cobra.Command{Use: "retire DEVICE --reason TEXT", Aliases: []string{"revoke"}, Short: "Take a box out of the fleet for good: its certificates are revoked, its id is never used again", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completeBoxes,
		Long: `For a box that is lost, broken or replaced. Its certificates stand in the list of "fleet enroll revoked"
from now on: give that to the broker at once if the box may be in wrong hands. Records that it holds
and has not sent are lost with it; "fleet device show" says how many there are.`,
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usage("--reason is missing")
			}
			return a.with(c.Context(), func(db *store.Store) error {
				who, err := a.who(c.Context(), db)
				if err != nil {
					return err
				}
				b, err := box(c.Context(), db, args[0])
				if err != nil {
					return err
				}
				if a.dry {
					return a.say(map[string]string{"would": "retire " + b.ID}, "would retire "+describe(b, time.Now()))
				}
				if err := db.RevokeBox(c.Context(), args[0], time.Now()); err != nil {
					return err
				}
				if err := db.Note(c.Context(), who, "device retire", args[0]+" "+reason); err != nil {
					return err
				}
				return a.say(map[string]string{"retired": args[0]}, args[0]+" is retired\nnext: fleet enroll revoked --out FILE, for the broker; fleet enroll new, for the box in its place")
			})
		}}
	retire.Flags().StringVar(&reason, "reason", "", "why: lost, broken, replaced by …")
	show.ValidArgsFunction = a.completeBoxes
	diff := &cobra.Command{Use: "diff", Short: "List the boxes that do not run what they should, and how far they are", Args: cobra.NoArgs,
		Long: `Lists each box whose report differs from its assignment: what it should run, what it runs, what it says, and
whether it was heard of in the last hour. Exit status 1 if there is any: good for a timer that sends mail.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c.Context(), func(db *store.Store) error { return a.diffDevices(c.Context(), db, office, time.Now()) })
		}}
	diff.Flags().StringVar(&office, "office", "", "only those of one office")
	cmd.AddCommand(list, show, diff, whyCommand(a), retire)
	return cmd
}

// deviceLine is a box as --json has it.
type deviceLine struct {
	ID       string            `json:"id"`
	Office   string            `json:"office"`
	Board    string            `json:"board,omitempty"` // as it reports it
	Retired  bool              `json:"retired,omitempty"`
	Gen      int64             `json:"gen"`
	Assigned map[string]string `json:"assigned"`
	Heard    time.Time         `json:"heard,omitzero"`
	Update   update.Status     `json:"update"`
	Wipe     *wipeLine         `json:"wipe,omitempty"` // the order that it is under, or was wiped by
}

func lineOf(b store.Box) deviceLine {
	l := deviceLine{ID: b.ID, Office: b.Office, Retired: b.Retired, Gen: b.Gen, Assigned: b.Assigned, Heard: b.Heard}
	said, _ := director.ReadReport(b.Reported) // what cannot be read says nothing
	l.Update, l.Board = said.Status, said.Board
	return l
}

// box finds a box of the fleet.
func box(ctx context.Context, db *store.Store, id string) (store.Box, error) {
	boxes, err := db.Boxes(ctx)
	if err != nil {
		return store.Box{}, err
	}
	i := slices.IndexFunc(boxes, func(b store.Box) bool { return b.ID == id })
	if i < 0 {
		return store.Box{}, fmt.Errorf("there is no box %q (fleet device list shows them)", id)
	}
	return boxes[i], nil
}

// versionOf is the version in a manifest's path.
func versionOf(path string) string {
	part := strings.Split(path, "/")
	if len(part) != 3 {
		return "–"
	}
	return part[1]
}

// heard is when a box was heard of. A sign of life is stored to the quarter of an hour, and every quarter of an hour: what is younger than two is now.
func heard(b store.Box, now time.Time) string {
	switch ago := now.Sub(b.Heard); {
	case b.Heard.IsZero():
		return "never"
	case ago < 30*time.Minute:
		return "lately"
	case ago < 2*time.Hour:
		return fmt.Sprintf("%d min ago", int(ago.Minutes()))
	default:
		return since(b.Heard, now)
	}
}

// since is how long something lasts.
func since(t, now time.Time) string {
	switch ago := now.Sub(t); {
	case ago < time.Hour:
		return fmt.Sprintf("%d min ago", int(ago.Minutes()))
	case ago < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(ago.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(ago.Hours()/24))
	}
}

func (a *app) listDevices(ctx context.Context, db *store.Store, office string, now time.Time) error {
	boxes, err := db.Boxes(ctx)
	if err != nil {
		return err
	}
	order, err := orders(ctx, db, now)
	if err != nil {
		return err
	}
	var list []deviceLine
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "device\toffice\tboard\tfirmware\tpolicy\tconfig\tstate\theard of")
	for _, b := range boxes {
		if office != "" && b.Office != office {
			continue
		}
		l := lineOf(b)
		l.Wipe = order(b)
		list = append(list, l)
		state := string(l.Update.State)
		if l.Update.Code != "" {
			state += " (" + l.Update.Code + ")"
		}
		switch {
		case l.Wipe != nil && l.Wipe.State == "wiped":
			state = "wiped"
		case b.Retired:
			state = "retired"
		case l.Wipe != nil:
			state = strings.TrimSpace(state + ", wipe ordered " + since(l.Wipe.Since, now))
			if l.Wipe.State != "ordered" {
				state += " (" + l.Wipe.State + ")"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s", b.ID, b.Office, cmp.Or(l.Board, "–"))
		for _, kind := range []update.Kind{update.Firmware, update.Policy, update.Config} {
			runs, wants := l.Update.Versions[kind], versionOf(b.Assigned[string(kind)])
			switch {
			case runs == "":
				runs = "–"
				fallthrough
			case runs != wants:
				if wants != "–" {
					runs += " → " + wants
				}
			}
			fmt.Fprintf(w, "\t%s", runs)
		}
		fmt.Fprintf(w, "\t%s\t%s\n", state, heard(b, now))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.say(list, text.String())
}

// diffLine is one difference.
type diffLine struct {
	ID, Office, Kind, Should, Runs, Says string
	Heard                                time.Time
	Silent                               bool
}

// diffDevices lists what is assigned and not run.
func (a *app) diffDevices(ctx context.Context, db *store.Store, office string, now time.Time) error {
	boxes, err := db.Boxes(ctx)
	if err != nil {
		return err
	}
	var list []diffLine
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "device\toffice\tkind\tshould run\truns\tsays\theard of")
	for _, b := range boxes {
		if b.Retired || office != "" && b.Office != office {
			continue
		}
		l := lineOf(b)
		says := strings.TrimSpace(string(l.Update.State) + " " + l.Update.Code)
		if l.Update.Gen < b.Gen {
			says = fmt.Sprintf("does not know generation %d yet", b.Gen)
		}
		for _, kind := range slices.Sorted(maps.Keys(b.Assigned)) {
			should, runs := versionOf(b.Assigned[kind]), l.Update.Versions[update.Kind(kind)]
			if should == runs {
				continue
			}
			if runs == "" {
				runs = "–"
			}
			d := diffLine{b.ID, b.Office, kind, should, runs, says, b.Heard, now.Sub(b.Heard) > time.Hour}
			list = append(list, d)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.ID, d.Office, d.Kind, d.Should, d.Runs, d.Says, heard(b, now))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(list) == 0 {
		return a.say([]diffLine{}, "every box runs what it should")
	}
	if err := a.say(list, text.String()); err != nil {
		return err
	}
	return policycmd.ErrFindings
}

// describe is one box for a person.
func describe(b store.Box, now time.Time) string {
	l := lineOf(b)
	var text strings.Builder
	fmt.Fprintf(&text, "%s at %s, board %s, heard of %s\n", b.ID, b.Office, cmp.Or(l.Board, "not known yet"), heard(b, now))
	if b.Retired {
		text.WriteString("retired\n")
	}
	fmt.Fprintf(&text, "generation %d assigned, %d reported\n", b.Gen, l.Update.Gen)
	for _, kind := range slices.Sorted(maps.Keys(b.Assigned)) {
		runs := l.Update.Versions[update.Kind(kind)]
		if runs == "" {
			runs = "nothing that it was sent"
		}
		fmt.Fprintf(&text, "  %-9s should run %s, runs %s\n", kind, versionOf(b.Assigned[kind]), runs)
	}
	if l.Update.State != "" {
		words := []string{string(l.Update.State), string(l.Update.Kind), l.Update.Version, l.Update.Code}
		fmt.Fprintf(&text, "  it says: %s\n", strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
		if l.Update.Detail != "" {
			fmt.Fprintf(&text, "           %s\n", l.Update.Detail)
		}
	}
	if l.Update.Refused != "" {
		fmt.Fprintf(&text, "  it was sent orders that are none for it, and refused them: %s\n", l.Update.Refused)
	}
	return text.String()
}

// completeBoxes completes ids of boxes that are not retired.
func (a *app) completeBoxes(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var ids []string
	if len(args) == 0 {
		_ = a.with(c.Context(), func(db *store.Store) error { // without a database there is nothing to complete
			boxes, err := db.Boxes(c.Context())
			for _, b := range boxes {
				if !b.Retired {
					ids = append(ids, b.ID)
				}
			}
			return err
		})
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
