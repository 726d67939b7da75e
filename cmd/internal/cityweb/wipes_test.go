// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wipe"
)

// TestWipes: the page of the rollouts says which boxes are to be wiped, what each waits for, and what was lost of those that were; a box's own words never come onto it.
func TestWipes(t *testing.T) {
	srv, s, now := city(t, false)
	page := func(lang string) string {
		t.Helper()
		status, text := ask(t, http.DefaultClient, "GET", srv.URL+"/rollouts?lang="+lang, nil)
		if status != http.StatusOK {
			t.Fatalf("%d\n%s", status, text)
		}
		return text
	}
	if strings.Contains(page("ja"), "端末の消去") {
		t.Error("a heading over nothing")
	}
	order := func(id string, do func(*wipe.Order), said string) {
		t.Helper()
		if err := s.EnrolBox(t.Context(), id, "g01"); err != nil {
			t.Fatal(err)
		}
		o := wipe.New(id, "", rollout.Person{Name: "soumu", By: rollout.ByAccount}, "本庁へ戻す", *now, wipe.Life)
		if do != nil {
			do(o)
		}
		if err := wipe.Put(t.Context(), s, wipe.Kept{Order: o}); err != nil {
			t.Fatal(err)
		}
		if said != "" {
			raw := `{"update":{"wipe":{"serial":"` + o.Serial + `","code":"` + said + `"}}}`
			if err := s.Heard(t.Context(), []store.Box{{ID: id, Reported: []byte(raw), Heard: *now}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	order("box-01", nil, "")
	order("box-02", func(o *wipe.Order) {
		o.Override = &wipe.Override{By: rollout.Person{Name: "joho", By: rollout.ByAccount}}
	}, "unsent")
	order("box-03", func(o *wipe.Order) { o.Wiped = &wipe.Outcome{At: *now, Lost: 3, Kept: 12} }, "")
	order("box-04", func(o *wipe.Order) { o.Cancelled = &wipe.Act{By: "soumu"} }, "")
	order("box-05", func(o *wipe.Order) { o.Until = now.Add(-time.Hour) }, "")
	order("box-06", nil, "<b>hello</b>")
	ja, en := page("ja"), page("en")
	for _, want := range []string{"端末の消去", "指示ずみ", "記録が市役所のバックアップに入るのを待っている", "joho が申請", "失われた記録 3 件、バックアップ前の記録 12 件", "期限切れ", "本庁へ戻す"} {
		if !strings.Contains(ja, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	for _, want := range []string{"Boxes to be wiped", "3 records lost, 12 in no backup", "to be approved"} {
		if !strings.Contains(en, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(ja, "box-04") || strings.Contains(ja, "<b>hello") {
		t.Error("it says what is over, or what a box has made up")
	}
}
