// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// maxParts is the largest list of parts, in bytes.
const maxParts = 16 << 20

// readParts reads a list of parts as "make firmware" writes it.
func readParts(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading list of parts: %w", err)
	}
	var doc struct {
		Format     string `json:"bomFormat"`
		Components []any  `json:"components"`
	}
	if len(raw) > maxParts || json.Unmarshal(raw, &doc) != nil || doc.Format != "CycloneDX" || len(doc.Components) == 0 {
		return nil, fmt.Errorf("reading list of parts: %s is no CycloneDX document with components (make firmware writes sbom.cdx.json)", path)
	}
	return raw, nil
}

// errParts says that a list of parts is not the one that was released.
var errParts = errors.New("it is not the list of parts that was signed and logged")

// shown is a release as --json has it.
type shown struct {
	Path     string          `json:"path"`
	Manifest update.Manifest `json:"manifest"`
	Digest   string          `json:"digest"` // of the manifest: what is signed and logged
	Place    int64           `json:"place"`  // in the transparency log
}

func showReleaseCommand(a *app) *cobra.Command {
	parts := ""
	c := &cobra.Command{
		Use: "show KIND/VERSION", Short: "Show a release as it is signed and logged, with its list of parts", Args: cobra.ExactArgs(1),
		Long: `Proves that the release is in the transparency log, and shows what its signers put their names to: payload,
boards, and the SHA-256 of its list of parts (SBOM). The list that lies in the depot is held against it,
and with --sbom one that came from elsewhere, such as of a build of one's own; exit status 1 if it is another.`,
		Example: `  fleet release show firmware/1.4.2
  fleet release show firmware/1.4.2 --sbom dist/arm64/sbom.cdx.json`,
		RunE: func(c *cobra.Command, args []string) error { return a.showRelease(c.Context(), args[0], parts) },
	}
	c.Flags().StringVar(&parts, "sbom", "", "hold this list of parts against the released one")
	return c
}

func (a *app) showRelease(ctx context.Context, name, parts string) error {
	d, err := a.depot()
	if err != nil {
		return err
	}
	s := shown{Path: name + "/manifest.json"}
	if err := d.With(nil, func(r *signer.Repository) error {
		all := r.Releases()
		i := slices.IndexFunc(all, func(rel signer.Released) bool { return rel.Path == s.Path })
		if i < 0 {
			return fmt.Errorf("%s is not released (fleet release list shows what is)", name)
		}
		return s.prove(ctx, d, all[i])
	}); err != nil {
		return err
	}
	m := s.Manifest
	if err := s.parts(d, parts); err != nil {
		return err
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	list := "none"
	if m.SBOM != (update.Digest{}) {
		list = m.SBOM.String()
	}
	for _, l := range [][2]string{
		{"release", fmt.Sprintf("%s %s, seq %d", m.Kind, m.Version, m.Seq)},
		{"boards", cmp.Or(strings.Join(m.Hardware, ", "), "any")},
		{"payload", fmt.Sprintf("%d bytes, sha256 %s", m.Size, m.SHA256)},
		{"parts", list},
		{"until", m.Expires.Format(time.DateOnly)},
		{"in the log", fmt.Sprintf("line %d, manifest %s", s.Place, s.Digest)},
	} {
		fmt.Fprintf(w, "%s\t%s\n", l[0], l[1])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if parts != "" {
		fmt.Fprintf(&text, "%s is the list of parts that was signed and logged\n", parts)
	}
	return a.say(s, text.String())
}

// prove reads a release's manifest and finds it in the log.
func (s *shown) prove(ctx context.Context, d *depot.Depot, rel signer.Released) error {
	key, err := publicLog(d)
	if err != nil {
		return err
	}
	l, err := update.OpenLog(key, heads{})
	if err != nil {
		return err
	}
	fetch := func(_ context.Context, name string, _ int) ([]byte, error) { return d.Get(name) }
	if err := l.Check(ctx, fetch, rel.Path, rel.Digest); err != nil {
		return err
	}
	if s.Place, err = signer.NewLog(nil, d.Get, nil).Place(rel); err != nil {
		return err
	}
	s.Digest = rel.Digest.String()
	s.Manifest, err = update.Object{Path: rel.Path, Digest: rel.Digest, Length: update.MaxManifest}.Manifest(ctx, fetch)
	return err
}

// parts holds the depot's list of parts against the manifest, and one more.
func (s *shown) parts(d *depot.Depot, other string) error {
	want := s.Manifest.SBOM
	if want == (update.Digest{}) {
		if other != "" {
			return fmt.Errorf("%s: the release was signed without a list of parts: %w", other, errParts)
		}
		return nil
	}
	raw, err := d.Get(update.ObjectName(want))
	if err != nil {
		return fmt.Errorf("reading the released list of parts: %w", err)
	}
	if got := update.Sum(raw); got != want {
		return fmt.Errorf("the depot's list of parts: sha256 %s, signed was %s: %w", got, want, errParts)
	}
	if other == "" {
		return nil
	}
	if raw, err = readParts(other); err != nil {
		return err
	}
	if got := update.Sum(raw); got != want {
		return fmt.Errorf("%s: sha256 %s, signed was %s: %w", other, got, want, errParts)
	}
	return nil
}
