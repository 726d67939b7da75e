// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"madoguchi/cmd/internal/store"
)

// alert is something that a person should look at.
type alert struct {
	Kind, Device string // of an alarm that can be acknowledged; else empty
	Name         string // a stable name, for metrics
	Text, Where  string
	Count        int
	Day          string
	Seen         bool
}

func unseen(list []alert) int {
	n := 0
	for _, a := range list {
		if !a.Seen {
			n++
		}
	}
	return n
}

// alerts are the store's alarms, and what is seen from its state: line and
// database away, silent devices and offices, gaps.
func (s *site) alerts(ctx context.Context, l tongue) ([]alert, error) {
	var list []alert
	st := s.collector.Status()
	since := st.Since.In(japan).Format(time.DateOnly)
	if !st.Broker {
		list = append(list, alert{Name: "broker_away", Text: l.say("broker_away"), Day: since})
	}
	if !st.Database {
		list = append(list, alert{Name: "database_away", Text: l.say("database_away"), Day: since})
	}
	devices, err := s.source.Devices(ctx)
	if err != nil {
		return nil, err
	}
	now := s.opts.Now()
	for _, d := range devices {
		day := ""
		if !d.Contact.IsZero() {
			day = d.Contact.In(japan).Format(time.DateOnly)
		}
		if !d.Online && !d.Contact.IsZero() && now.Sub(d.Contact) > s.opts.Silent {
			list = append(list, alert{Name: "silent_device", Where: d.ID, Text: l.say("silent_device", int(s.opts.Silent.Hours())), Day: day})
		}
		if d.Missing > 0 {
			list = append(list, alert{Name: "gap", Where: d.ID, Text: l.say("gap", d.Missing), Day: day})
		}
	}
	list = append(list, illParts(l, devices)...)
	silent, err := s.silentOffices(ctx)
	if err != nil {
		return nil, err
	}
	f := figures{tongue: l, offices: s.opts.Offices}
	for _, g := range silent {
		list = append(list, alert{Name: "silent_office", Where: f.office(g), Text: l.say("silent_office"), Day: l.week(store.Week(now.AddDate(0, 0, -7)))})
	}
	alarms, err := s.source.Alarms(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range alarms {
		list = append(list, alert{Kind: a.Kind, Device: a.Device, Name: a.Kind, Text: l.name("alarms", a.Kind), Where: a.Device,
			Count: a.Count, Day: a.Day, Seen: a.Seen >= a.Count})
	}
	slices.SortStableFunc(list, func(x, y alert) int {
		if x.Seen == y.Seen {
			return 0
		}
		if x.Seen {
			return 1
		}
		return -1
	})
	return list, nil
}

// silentOffices are those without a single record of the week that ended last,
// though there were some in each of the four weeks before.
func (s *site) silentOffices(ctx context.Context) ([]string, error) {
	counts, err := s.source.Counts(ctx)
	if err != nil {
		return nil, err
	}
	now := s.opts.Now()
	weeks := map[string]map[string]bool{} // by office
	for _, c := range counts {
		if weeks[c.Group] == nil {
			weeks[c.Group] = map[string]bool{}
		}
		weeks[c.Group][c.Week] = true
	}
	ago := func(n int) string { return store.Week(now.AddDate(0, 0, -7*n)) }
	var silent []string
	for g, have := range weeks {
		if !have[ago(1)] && have[ago(2)] && have[ago(3)] && have[ago(4)] && have[ago(5)] {
			silent = append(silent, g)
		}
	}
	slices.Sort(silent)
	return silent, nil
}

func (s *site) alertPage(w http.ResponseWriter, r *http.Request) {
	v := s.begin(r, "alerts")
	list, err := s.alerts(r.Context(), v.tongue)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.enter(v, r, unseen(list))
	v.Alerts = &alertList{List: list, May: s.people != nil && visitorOf(r.Context()).may(acknowledge)}
	s.show(w, r, v, http.StatusOK)
}

// acknowledge notes that a person has looked at an alarm.
func (s *site) acknowledge(w http.ResponseWriter, r *http.Request) {
	count, err := strconv.Atoi(r.PostFormValue("count"))
	if err != nil {
		http.Error(w, "count is not a number", http.StatusBadRequest)
		return
	}
	kind, device := r.PostFormValue("kind"), r.PostFormValue("device")
	alarms, err := s.source.Alarms(r.Context())
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	if !slices.ContainsFunc(alarms, func(a store.Alarm) bool { return a.Kind == kind && a.Device == device }) {
		http.Error(w, "there is no such alarm", http.StatusBadRequest)
		return
	}
	if err := s.people.Acknowledge(r.Context(), kind, device, count); err != nil {
		s.trouble(w, r, err)
		return
	}
	s.note(r, "acknowledge", kind+" "+device)
	w.Header().Set("Location", "../alerts?lang="+string(language(r)))
	w.WriteHeader(http.StatusSeeOther)
}

func (s *site) fleetPage(w http.ResponseWriter, r *http.Request) {
	v := s.begin(r, "fleet")
	devices, err := s.source.Devices(r.Context())
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	list, err := s.alerts(r.Context(), v.tongue)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.enter(v, r, unseen(list))
	all := section{ID: "devices", Title: v.say("fleet_title"), Note: v.say("fleet_note"),
		Head: []string{v.say("device"), v.say("state"), v.say("contact"), v.say("firmware"), v.say("policy"), v.say("clock"), v.say("check"), v.say("waiting_n"), v.say("missing_n")}}
	versions := map[string]int{}
	online := 0
	for _, d := range devices {
		state, contact := v.say("is_offline"), v.say("not_heard")
		if d.Online {
			state = v.say("is_online")
			online++
		}
		if !d.Contact.IsZero() {
			contact = d.Contact.In(japan).Format("01-02 15:04")
		}
		versions[d.Firmware]++
		all.Rows = append(all.Rows, []string{d.ID, state, contact, orDash(d.Firmware), orDash(d.Policy), v.name("clocks", d.Clock), orDash(d.Check),
			number(int(d.Waiting)), number(int(d.Missing))})
	}
	kinds := section{ID: "versions", Title: v.say("versions_title"), Head: []string{v.say("version"), v.say("devices_n")}}
	for _, version := range largest(versions) {
		name := version
		if name == "" {
			name = v.say("unknown")
		}
		kinds.Rows = append(kinds.Rows, []string{name, number(versions[version])})
	}
	v.Tiles = []tile{{Value: number(online) + " / " + number(len(devices)), Name: v.say("tile_devices"), Bad: online < len(devices)}}
	v.Sections = []section{kinds, all}
	s.show(w, r, v, http.StatusOK)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
