// SPDX-License-Identifier: Apache-2.0

package policycmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"madoguchi/device/policy"
)

func (s *streams) packCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pack municipality --policies folder > FILE",
		Short: "Write a municipality's rules as the one file that is released to boxes",
		Long: `Checks the folder's national.toml and the municipality's file and writes both, with the hash of the
compiled rules, as the one file that "fleet release policy" signs. Faults are printed and nothing is written.`,
		Example: "  fleet policy pack nabari --policies rules/ > nabari-18.policy\n  fleet release policy nabari-18.policy --version 18",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return s.pack(args[0]) },
	}
}

func (s *streams) pack(city string) error {
	if s.folder == "" {
		return errors.New("--policies is missing: the program's own rules need no release")
	}
	dir := os.DirFS(s.folder)
	national, err := fs.ReadFile(dir, policy.National+".toml")
	if err != nil {
		return fmt.Errorf("reading the national base: %w", err)
	}
	text, err := fs.ReadFile(dir, city+".toml")
	if err != nil {
		return fmt.Errorf("reading the rules: %w", err)
	}
	b, err := policy.Pack(national, city, text)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return ErrFindings
	}
	_, err = s.out.Write(b)
	return err
}
