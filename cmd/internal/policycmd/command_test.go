// SPDX-License-Identifier: Apache-2.0

package policycmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/cmd/internal/policycmd"
)

const data = "../../../device/policy/data"

// fleet runs "policy" with arguments.
func fleet(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := policycmd.New(strings.NewReader(in), &out, &errs)
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetOut(&out)
	c.SetErr(&errs)
	err := c.Execute()
	return out.String(), err
}

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	names, err := filepath.Glob(data + "/*.toml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no policies: %v", err)
	}
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(n)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Each line has its answer in its place, also beside lines that are none.
func TestDecide(t *testing.T) {
	in := strings.Join([]string{
		`{"id":"a","municipality":"matsue","procedure":"pin_reset","applicant":"self","facts":{"today":"2025-11-05","documents":[{"owner":"principal","doc":"my_number_card"}]}}`,
		`tea`,
		`{"id":"b","municipality":"tsu","procedure":"pin_reset","applicant":"self","facts":{"today":"2025-11-05"}}`,
		`{"id":"c","municipality":"matsue","procedure":"pin_reset","applicant":"self","facts":{"today":"2025-02-29"}}`,
		`{"id":"d","municipality":"sakuragawa","procedure":"suspension","applicant":"self","facts":{"today":"2025-11-05"},"expect":{"outcome":"tea"}}`,
	}, "\n")
	out, err := fleet(t, in, "decide")
	if !errors.Is(err, policycmd.ErrFindings) {
		t.Errorf("error %v, want ErrFindings", err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines, want 5:\n%s", len(lines), out)
	}
	for i, want := range []struct{ id, outcome, err string }{{"a", "complete", ""}, {"", "", "not a JSON object"}, {"b", "", `unknown municipality "tsu"`}, {"c", "", "no such day"}, {"d", "guidance", ""}} {
		var got struct {
			ID       string
			Error    string
			Decision map[string]any
		}
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		if got.ID != want.id || want.err == "" && (got.Decision["outcome"] != want.outcome || got.Decision["because"] == nil) || !strings.Contains(got.Error, want.err) || (got.Error == "") != (want.err == "") {
			t.Errorf("line %d: %s", i+1, lines[i])
		}
	}
	if _, err := fleet(t, strings.Split(in, "\n")[0], "decide"); err != nil {
		t.Errorf("a line without a fault: %v", err)
	}
}

func TestCheck(t *testing.T) {
	const cases = "../../../device/procedure/testdata/"
	out, err := fleet(t, "", "check", cases+"samples.jsonl", cases+"cases.jsonl")
	if err != nil || !strings.HasSuffix(out, " 0 not\n") {
		t.Errorf("error %v:\n%s", err, out)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.jsonl")
	text := `{"id":"a","municipality":"nabari","procedure":"suspension","applicant":"self","facts":{"today":"2025-11-05"},"expect":{"outcome":"refuse","fee_yen":0,"visits":1,"tell":["suspend_by_phone"],"place_required":"toll_free"}}
{"id":"b","municipality":"nabari","procedure":"suspension","applicant":"self","facts":{"today":"2025-11-05"}}
{"id":"c","municipality":"nabari","procedure":"suspension","applicant":"self","facts":{"today":"2025-11-05"},"expect":{"colour":1}}
`
	if err := os.WriteFile(wrong, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = fleet(t, "", "check", wrong)
	if !errors.Is(err, policycmd.ErrFindings) {
		t.Errorf("error %v, want ErrFindings", err)
	}
	for _, want := range []string{`wrong.jsonl:1: a: outcome: want "refuse", got "guidance"`, `a: visits: want 1, got absent`, `wrong.jsonl:2: b: expect: missing`, `c: expect.colour: not a key`, `3 cases, 0 as expected, 3 not`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "fee_yen") || strings.Contains(out, "tell") {
		t.Errorf("calls what is right a difference:\n%s", out)
	}
	if _, err := fleet(t, "", "check", "no-such-file"); err == nil || errors.Is(err, policycmd.ErrFindings) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestLint(t *testing.T) {
	out, err := fleet(t, "", "lint")
	if err != nil || strings.Count(out, "sha256 ") != 5 {
		t.Errorf("error %v:\n%s", err, out)
	}
	dir := folder(t)
	text, _ := os.ReadFile(filepath.Join(dir, "matsue.toml"))
	os.WriteFile(filepath.Join(dir, "matsue.toml"), bytes.Replace(text, []byte(`outcome = "needs_reservation"`), []byte(`outcome = "needs_tea"`), 1), 0o600)
	if _, err := fleet(t, "", "lint", "--policies", dir); err == nil || !strings.Contains(err.Error(), `rule M10: unknown outcome "needs_tea"`) || !strings.Contains(err.Error(), "matsue.toml:") {
		t.Errorf("error %v", err)
	}
	if _, err := fleet(t, "", "lint", "tsu"); err == nil {
		t.Error("an unknown municipality was checked")
	}
}

// A change of tonight shows as what it changes, and nothing else.
func TestDiff(t *testing.T) {
	if out, err := fleet(t, "", "diff", "nabari", "nabari", "--date", "2026-01-20"); err != nil || !strings.Contains(out, " 0 kinds of change") {
		t.Errorf("against itself: %v\n%s", err, out)
	}
	dir := folder(t)
	text, _ := os.ReadFile(filepath.Join(dir, "sakuragawa.toml"))
	os.WriteFile(filepath.Join(dir, "sakuragawa.toml"), bytes.Replace(text, []byte("fee_yen = 0"), []byte("fee_yen = 300"), 1), 0o600)
	out, err := fleet(t, "", "diff", "sakuragawa", dir+":sakuragawa", "--date", "2026-01-20")
	if !errors.Is(err, policycmd.ErrFindings) || !strings.Contains(out, "cert_renewal, self: fee_yen 0 -> 300") || strings.Contains(out, "outcome") {
		t.Errorf("error %v:\n%s", err, out)
	}
}

func TestExplain(t *testing.T) {
	text, err := os.ReadFile("../../../device/procedure/testdata/samples.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	out, err := fleet(t, string(text), "explain", "nab-039")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"N12 (000_c257bf1b0108432f.txt:207-217): holds -> complete", "guardianship_certificate: MISSING", "outcome: missing_documents", "Q27 default"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if _, err := fleet(t, string(text), "explain", "nobody"); err == nil {
		t.Error("explained a case that is not there")
	}
}

// The start of another municipality loads as it is, and says nothing of its own.
func TestNew(t *testing.T) {
	out, err := fleet(t, "", "new", "tsu")
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	os.WriteFile(filepath.Join(dir, "tsu.toml"), []byte(out), 0o600)
	in := `{"id":"a","municipality":"tsu","procedure":"pin_reset","applicant":"self","facts":{"today":"2025-11-05"}}`
	got, err := fleet(t, in, "decide", "--policies", dir)
	if err != nil || !strings.Contains(got, `"outcome":null`) || !strings.Contains(got, `"not_stated":["outcome"]`) {
		t.Errorf("error %v: %s", err, got)
	}
	// With the commented rules in force it is still a policy.
	full := strings.NewReplacer("# [", "[", "# code", "code", "# name", "name", "# phone", "phone", "# reservation", "reservation", "# source", "source", "# need", "need",
		"# id", "id", "# procedure", "procedure", "# applicant", "applicant", "# outcome", "outcome", "# list", "list", "# visits", "visits", "# pins", "pins", "# when", "when",
		"# tell", "tell", "# set", "set", "# window", "window", "# hours", "hours").Replace(out)
	os.WriteFile(filepath.Join(dir, "tsu.toml"), []byte(full), 0o600)
	if got, err := fleet(t, in, "decide", "--policies", dir); err != nil || !strings.Contains(got, `"missing":["my_number_card","principal_other_id"]`) {
		t.Errorf("error %v: %s", err, got)
	}
	for _, bad := range []string{"Tsu", "津", "national", "../x"} {
		if _, err := fleet(t, "", "new", bad); err == nil {
			t.Errorf("%q was started", bad)
		}
	}
}

func TestQuestions(t *testing.T) {
	out, err := fleet(t, "", "questions")
	if err != nil || !strings.Contains(out, "| nabari | cert_renewal | self | ") {
		t.Errorf("error %v:\n%s", err, out)
	}
}
