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
	"time"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
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

// Opts configures the page. The zero value of a field means the default.
type Opts struct {
	// City is the city code. TitleJa and TitleEn are its names for people;
	// default the code.
	City, TitleJa, TitleEn string
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
var DefaultOpts = Opts{Ping: 15 * time.Second, Gather: 100 * time.Millisecond, Streams: 64}

type site struct {
	source    Source
	collector Collector
	opts      Opts
	streams   chan struct{}
}

// New makes the handler. Behind a prefix, use http.StripPrefix and a pattern
// that ends with a slash, as in mux.Handle("/cityhall/", …).
func New(source Source, c Collector, opts Opts) http.Handler {
	d := DefaultOpts
	if opts.TitleJa == "" {
		opts.TitleJa = opts.City
	}
	if opts.TitleEn == "" {
		opts.TitleEn = opts.City
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Ping == 0 {
		opts.Ping = d.Ping
	}
	if opts.Gather == 0 {
		opts.Gather = d.Gather
	}
	if opts.Streams == 0 {
		opts.Streams = d.Streams
	}
	s := &site{source: source, collector: c, opts: opts, streams: make(chan struct{}, opts.Streams)}
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the name above is not a valid path
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "page.html")
	})
	mux.Handle("GET /assets/", http.StripPrefix("/assets", http.FileServerFS(files)))
	mux.HandleFunc("GET /api/records", s.records)
	mux.HandleFunc("GET /api/counts", s.counts)
	mux.HandleFunc("GET /api/status", s.status)
	mux.HandleFunc("GET /api/events", s.events)
	return headers(mux)
}

// headers says to the browser that the page needs nothing from elsewhere and
// may be framed only by a page of the same origin (the front panel).
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'; form-action 'none'; base-uri 'none'")
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
