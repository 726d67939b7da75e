// SPDX-License-Identifier: Apache-2.0

package policycmd

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"madoguchi/device/policy"
)

// ErrFindings ends a command that did its work and found something: differences, faults, lines that could not be decided. What was found
// is already written; the exit status is 1.
var ErrFindings = errors.New("something was found")

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	folder   string
}

// New is the command "policy" with all that stands under it.
func New(in io.Reader, out, errs io.Writer) *cobra.Command {
	s := &streams{in: in, out: out, err: errs}
	root := &cobra.Command{
		Use:   "policy",
		Short: "Decide and check by the municipalities' rules, and check the rules",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().StringVar(&s.folder, "policies", "", "`folder` with national.toml and a file for each municipality (default: those of the program)")
	root.AddCommand(
		&cobra.Command{Use: "decide < cases.jsonl", Short: "Decide one case a line from standard input, one decision a line in the same order",
			Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return s.decide() }},
		&cobra.Command{Use: "check cases.jsonl...", Short: `Compare each line's "expect" with the decision and print the differences`,
			Args: cobra.MinimumNArgs(1), RunE: func(_ *cobra.Command, args []string) error { return s.check(args) }},
		&cobra.Command{Use: "lint [municipality...]", Short: "Check the rules: unreachable, contradicting, missing messages; print the hash that is signed",
			RunE: func(_ *cobra.Command, args []string) error { return s.lint(args) }},
		s.packCommand(),
		s.diffCommand(),
		&cobra.Command{Use: "explain [id] < cases.jsonl", Short: "Tell in words which rules decide a case",
			Args: cobra.MaximumNArgs(1), RunE: func(_ *cobra.Command, args []string) error { return s.explain(args) }},
		s.questionsCommand(),
		&cobra.Command{Use: "new municipality", Short: "Print a commented start for another municipality's file",
			Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error { return s.start(args[0]) }},
	)
	return root
}

// load reads the policies: those of the program or of the folder.
func (s *streams) load() (*policy.Set, error) { return loadFrom(s.folder) }

func loadFrom(folder string) (*policy.Set, error) {
	if folder == "" {
		return policy.Embedded()
	}
	set, err := policy.Load(os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("loading policies from %s: %w", folder, err)
	}
	return set, nil
}
