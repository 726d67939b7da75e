// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

// The exit status says what happened: 0 done, 1 something found, 2 arguments that make no sense.
func TestExit(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		in   string
		want int
	}{
		{"help", nil, "", 0},
		{"lint", []string{"policy", "lint"}, "", 0},
		{"bad line", []string{"policy", "decide"}, "tea\n", 1},
		{"no file", []string{"policy", "check", "no-such-file"}, "", 1},
		{"no argument", []string{"policy", "check"}, "", 2},
		{"completions", []string{"completion", "bash"}, "", 0},
		{"help of a command", []string{"enroll", "new", "--help"}, "", 0},
		{"no reason", []string{"device", "retire", "a"}, "", 2},
		{"unknown command", []string{"tea"}, "", 2},
		{"unknown flag", []string{"policy", "decide", "--sugar"}, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if got := run(append([]string{"fleet"}, c.args...), strings.NewReader(c.in), &out, &errs); got != c.want {
				t.Errorf("exit %d, want %d\n%s%s", got, c.want, &out, &errs)
			}
		})
	}
}

// TestWrongArguments: whoever leaves an argument out is told which.
func TestWrongArguments(t *testing.T) {
	for args, want := range map[string]string{
		"device why":         "fleet device why DEVICE",
		"broker check":       "fleet broker check --city DIR --broker URL",
		"rollout create":     "fleet rollout create KIND/VERSION --reason TEXT",
		"enroll new a --tea": "fleet enroll new BOX --office NAME",
		"tea":                "fleet --help lists the commands",
	} {
		var out, errs bytes.Buffer
		if got := run(append([]string{"fleet"}, strings.Fields(args)...), strings.NewReader(""), &out, &errs); got != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("fleet %s: exit %d, want 2 and %q\n%s", args, got, want, &errs)
		}
	}
}
