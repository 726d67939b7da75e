// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/store"
)

func auditCommand(a *app) *cobra.Command {
	limit, verify := 30, false
	c := &cobra.Command{
		Use: "audit", Short: "Show who did what, or prove that the log is whole", Args: cobra.NoArgs,
		Long: `Every act of this tool and every decision of the director is a line of city hall's audit log. Each
line's hash covers the line before it. --verify reads it all and prints the number of lines and the last
hash: who has kept both elsewhere can also tell a log that was cut at its end.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c.Context(), func(db *store.Store) error {
				if verify {
					n, head, err := db.VerifyAudit(c.Context())
					if err != nil {
						return err
					}
					return a.say(map[string]any{"lines": n, "head": fmt.Sprintf("%x", head)}, fmt.Sprintf("%d lines, head %x", n, head))
				}
				list, err := db.Audits(c.Context(), limit)
				if err != nil {
					return err
				}
				var text strings.Builder
				w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
				for i := len(list) - 1; i >= 0; i-- {
					l := list[i]
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", l.N, l.At.Local().Format(time.DateTime), l.Who, l.Action, l.What)
				}
				if err := w.Flush(); err != nil {
					return err
				}
				return a.say(list, text.String())
			})
		}}
	c.Flags().IntVar(&limit, "last", limit, "how many lines")
	c.Flags().BoolVar(&verify, "verify", false, "read it all and check every hash")
	return c
}
