// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// release is what the flags of "fleet release" say.
type release struct {
	m       update.Manifest
	health  update.Health
	notes   update.Notes
	soak    time.Duration
	within  time.Duration
	days    int
	keys    []string
	payload string
	parts   string
}

func releaseCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "release", Short: "Sign what boxes may install, and list it", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	for _, k := range []struct {
		kind         update.Kind
		what         string
		soak, within time.Duration
	}{
		{update.Firmware, "a RAUC bundle for the slot that does not run", 15 * time.Minute, 20 * time.Minute},
		{update.Policy, "rules of the municipality", time.Minute, 5 * time.Minute},
		{update.Config, "settings of a box or a group of boxes", time.Minute, 5 * time.Minute},
	} {
		cmd.AddCommand(releaseKind(a, k.kind, k.what, k.soak, k.within))
	}
	cmd.AddCommand(showReleaseCommand(a), &cobra.Command{Use: "list --city DIR", Short: "List what is signed", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return a.listReleases() }})
	return cmd
}

func releaseKind(a *app, kind update.Kind, what string, soak, within time.Duration) *cobra.Command {
	var r release
	c := &cobra.Command{
		Use:   string(kind) + " FILE --version V",
		Short: "Sign " + what,
		Long: fmt.Sprintf(`Cuts FILE into chunks, signs it as a %s by as many of its keys as are needed, and publishes it.
%sBoxes learn of it only by a rollout. A version is released once: what is wrong with it is mended by the next.

--seq orders versions (default: one more than the highest so far). A box never installs a lower one
than it has, unless --allow-downgrade is signed with it, and never one below its security epoch.`, kind, map[update.Kind]string{
			update.Policy: "FILE is what \"fleet policy pack\" wrote; rules that no box of this city would take are refused.\n",
			update.Config: "FILE sets any of office, place, detail, period, facets, languages, release_at and sound; what no box\ncould use is refused, with its line.\n",
		}[kind]),
		Example: fmt.Sprintf("  fleet release %s FILE --version 1.4.2 --key /media/stick/%s-1.key --key /media/stick2/%s-2.key", kind, kind, kind),
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r.payload, r.m.Kind = args[0], kind
			return a.release(r, time.Now())
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&r.m.Version, "version", "", "for people, such as 1.4.2: a–z 0–9 . -")
	f.Uint64Var(&r.m.Seq, "seq", 0, "place in the order of versions")
	f.StringVar(&r.m.Product, "product", "counter", "for which product")
	f.StringSliceVar(&r.m.Hardware, "hardware", nil, "boards that it runs on (default any)")
	if kind == update.Firmware {
		f.StringVar(&r.parts, "sbom", "", "its list of parts, as \"make firmware\" writes it; signed and logged with it")
	}
	f.Uint64Var(&r.m.MinFrom, "min-from", 0, "lowest seq that it can follow")
	f.Uint32Var(&r.m.SecurityEpoch, "security-epoch", 0, "boxes that had a higher one refuse it")
	f.BoolVar(&r.m.AllowDowngrade, "allow-downgrade", false, "may follow a higher seq")
	f.StringVar(&r.notes.Ja, "notes", "", "what changes, in Japanese, for the clerk's screen")
	f.StringVar(&r.notes.En, "notes-en", "", "the same in English")
	f.StringVar(&r.health.Profile, "profile", map[update.Kind]string{update.Firmware: "full"}[kind], "which probes decide (default by kind)")
	f.DurationVar(&r.soak, "soak", soak, "healthy for so long before it is kept")
	f.DurationVar(&r.within, "within", within, "healthy at the latest after so long, else the old one comes back")
	f.IntVar(&r.health.MaxBoots, "max-boots", 3, "unplanned starts before the old one comes back")
	f.IntVar(&r.days, "days", 365, "not installed later than so many days from now")
	f.StringArrayVar(&r.keys, "key", nil, "key file of a holder; once for each (default: those in the city's folder)")
	return c
}

func (a *app) release(r release, now time.Time) error {
	d, err := a.depot()
	if err != nil {
		return err
	}
	path := string(r.m.Kind) + "/" + r.m.Version + "/manifest.json"
	if err := update.CheckName(path); err != nil || r.m.Version == "" || strings.Contains(r.m.Version, "/") {
		return usage("--version %q: give one of small letters, digits, dot and dash", r.m.Version)
	}
	if r.days < 1 {
		return usage("--days %d: at least 1", r.days)
	}
	f, err := os.Open(r.payload)
	if err != nil {
		return fmt.Errorf("reading payload: %w", err)
	}
	defer f.Close()
	payload, err := checked(r.m.Kind, d.City(), r.payload, f)
	if err != nil {
		return err
	}
	m := r.m
	var parts []byte
	if r.parts != "" {
		if parts, err = readParts(r.parts); err != nil {
			return err
		}
		m.SBOM = update.Sum(parts)
	}
	m.Schema, m.City, m.Notes, m.Health = update.ManifestSchema, d.City(), r.notes, r.health
	m.Health.SoakS, m.Health.WithinS = int(r.soak/time.Second), int(r.within/time.Second)
	if m.Health.Profile == "" {
		m.Health.Profile = string(m.Kind)
	}
	if m.Kind == update.Firmware {
		m.City = "" // the same for every city
	}
	m.NotBefore, m.Expires = now.UTC().Truncate(time.Second), now.UTC().Truncate(time.Second).AddDate(0, 0, r.days)
	var keys []signer.Key
	if !a.dry || len(r.keys) > 0 { // a holder may try their key
		if keys, err = a.keys(d, r.keys, string(m.Kind), "snapshot", "timestamp"); err != nil {
			return err
		}
	}
	err = d.With(keys, func(repo *signer.Repository) error {
		if m.Seq == 0 {
			if m.Seq, err = next(d, repo, m.Kind); err != nil {
				return err
			}
		}
		if a.dry {
			m.Size, m.SHA256, err = update.Cut(payload, func(update.Chunk, []byte) error { m.Chunks.Count++; return nil })
			return err
		}
		if err := repo.CanSign(string(m.Kind), "snapshot", "timestamp"); err != nil {
			return err
		}
		l, err := a.log(d)
		if err != nil {
			return err
		}
		repo.UseLog(l)
		if parts != nil {
			if err := d.Put(update.ObjectName(m.SBOM), parts); err != nil {
				return err
			}
		}
		if m, err = repo.Release(path, m, payload); err != nil {
			return err
		}
		return repo.Publish(now)
	})
	if err != nil {
		return err
	}
	bill := ""
	if parts != nil {
		bill = fmt.Sprintf("list of parts %.16s…, signed and logged with it\n", m.SBOM)
	}
	verb := "released"
	if a.dry {
		verb = "would release"
	}
	return a.say(m, fmt.Sprintf("%s %s, seq %d: %d bytes in %d chunks, %.16s…\n%snext: fleet rollout create %s/%s --reason \"…\"",
		verb, path, m.Seq, m.Size, m.Chunks.Count, m.SHA256, bill, m.Kind, m.Version))
}

// next is the number after the highest of a kind.
func next(d *depot.Depot, repo *signer.Repository, kind update.Kind) (uint64, error) {
	top := uint64(0)
	for _, rel := range repo.Releases() {
		if rel.Kind != kind {
			continue
		}
		raw, err := d.Get(update.ObjectName(rel.Digest))
		if err != nil {
			return 0, err
		}
		m, err := update.ParseManifest(raw)
		if err != nil {
			return 0, err
		}
		top = max(top, m.Seq)
	}
	return top + 1, nil
}

func (a *app) listReleases() error {
	d, err := a.depot()
	if err != nil {
		return err
	}
	type line struct {
		Path     string          `json:"path"`
		Manifest update.Manifest `json:"manifest"`
	}
	var list []line
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "release\tseq\tbytes\tchunks\tuntil\tnotes")
	err = d.With(nil, func(r *signer.Repository) error {
		for _, rel := range r.Releases() {
			raw, err := d.Get(update.ObjectName(rel.Digest))
			if err != nil {
				return err
			}
			m, err := update.ParseManifest(raw)
			if err != nil {
				return err
			}
			list = append(list, line{rel.Path, m})
			fmt.Fprintf(w, "%s/%s\t%d\t%d\t%d\t%s\t%s\n", m.Kind, m.Version, m.Seq, m.Size, m.Chunks.Count, m.Expires.Format(time.DateOnly), m.Notes.Ja)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.say(list, text.String())
}
