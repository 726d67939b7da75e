// SPDX-License-Identifier: Apache-2.0

package device

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"madoguchi/device/session"
	"madoguchi/pinpad/pin"
)

func typed(t *testing.T, digits string) *pin.Code {
	t.Helper()
	c, err := pin.NewCode()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Wipe)
	for _, d := range []byte(digits) {
		c.Append(d)
	}
	return c
}

func clerkOf(t *testing.T, label, digits string) Clerk {
	t.Helper()
	h, err := typed(t, digits).Hash()
	if err != nil {
		t.Fatal(err)
	}
	return Clerk{Label: label, Hash: string(h)}
}

// asked is a codes whose clerk has just typed the present code.
func asked(t *testing.T, dir string, clerks []Clerk, present string) *codes {
	t.Helper()
	c, err := loadCodes(dir, clerks)
	if err != nil {
		t.Fatal(err)
	}
	code := typed(t, present)
	whose := c.match(code)
	if whose < 0 {
		t.Fatalf("nobody's code is %s", present)
	}
	c.keep(code, whose, c.epoch())
	t.Cleanup(c.wipe)
	return c
}

// TestCodes: whose code may become which, and what is refused without saying why.
func TestCodes(t *testing.T) {
	clerks := []Clerk{clerkOf(t, "佐藤", "5093"), clerkOf(t, "鈴木", "83920")}
	for _, tt := range []struct {
		next string
		want session.Refusal
	}{
		{"7429", session.RefusedNone}, {"5093", session.RefusedUnfit}, {"5094", session.RefusedUnfit}, {"3905", session.RefusedUnfit},
		{"2222", session.RefusedUnfit}, {"83920", session.RefusedUnfit},
	} {
		c := asked(t, t.TempDir(), clerks, "5093")
		got, err := c.change(typed(t, tt.next))
		if got != tt.want || err != nil {
			t.Errorf("5093 to %s: refusal %d, %v; want %d", tt.next, got, err, tt.want)
		}
		if now := c.match(typed(t, "5093")); (now == 0) != (tt.want != session.RefusedNone) && tt.next != "5093" {
			t.Errorf("after 5093 to %s the old code is clerk %d's", tt.next, now)
		}
	}
	c := asked(t, t.TempDir(), clerks, "5093")
	c.wipe()
	if got, err := c.change(typed(t, "7429")); got != session.RefusedStorage || err == nil {
		t.Errorf("without a kept code: refusal %d, %v", got, err)
	}
	epoch := c.epoch()
	c.wipe()
	late := typed(t, "5093")
	if c.keep(late, 0, epoch); c.kept != nil || late.Len() != 0 {
		t.Error("a code is kept that was judged before a wipe")
	}
}

// TestCodesFile: a file that is not this program's, a clerk who went, a second change, and a configuration that comes back.
func TestCodesFile(t *testing.T) {
	dir := t.TempDir()
	one, two := clerkOf(t, "佐藤", "5093"), clerkOf(t, "鈴木", "83920")
	for _, step := range [][2]string{{"5093", "7429"}, {"7429", "60257"}} {
		if got, err := asked(t, dir, []Clerk{one, two}, step[0]).change(typed(t, step[1])); got != session.RefusedNone || err != nil {
			t.Fatalf("%s to %s: %d, %v", step[0], step[1], got, err)
		}
	}
	holds := func(clerks []Clerk, code string) int {
		c, err := loadCodes(dir, clerks)
		if err != nil {
			t.Fatal(err)
		}
		return c.match(typed(t, code))
	}
	again := clerkOf(t, "佐藤", "5093") // the same code, another salt: a new configuration
	switch {
	case holds([]Clerk{one, two}, "60257") != 0, holds([]Clerk{two, one}, "60257") != 1:
		t.Error("the second change does not hold, by label")
	case holds([]Clerk{one, two}, "5093") >= 0, holds([]Clerk{one, two}, "7429") >= 0:
		t.Error("an earlier code holds")
	case holds([]Clerk{again}, "60257") >= 0, holds([]Clerk{again}, "5093") != 0:
		t.Error("a new configuration does not win")
	case holds([]Clerk{two}, "60257") >= 0:
		t.Error("the code of a clerk who went opens")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
	for _, bad := range []string{"", "{", `{"s":"madoguchi.clerks/2","codes":[]}`, `{"s":"madoguchi.clerks/1","codes":[{"label":"佐藤","of":"","hash":"$argon2id$v=19$weak"}]}`,
		`{"s":"madoguchi.clerks/1","codes":[],"code":"60257"}`} {
		if err := os.WriteFile(filepath.Join(dir, codesFile), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadCodes(dir, []Clerk{one})
		if err == nil || strings.Contains(err.Error(), "argon2id$v") || strings.Contains(err.Error(), "60257") {
			t.Errorf("%q: error %v", bad, err)
		}
		if c.match(typed(t, "5093")) != 0 {
			t.Errorf("%q: the configured code does not hold", bad)
		}
	}
}

// TestCodesFullDisk: a limit on the size of this process's files fails writes as a full disk does. It is set in a child, for it cannot be raised again.
func TestCodesFullDisk(t *testing.T) {
	const variable = "MADOGUCHI_CODES_FULL_DISK"
	if os.Getenv(variable) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCodesFullDisk$")
		cmd.Env = append(os.Environ(), variable+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	clerks := []Clerk{clerkOf(t, "佐藤", "5093")}
	if got, err := asked(t, dir, clerks, "5093").change(typed(t, "7429")); got != session.RefusedNone || err != nil {
		t.Fatalf("with room: %d, %v", got, err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	c := asked(t, dir, clerks, "7429")
	if got, err := c.change(typed(t, "60257")); got != session.RefusedFull || err == nil {
		t.Errorf("without room: refusal %d, %v", got, err)
	}
	for _, c := range []*codes{c, asked(t, dir, clerks, "7429")} {
		if c.match(typed(t, "60257")) >= 0 || c.match(typed(t, "7429")) != 0 {
			t.Error("the code before does not hold")
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
}
