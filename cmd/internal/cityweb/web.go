// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"embed"
	"io/fs"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"

	"github.com/alexedwards/scs/v2"
)

//go:embed assets
var assets embed.FS

// Records is where the facets come from; *store.Store is one.
type Records interface {
	// Facets yields the facets in the order of their random ids, after one.
	Facets(ctx context.Context, after [16]byte) iter.Seq2[store.Facet, error]
	Counts(context.Context) ([]store.Count, error)
}

// Fleet is where the state of the devices comes from; *store.Store is one.
type Fleet interface {
	Devices(context.Context) ([]store.Device, error)
	Alarms(context.Context) ([]store.Alarm, error)
	Counters(context.Context) (map[string]int64, error)
}

// Live tells changes: the channel is closed at the next one.
type Live interface{ Changed() <-chan struct{} }

// Source is everything that the page shows of the database.
type Source interface {
	Records
	Fleet
	Live
}

// Collector is what the page shows of the line; *collector.Collector is one.
type Collector interface {
	Status() collector.Status
	Live
}

var (
	_ Source    = (*store.Store)(nil)
	_ Collector = (*collector.Collector)(nil)
)

// Opts configures the pages. The zero value of a field means the default.
type Opts struct {
	// City is the city code. TitleJa and TitleEn are its names for people;
	// default the code.
	City, TitleJa, TitleEn string
	// Offices names office groups ("g07") in Japanese and English. Default: by
	// their number.
	Offices map[string][2]string
	// K is the least number that is shown. Default 5.
	K int
	// Live shows records as they arrive, whatever their week: for the simulator,
	// where nobody real stands at the counter.
	Live bool
	// Silent is after how long a device counts as silent. Default 24 h.
	Silent time.Duration
	// People keeps accounts and the audit log. Default: none, which is for the
	// simulator.
	People People
	// Rollouts keeps the rollouts of the fleet. Default: none, and no page of them.
	Rollouts Rollouts
	// Wipes keeps the orders to wipe boxes, which stand on the page of the rollouts. Default: none.
	Wipes Wipes
	// Sessions keeps log-in sessions. With it, every page needs an account.
	Sessions scs.CtxStore
	// Secure says that browsers come over TLS only.
	Secure bool
	// MetricsToken is the bearer token for /metrics. Without it metrics are
	// served only where pages need no account.
	MetricsToken string
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log receives what goes wrong while answering. Default: none.
	Log *slog.Logger
	// Ping is the time between signs of life on an idle event stream. Default 15 s.
	Ping time.Duration
	// Gather is how long changes are gathered into one event. Default 100 ms.
	Gather time.Duration
	// Streams is how many event streams may be open at once. Default 64.
	Streams int
}

// DefaultOpts are the defaults; City has none.
var DefaultOpts = Opts{K: 5, Silent: 24 * time.Hour, Now: time.Now, Ping: 15 * time.Second, Gather: 100 * time.Millisecond, Streams: 64}

// rootURL asks for nothing.
var rootURL = &url.URL{Path: "/"}

type site struct {
	source    Source
	collector Collector
	people    People
	gate      *gate
	opts      Opts
	streams   chan struct{}
	counted   struct {
		sync.Mutex
		rel   store.Released
		until time.Time
	}
}

// New makes the handler. Behind a prefix, use http.StripPrefix and a pattern
// that ends with a slash, as in mux.Handle("/cityhall/", …).
func New(source Source, c Collector, opts Opts) http.Handler {
	d := DefaultOpts
	setDefault(&opts.TitleJa, opts.City)
	setDefault(&opts.TitleEn, opts.City)
	setDefault(&opts.K, d.K)
	setDefault(&opts.Silent, d.Silent)
	setDefault(&opts.Ping, d.Ping)
	setDefault(&opts.Gather, d.Gather)
	setDefault(&opts.Streams, d.Streams)
	if opts.Now == nil {
		opts.Now = d.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &site{source: source, collector: c, people: opts.People, opts: opts, streams: make(chan struct{}, opts.Streams)}
	if opts.Sessions != nil {
		s.gate = newGate(opts.People, opts.Sessions, opts.Secure, opts.Now)
	}
	return headers(s.routes())
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (s *site) routes() http.Handler {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the name above is not a valid path
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		first := "overview"
		if s.opts.Live {
			first = "live"
		}
		w.Header().Set("Location", first)
		w.WriteHeader(http.StatusFound)
	})
	for _, p := range pages {
		mux.HandleFunc("GET /"+p.name, s.looked(nil, p.name, s.figurePage(p.name, p.build)))
	}
	mux.HandleFunc("GET /chart.svg", s.chart)
	mux.HandleFunc("GET /fleet", s.looked(nil, "fleet", s.fleetPage))
	mux.HandleFunc("GET /alerts", s.looked(nil, "alerts", s.alertPage))
	mux.HandleFunc("GET /exports", s.looked(nil, "exports", s.exportPage))
	mux.HandleFunc("GET /export/figures.csv", s.exportCSV)
	mux.HandleFunc("GET /export/figures.json", s.exportJSON)
	if s.people != nil {
		mux.HandleFunc("GET /audit", s.looked(allows(seeAudit), "audit", s.auditPage))
		mux.HandleFunc("POST /alerts/seen", s.looked(allows(acknowledge), "", s.acknowledge))
	}
	if s.opts.Rollouts != nil {
		mux.HandleFunc("GET /rollouts", s.looked(nil, "rollouts", s.rolloutList))
		mux.HandleFunc("GET /rollout", s.looked(nil, "rollouts", s.rolloutPage))
		mux.HandleFunc("POST /rollout/act", s.looked(allows(steer), "", s.rolloutAct))
	}
	mux.HandleFunc("GET /live", s.looked(allows(seeRecords), "live", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "page.html")
	}))
	mux.HandleFunc("GET /api/records", s.looked(allows(seeRecords), "", s.records))
	mux.HandleFunc("GET /api/counts", s.counts)
	mux.HandleFunc("GET /api/status", s.status)
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { s.say(w, r, http.StatusNotFound, "not_found") })
	mux.Handle("GET /assets/", http.StripPrefix("/assets", http.FileServerFS(files)))
	outer := http.NewServeMux()
	outer.Handle("/", s.guard(mux))
	outer.Handle("GET /metrics", s.metrics())
	return outer
}

// headers says to the browser that the page needs nothing from elsewhere and
// may be framed only by a page of the same origin (the front panel).
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'; form-action 'self'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// Local refuses requests whose Host is not this machine's loopback.
func Local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopbackHost(r.Host) {
			http.Error(w, "this page answers only at its loopback address", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
