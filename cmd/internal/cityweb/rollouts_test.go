// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
)

// putPlan puts a plan of one author into the database.
func putPlan(t *testing.T, s *store.Store, id, author string, now time.Time) {
	t.Helper()
	var fleet []rollout.Device
	for n := range 20 {
		fleet = append(fleet, rollout.Device{ID: fmt.Sprintf("box-%02d", n), Office: fmt.Sprintf("g%02d", n/4+1)})
	}
	r, err := rollout.New(rollout.Plan{ID: id, Kind: "policy", Path: "policy/18/manifest.json", Version: "18", Author: rollout.Person{Name: author, By: rollout.ByAccount},
		Reason: "手数料の改定", Waves: rollout.DefaultWaves("policy", nil)}, fleet, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := book.Put(t.Context(), s, r, 0); err != nil {
		t.Fatal(err)
	}
}

// TestSteer: a rollout from its plan to its end, through the forms, by those who may and by those who may not.
func TestSteer(t *testing.T) {
	srv, s, now := city(t, true)
	const password = "correct horse battery"
	hash, err := HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	who := map[string]*http.Client{}
	for name, role := range map[string]Role{"soumu": Admin, "joho": Admin, "kansa": Auditor, "madoguchi": Viewer} {
		if err := s.PutAccount(t.Context(), store.Account{Name: name, Role: string(role), Hash: hash}); err != nil {
			t.Fatal(err)
		}
		who[name] = browser(t)
		if status, _ := ask(t, who[name], "POST", srv.URL+"/login", url.Values{"account": {name}, "password": {password}}); status != 303 {
			t.Fatalf("%s: log-in %d", name, status)
		}
	}
	putPlan(t, s, "policy-18", "soumu", *now)
	phase := func() rollout.Phase {
		r, _, err := book.Find(t.Context(), s, "policy-18")
		if err != nil {
			t.Fatal(err)
		}
		return r.Phase
	}
	for _, c := range []struct {
		name, who, do, reason, password string
		status                          int
		phase                           rollout.Phase
	}{
		{"a viewer approves", "madoguchi", "approve", "", password, 403, rollout.Draft},
		{"an auditor approves", "kansa", "approve", "", password, 403, rollout.Draft},
		{"its author approves", "soumu", "approve", "", password, 409, rollout.Draft},
		{"a screen left open", "joho", "approve", "", "not the password", 403, rollout.Draft},
		{"too early", "joho", "start", "", "", 409, rollout.Draft},
		{"the second person", "joho", "approve", "", password, 303, rollout.Approved},
		{"start", "soumu", "start", "", "", 303, rollout.Running},
		{"pause without a reason", "joho", "pause", "  ", "", 400, rollout.Running},
		{"pause", "joho", "pause", "市長選の日", "", 303, rollout.Paused},
		{"resume", "joho", "resume", "", "", 303, rollout.Running},
		{"an act that there is not", "joho", "explode", "x", "", 503, rollout.Running},
		{"a viewer aborts", "madoguchi", "abort", "x", "", 403, rollout.Running},
		{"abort", "soumu", "abort", "wrong fee <b>", "", 303, rollout.Aborted},
		{"after the end", "soumu", "resume", "x", "", 409, rollout.Aborted},
	} {
		form := url.Values{"id": {"policy-18"}, "do": {c.do}, "reason": {c.reason}, "password": {c.password}}
		status, text := ask(t, who[c.who], "POST", srv.URL+"/rollout/act", form)
		if got := phase(); status != c.status || got != c.phase {
			t.Errorf("%s: %d and %s, want %d and %s\n%.300s", c.name, status, got, c.status, c.phase, text)
		}
	}
	if status, _ := ask(t, who["joho"], "POST", srv.URL+"/rollout/act", url.Values{"id": {"policy-18"}, "do": {"abort"}, "reason": {"x"}}, "Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("a form of another site was taken: %d", status)
	}
	if status, _ := ask(t, who["joho"], "POST", srv.URL+"/rollout/act", url.Values{"id": {"none"}, "do": {"abort"}, "reason": {"x"}}); status != 404 {
		t.Errorf("a rollout that there is not: %d", status)
	}
	_, text := ask(t, who["madoguchi"], "GET", srv.URL+"/rollout?id=policy-18&lang=en", nil)
	for _, want := range []string{"Rollout of Rules 18", "wrong fee &lt;b&gt;", "Drawn up by", "soumu", "joho", "canary", "chart.svg?"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if status, text := ask(t, who["kansa"], "GET", srv.URL+"/rollouts?lang=ja", nil); status != 200 || !strings.Contains(text, "規則 18") || !strings.Contains(text, "中止") {
		t.Errorf("list: %d", status)
	}
	if status, text := ask(t, who["kansa"], "GET", srv.URL+"/chart.svg?rollout=policy-18&page=rollouts&id=waves", nil); status != 200 || !strings.HasPrefix(text, "<svg") {
		t.Errorf("chart: %d %.60s", status, text)
	}
	log, err := s.Audits(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	var did []string
	for _, a := range log {
		did = append(did, a.Who+" "+a.Action+" "+a.What)
	}
	for _, want := range []string{"joho rollout approve policy-18", "joho rollout refused policy-18 approve", "joho rollout pause policy-18 市長選の日", "soumu rollout abort policy-18 wrong fee <b>"} {
		if !slices.Contains(did, want) {
			t.Errorf("the audit log does not say %q: %q", want, did)
		}
	}
}

// TestSteerAlone: without accounts whoever sits at the machine can stop a rollout and cannot be two people.
func TestSteerAlone(t *testing.T) {
	srv, s, now := city(t, false)
	putPlan(t, s, "policy-18", "soumu", *now)
	b := browser(t)
	if status, _ := ask(t, b, "POST", srv.URL+"/rollout/act", url.Values{"id": {"policy-18"}, "do": {"approve"}}); status != 403 {
		t.Errorf("approved by nobody: %d", status)
	}
	if _, text := ask(t, b, "GET", srv.URL+"/rollout?id=policy-18&lang=en", nil); !strings.Contains(text, "fleet rollout approve policy-18 --key") {
		t.Error("the page does not say how it is approved")
	}
	foreign, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/rollout/act", strings.NewReader("id=policy-18&do=abort&reason=wrong"))
	if err != nil {
		t.Fatal(err)
	}
	foreign.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	foreign.Header.Set("Origin", "https://elsewhere.example")
	answer, err := b.Do(foreign)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %s", answer.Status)
	}
	if status, _ := ask(t, b, "POST", srv.URL+"/rollout/act", url.Values{"id": {"policy-18"}, "do": {"abort"}, "reason": {"wrong"}}); status != 303 {
		t.Errorf("abort: %d", status)
	}
}

// TestRolloutAim: the pages say whom a rollout is for, and which boxes it is not for.
func TestRolloutAim(t *testing.T) {
	srv, s, now := city(t, false)
	fleet := []rollout.Device{{ID: "box-1", Office: "g01", Board: "rpi4"}, {ID: "box-2", Office: "g01", Board: "rpizero2w"}, {ID: "box-3", Office: "g01", Newer: true}, {ID: "box-4", Office: "g01"}, {ID: "box-5", Office: "g02"}}
	r, err := rollout.New(rollout.Plan{ID: "firmware-2", Kind: "firmware", Path: "firmware/2/manifest.json", Version: "2", Author: rollout.Person{Name: "soumu", By: rollout.ByAccount},
		Aim: rollout.Aim{Offices: []string{"g01"}}, Boards: []string{"rpi4"}, Waves: rollout.DefaultWaves("firmware", nil)}, fleet, *now)
	if err != nil {
		t.Fatal(err)
	}
	r.Report(rollout.Report{Device: "box-4", Board: "rpizero2w", At: *now})
	if err := book.Put(t.Context(), s, r, 0); err != nil {
		t.Fatal(err)
	}
	for path, wants := range map[string][]string{
		"/rollouts?lang=ja":              {"対象", "窓口 g01・rpi4 で動作"},
		"/rollout?id=firmware-2&lang=ja": {"窓口 g01・rpi4 で動作", "対象外の端末", "box-2", "この機種では動かない版です", "box-3", "これより新しい版がすでに入っています", "box-4", "機種が違った"},
		"/rollout?id=firmware-2&lang=en": {"office g01; runs on rpi4", "Boxes that it is not for", "rpizero2w", "are no failures", "It has a later version already"},
	} {
		_, text := ask(t, http.DefaultClient, "GET", srv.URL+path, nil)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
		if strings.Contains(text, "box-5") {
			t.Errorf("%s names a box of another office", path)
		}
	}
}

// TestRolloutWords: every text and name that the rollout's pages can ask for is there in both languages.
func TestRolloutWords(t *testing.T) {
	for _, l := range []tongue{"ja", "en"} {
		for _, key := range []string{"rollout_cause_stuck", "rollout_cause_early", "rollout_cause_rate", "rollout_reason_paused", "rollout_reason_aborted",
			"rollout_do_approve", "rollout_do_start", "rollout_do_pause", "rollout_do_resume", "rollout_do_abort", "rollout_note_approve", "rollout_note_abort", "rollout_by_keys", "rollout_cause_unproved",
			"rollout_outside_" + rollout.NotItsBoard, "rollout_outside_" + rollout.HasNewer} {
			if l.say(key) == key {
				t.Errorf("%s lacks %s", l, key)
			}
		}
		for _, p := range []rollout.Phase{rollout.Draft, rollout.Approved, rollout.Running, rollout.Soaking, rollout.Paused, rollout.Complete, rollout.Aborted, rollout.Superseded} {
			if allWords.names["phases"][string(p)] == nil {
				t.Errorf("%s has no name", p)
			}
		}
	}
	for _, st := range steps {
		if allWords.names["steps_of_box"][string(st.step)] == nil {
			t.Errorf("%s has no name", st.step)
		}
	}
}
