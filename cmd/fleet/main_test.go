// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for _, c := range []struct {
		name        string
		args        string
		status      int
		out, errors string
	}{
		{"help", "--help", 0, "look after a city", ""},
		{"nothing", "", 0, "Available Commands", ""},
		{"version", "version", 0, "fleet unknown\n", ""},
		{"unknown command", "rollout", 2, "", "unknown command rollout"},
		{"unknown flag", "--waves 3", 2, "", "unknown flag: --waves"},
		{"too many words", "version now", 2, "", "unknown command now"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errors bytes.Buffer
			status := run(append([]string{"fleet"}, strings.Fields(c.args)...), nil, &out, &errors)
			if status != c.status || !strings.Contains(out.String(), c.out) || !strings.Contains(errors.String(), c.errors) {
				t.Errorf("status %d, out %q, errors %q; want %d, %q, %q", status, out.String(), errors.String(), c.status, c.out, c.errors)
			}
			if (c.status == 0) != (errors.Len() == 0) {
				t.Errorf("status %d with %q on stderr", status, errors.String())
			}
		})
	}
}
