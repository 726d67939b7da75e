// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
)

// act is a form.
type act struct {
	Do, Name, Note  string
	Reason, Confirm bool // a reason is asked for; the password is
	Must            bool // the reason must be given
	Bad             bool
}

// acts are the forms that a visitor may use now.
func (v *view) acts(r *rollout.Rollout, who visitor, accounts bool) {
	if !who.may(steer) {
		if !r.Final() {
			v.Rollout.Hint = v.say("rollout_only_admin")
		}
		return
	}
	add := func(a act) {
		a.Name, a.Note = v.say("rollout_do_"+a.Do), v.say("rollout_note_"+a.Do)
		v.Rollout.Acts = append(v.Rollout.Acts, a)
	}
	switch {
	case r.Phase == rollout.Draft && !accounts:
		v.Rollout.Hint = v.say("rollout_by_keys", r.Plan.ID)
	case r.Phase == rollout.Draft && r.Plan.Author.Name == who.Name:
		v.Rollout.Hint = v.say("rollout_yours")
	case r.Phase == rollout.Draft && r.Plan.Author.By != rollout.ByAccount:
		v.Rollout.Hint = v.say("rollout_by_keys", r.Plan.ID)
	case r.Phase == rollout.Draft:
		add(act{Do: "approve", Confirm: true})
	case r.Phase == rollout.Approved:
		add(act{Do: "start"})
	case r.Phase == rollout.Running, r.Phase == rollout.Soaking:
		add(act{Do: "pause", Reason: true, Must: true})
	case r.Phase == rollout.Paused:
		add(act{Do: "resume", Reason: true, Must: r.Cause != nil})
	}
	if !r.Final() {
		add(act{Do: "abort", Reason: true, Must: true, Bad: true})
	}
}

// maxReason is the longest reason, in bytes.
const maxReason = 400

// errPassword says that the second look at the password failed.
var errPassword = errors.New("wrong password")

// rolloutAct does what a form asks.
func (s *site) rolloutAct(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id, do, reason := r.PostFormValue("id"), r.PostFormValue("do"), strings.Join(strings.Fields(r.PostFormValue("reason")), " ")
	l := language(r)
	who := visitorOf(r.Context())
	name := who.Name
	if name == "" {
		name = "local"
	}
	if len(reason) > maxReason || reason == "" && (do == "pause" || do == "abort") {
		s.oneRollout(w, r, id, l.say("rollout_want_reason"), http.StatusBadRequest)
		return
	}
	if do == "approve" {
		if err := s.again(r.Context(), who, r.PostFormValue("password")); err != nil {
			s.noteAs(r.Context(), name, "rollout refused", id+" "+do)
			s.oneRollout(w, r, id, l.say("rollout_bad_password"), http.StatusForbidden)
			return
		}
	}
	now := s.opts.Now()
	_, err := book.Change(r.Context(), s.opts.Rollouts, id, false, func(ro *rollout.Rollout) error {
		switch do {
		case "approve":
			return ro.Approve(rollout.Person{Name: who.Name, By: rollout.ByAccount}, now)
		case "start":
			return ro.Start(name, now)
		case "pause":
			return ro.Pause(name, reason, now)
		case "resume":
			return ro.Resume(name, reason, now)
		case "abort":
			return ro.Abort(name, reason, now)
		}
		return errors.New("no such act")
	})
	switch {
	case errors.Is(err, book.ErrUnknown):
		s.say(w, r, http.StatusNotFound, "not_found")
		return
	case errors.Is(err, rollout.ErrWhy):
		s.oneRollout(w, r, id, l.say("rollout_want_reason"), http.StatusBadRequest)
		return
	case errors.Is(err, rollout.ErrSamePerson):
		s.oneRollout(w, r, id, l.say("rollout_yours"), http.StatusConflict)
		return
	case errors.Is(err, rollout.ErrPhase):
		s.oneRollout(w, r, id, l.say("rollout_moved_on"), http.StatusConflict)
		return
	case err != nil:
		s.trouble(w, r, err)
		return
	}
	s.noteAs(r.Context(), name, "rollout "+do, strings.TrimSpace(id+" "+reason))
	w.Header().Set("Location", "../rollout?"+url.Values{"id": {id}, "lang": {string(l)}}.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

// again asks for the password a second time: an approval is a person's, and not that of a screen that was left open.
func (s *site) again(ctx context.Context, who visitor, password string) error {
	if s.gate == nil || who.Name == "" {
		return errPassword // without accounts there is nobody who could approve here
	}
	a, _, err := s.gate.logIn(ctx, who.Name, password)
	if err == nil && a.Name == "" {
		err = errPassword
	}
	return err
}
