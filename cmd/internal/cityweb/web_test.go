// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// wait bounds every wait for an event in these tests.
const wait = 10 * time.Second

// line is a collector that does what the test says.
type line struct {
	status  collector.Status
	changed chan struct{}
}

func (l *line) Status() collector.Status { return l.status }

func (l *line) Changed() <-chan struct{} { return l.changed }

var _ Collector = (*line)(nil)

type hall struct {
	store *store.Store
	line  *line
	url   string
	seq   uint64
}

func open(t *testing.T) *hall {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cityhall.db"), store.Opts{
		DigestKey: []byte("a key for tests only"),
		Now:       func() time.Time { return time.Date(2026, 11, 20, 9, 7, 31, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h := &hall{store: s, line: &line{changed: make(chan struct{}), status: collector.Status{Broker: true, Database: true, Since: time.Unix(1, 0)}}}
	mux := http.NewServeMux()
	mux.Handle("/cityhall/", http.StripPrefix("/cityhall", New(s, h.line, Opts{City: "nabari", TitleJa: "名張市", Live: true, K: 1, Gather: time.Millisecond, Ping: 20 * time.Millisecond, Streams: 2})))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	h.url = srv.URL + "/cityhall/"
	return h
}

// add stores a record as the collector would.
func (h *hall) add(t *testing.T, p record.Procedure, o record.Outcome, number int, g record.Group) record.Record {
	t.Helper()
	week, err := record.NewWeek(2026, number)
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.NewPO(p, o, week, g)
	if err != nil {
		t.Fatal(err)
	}
	h.seq++
	if _, err := h.store.Apply(t.Context(), store.Batch{Device: "box-a", Epoch: 7, First: h.seq, Items: []store.Item{{Body: r.Encode(), Facet: store.Facet{
		ID: r.ID(), Kind: r.Kind().String(), Week: week.String(), Group: g.String(), A: p.String(), B: o.String(),
	}}}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(text)
}

// TestRecords holds that the list is exactly the records' canonical JSON in the
// order of their ids: nothing more can leave.
func TestRecords(t *testing.T) {
	h := open(t)
	if status, _, text := get(t, h.url+"api/records"); status != 200 || text != "[]\n" {
		t.Errorf("empty: %d %q", status, text)
	}
	var want []string
	for range 50 {
		want = append(want, string(h.add(t, record.PinChange, record.Done, 47, 1).Encode()))
	}
	slices.SortFunc(want, func(a, b string) int {
		return strings.Compare(a[strings.Index(a, `"r"`):], b[strings.Index(b, `"r"`):])
	})
	_, head, text := get(t, h.url+"api/records")
	if head.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("content type %q", head.Get("Content-Type"))
	}
	var got []json.RawMessage
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	var lines []string
	var last record.Record
	for _, g := range got {
		r, err := record.Decode(g)
		if err != nil {
			t.Errorf("%s: %v", g, err)
		}
		lines, last = append(lines, string(g)), r
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		query  string
		status int
		n      int
	}{
		{"?limit=10", 200, 10}, {"?limit=0", 200, 0}, {"?limit=1000", 200, 50},
		{"?after=" + last.ID().String(), 200, 0}, {"?after=" + strings.Repeat("0", 32) + "&limit=5", 200, 5},
		{"?limit=-1", 400, 0}, {"?limit=x", 400, 0}, {"?after=xyz", 400, 0}, {"?order=time", 400, 0}, {"?limit=1&limit=2", 400, 0},
	} {
		status, _, text := get(t, h.url+"api/records"+c.query)
		var got []any
		if status == 200 {
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%s: %v", c.query, err)
			}
		}
		if status != c.status || len(got) != c.n {
			t.Errorf("%s: status %d with %d records, want %d with %d", c.query, status, len(got), c.status, c.n)
		}
	}
}

func TestCounts(t *testing.T) {
	h := open(t)
	if _, _, text := get(t, h.url+"api/counts"); text != `{"cases":0,"cells":[]}`+"\n" {
		t.Errorf("empty: %s", text)
	}
	h.add(t, record.PinChange, record.Done, 47, 1)
	h.add(t, record.PinChange, record.Done, 47, 1)
	h.add(t, record.PinCheck, record.Abandoned, 46, 2)
	_, _, text := get(t, h.url+"api/counts")
	want := `{"cases":3,"cells":[{"kind":"po","week":"2026-W46","group":"g02","procedure":"pin_check","outcome":"abandoned","n":1},` +
		`{"kind":"po","week":"2026-W47","group":"g01","procedure":"pin_change","outcome":"done","n":2}]}` + "\n"
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	h := open(t)
	h.line.status.Broker = false
	h.add(t, record.PinChange, record.Done, 47, 1)
	if err := errors.Join(h.store.SetPresence(t.Context(), store.Presence{Device: "box-a", Online: true, Session: 1}),
		h.store.Malformed(t.Context(), "box-b")); err != nil {
		t.Fatal(err)
	}
	_, _, text := get(t, h.url+"api/status")
	want := `{"city":"nabari","title":{"en":"nabari","ja":"名張市"},"broker":false,"database":true,"since":"1970-01-01T00:00:01Z",` +
		`"devices":[{"id":"box-a","online":true,"contact":"2026-11-20T09:00:00Z","missing":0}],` +
		`"alarms":[{"kind":"malformed","device":"box-b","count":1,"day":"2026-11-20"}],"counters":{"batches":1,"new":1}}` + "\n"
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEvents waits for one event at once, one for each change, and signs of
// life in between; a third stream finds no room.
func TestEvents(t *testing.T) {
	h := open(t)
	next := func(lines <-chan string, want string) {
		t.Helper()
		late := time.After(wait)
		for {
			select {
			case got := <-lines:
				if got == want {
					return
				}
			case <-late:
				t.Fatalf("%q never came", want)
			}
		}
	}
	stream := func() (<-chan string, context.CancelFunc) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", h.url+"api/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Fatalf("content type %q", got)
		}
		lines := make(chan string, 1000)
		go func() {
			defer answer.Body.Close()
			for s := bufio.NewScanner(answer.Body); s.Scan(); {
				lines <- s.Text()
			}
		}()
		return lines, cancel
	}
	a, cancelA := stream()
	defer cancelA()
	b, cancelB := stream()
	defer cancelB()
	if status, _, _ := get(t, h.url+"api/events"); status != http.StatusServiceUnavailable {
		t.Errorf("a third stream: status %d, want 503", status)
	}
	for _, lines := range []<-chan string{a, b} {
		next(lines, "event: change")
		next(lines, ": ping")
	}
	h.add(t, record.PinChange, record.Done, 47, 1)
	next(a, "event: change")
	next(b, "event: change")
	close(h.line.changed)
	next(a, "event: change")
}

// broken is a source whose database is gone.
type broken struct{ *store.Store }

func (broken) Facets(context.Context, [16]byte) iter.Seq2[store.Facet, error] {
	return func(yield func(store.Facet, error) bool) {
		if yield(store.Facet{Kind: "po"}, nil) {
			yield(store.Facet{}, errors.New("disk gone"))
		}
	}
}

func (broken) Counts(context.Context) ([]store.Count, error) { return nil, errors.New("disk gone") }

func (broken) Devices(context.Context) ([]store.Device, error) { return nil, errors.New("disk gone") }

// half is a source whose database goes while the facets are read.
type half struct{ broken }

func (half) Counts(context.Context) ([]store.Count, error) {
	return []store.Count{{Kind: "po", N: 1}}, nil
}

// TestDatabaseGone answers 503 without details, and never half a list as if it
// were the whole.
func TestDatabaseGone(t *testing.T) {
	h := open(t)
	srv := httptest.NewServer(New(broken{h.store}, h.line, Opts{City: "nabari"}))
	defer srv.Close()
	for _, path := range []string{"/api/counts", "/api/status"} {
		if status, _, text := get(t, srv.URL+path); status != 503 || strings.Contains(text, "disk") {
			t.Errorf("%s: %d %q", path, status, text)
		}
	}
	srv = httptest.NewServer(New(half{broken{h.store}}, h.line, Opts{City: "nabari", Live: true, K: 1}))
	defer srv.Close()
	r, err := http.Get(srv.URL + "/api/records")
	if err == nil {
		defer r.Body.Close()
		if text, err := io.ReadAll(r.Body); err == nil {
			t.Errorf("half a list came whole: %q", text)
		}
	}
}

func TestLocal(t *testing.T) {
	h := Local(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for host, want := range map[string]int{
		"127.0.0.1:8090": 200, "127.0.0.1": 200, "localhost:1": 200, "[::1]:8090": 200, "[::1]": 200, "::1": 200,
		"example.lg.jp": 421, "127.0.0.1.example.jp:80": 421, "192.0.2.1:8090": 421, "": 421,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestOnlyReading(t *testing.T) {
	h := open(t)
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		for _, path := range []string{"", "api/records", "api/status"} {
			r, err := http.NewRequest(method, h.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d, want 405", method, path, answer.StatusCode)
			}
		}
	}
}
