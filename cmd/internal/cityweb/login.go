// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"time"
)

// accountKey is where a session keeps the account's name.
const accountKey = "account"

// guard lets through who is logged in, and everybody where there are no
// accounts (which cmd/cityhall allows on the loopback interface only).
func (s *site) guard(next http.Handler) http.Handler {
	// Forms of other sites are refused by their Origin or Sec-Fetch-Site: a page that an admin has open elsewhere reaches the loopback interface, too.
	foreign := http.NewCrossOriginProtection()
	if s.gate == nil {
		return foreign.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, visitor{local: true})))
		}))
	}
	return foreign.Handler(s.gate.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/assets/"):
			next.ServeHTTP(w, r)
			return
		case r.URL.Path == "/login":
			s.login(w, r)
			return
		case r.URL.Path == "/logout" && r.Method == http.MethodPost:
			s.logout(w, r)
			return
		}
		who, in, err := s.gate.account(r.Context(), s.gate.sessions.GetString(r.Context(), accountKey))
		switch {
		case err != nil:
			s.trouble(w, r, err)
		case !in && strings.HasPrefix(r.URL.Path, "/api/"):
			http.Error(w, "log in first", http.StatusUnauthorized)
		case !in:
			w.Header().Set("Location", s.up(r)+"login?lang="+string(language(r)))
			w.WriteHeader(http.StatusSeeOther)
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, who)))
		}
	})))
}

// up leads from a page to the root, without knowing what stands before it.
func (s *site) up(r *http.Request) string {
	return strings.Repeat("../", max(0, strings.Count(r.URL.Path, "/")-1))
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	v := s.begin(r, "login")
	v.Title, v.Login = v.say("login_title"), true
	if r.Method != http.MethodPost {
		s.show(w, r, v, http.StatusOK)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	name := r.PostFormValue("account")
	a, wait, err := s.gate.logIn(r.Context(), name, r.PostFormValue("password"))
	switch {
	case errors.Is(err, ErrWait):
		v.Message = v.say("login_wait", int(math.Ceil(wait.Minutes())))
		s.show(w, r, v, http.StatusTooManyRequests)
	case err != nil:
		s.trouble(w, r, err)
	case a.Name == "":
		// Which name was tried is not noted: people type passwords there.
		s.noteAs(r.Context(), "-", "login_failed", "")
		v.Message = v.say("login_bad")
		s.show(w, r, v, http.StatusForbidden)
	default:
		// A new token, so that one that was planted before is worth nothing.
		if err := s.gate.sessions.RenewToken(r.Context()); err != nil {
			s.trouble(w, r, err)
			return
		}
		s.gate.sessions.Put(r.Context(), accountKey, a.Name)
		s.noteAs(r.Context(), a.Name, "login", "")
		w.Header().Set("Location", "overview?lang="+v.Lang())
		w.WriteHeader(http.StatusSeeOther)
	}
}

func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	name := s.gate.sessions.GetString(r.Context(), accountKey)
	if err := s.gate.sessions.Destroy(r.Context()); err != nil {
		s.trouble(w, r, err)
		return
	}
	if name != "" {
		s.noteAs(r.Context(), name, "logout", "")
	}
	w.Header().Set("Location", "login?lang="+string(language(r)))
	w.WriteHeader(http.StatusSeeOther)
}

// note writes what a visitor did into the audit log.
func (s *site) note(r *http.Request, action, what string) {
	name := visitorOf(r.Context()).Name
	if name == "" {
		name = "local"
	}
	s.noteAs(r.Context(), name, action, what)
}

func (s *site) noteAs(ctx context.Context, name, action, what string) {
	if s.people == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.people.Note(ctx, name, action, what); err != nil {
		s.opts.Log.Error("audit log not written", "err", err)
	}
}

// looked notes a page that was looked at, for those who have a right to it.
func (s *site) looked(needs func(visitor) bool, what string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if needs != nil && !needs(visitorOf(r.Context())) {
			s.say(w, r, http.StatusForbidden, "forbidden")
			return
		}
		if s.gate != nil && what != "" {
			s.note(r, "look", what)
		}
		next(w, r)
	}
}

func allows(r right) func(visitor) bool { return func(v visitor) bool { return v.may(r) } }

// auditPage shows the newest lines of the audit log.
func (s *site) auditPage(w http.ResponseWriter, r *http.Request) {
	v := s.begin(r, "audit")
	lines, err := s.people.Audits(r.Context(), 200)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.enter(v, r, 0)
	sec := section{ID: "audit", Text: true, Title: v.say("audit_title"), Note: v.say("audit_note"),
		Head: []string{"#", v.say("audit_at"), v.say("audit_who"), v.say("audit_action"), v.say("audit_what")}}
	for _, a := range lines {
		sec.Rows = append(sec.Rows, []string{number(int(a.N)), a.At.In(japan).Format("2006-01-02 15:04:05"), a.Who, v.name("actions", a.Action), a.What})
	}
	v.Sections = []section{sec}
	s.show(w, r, v, http.StatusOK)
}
