// SPDX-License-Identifier: Apache-2.0

package frontpanel

import (
	"bytes"
	"embed"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/world"
)

//go:generate go run ./internal/subset assets
//go:embed assets
var assets embed.FS

// Opts configures the front panel. The zero value of a field means the default.
type Opts struct {
	// Headless leaves the page out: the JSON interface only.
	Headless bool
	// Log receives what goes wrong while answering. Default: none.
	Log *slog.Logger
}

// server answers for one world.
type server struct {
	world *world.World
	log   *slog.Logger
}

// New makes the handler of a world.
func New(w *world.World, opts Opts) http.Handler {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{w, opts.Log}
	mux := http.NewServeMux()
	s.route(mux, "/api/panel.png", "GET", s.panel)
	s.route(mux, "/api/panel.txt", "GET", s.words)
	s.route(mux, "/api/state", "GET", s.state)
	s.route(mux, "/api/events", "GET", s.events)
	s.route(mux, "/api/key", "POST", s.key)
	s.route(mux, "/api/cards", "GET", s.cards)
	s.route(mux, "/api/card", "POST", s.card)
	s.route(mux, "/api/line", "POST", s.line)
	s.route(mux, "/api/broker", "POST", s.broker)
	s.route(mux, "/api/lid", "POST", s.lid)
	s.route(mux, "/api/power", "POST", s.power)
	s.route(mux, "/api/clock", "POST", s.clock)
	s.route(mux, "/api/issuer", "POST", s.issuer)
	s.route(mux, "/api/cityhall/records", "GET", s.records)
	s.route(mux, "/api/world", "GET", s.switches)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, &CallError{http.StatusNotFound, "no such call", r.URL.Path, "see go doc madoguchi/cmd/internal/frontpanel"})
	})
	if !opts.Headless {
		files, err := fs.Sub(assets, "assets")
		if err != nil {
			panic(err) // the name above is not a valid path
		}
		page := http.FileServerFS(files)
		s.route(mux, "/", "GET", func(w http.ResponseWriter, r *http.Request) error {
			page.ServeHTTP(w, r)
			return nil
		})
	}
	mux.Handle("/cityhall/", http.StripPrefix("/cityhall", w.CityHall()))
	return cityweb.Local(guard(mux))
}

// route serves one call with one method. Whatever it returns is told the caller.
func (s *server) route(mux *http.ServeMux, path, method string, call func(http.ResponseWriter, *http.Request) error) {
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method && !(method == "GET" && r.Method == "HEAD") {
			w.Header().Set("Allow", method)
			refuse(w, r, &CallError{http.StatusMethodNotAllowed, r.Method + " is not taken here", path, "use " + method})
			return
		}
		if err := call(w, r); err != nil {
			s.log.Debug("call refused", "path", path, "err", err)
			refuse(w, r, err)
		}
	})
}

// guard tells the browser that the page needs nothing from elsewhere, and
// refuses what another site's page sends.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		site := r.Header.Get("Sec-Fetch-Site")
		if strings.HasPrefix(r.URL.Path, "/api/") && site != "" && !slices.Contains([]string{"same-origin", "none"}, site) {
			refuse(w, r, &CallError{http.StatusForbidden, "sent by another site's page", "Sec-Fetch-Site", "open the simulator's own page"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) panel(w http.ResponseWriter, r *http.Request) error {
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&out, s.world.Panel()); err != nil {
		return fmt.Errorf("drawing the glass: %w", err)
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(out.Bytes())
	return nil
}

// words is the screen for those who cannot see the glass, and for tests.
func (s *server) words(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	for _, l := range s.world.Words() {
		io.WriteString(w, l+"\n")
	}
	return nil
}

func (s *server) state(w http.ResponseWriter, r *http.Request) error {
	answer(w, http.StatusOK, s.world.State())
	return nil
}

func (s *server) switches(w http.ResponseWriter, r *http.Request) error {
	answer(w, http.StatusOK, s.world.Switches())
	return nil
}

func (s *server) cards(w http.ResponseWriter, r *http.Request) error {
	answer(w, http.StatusOK, struct {
		Cards []world.Card `json:"cards"`
	}{s.world.Cards()})
	return nil
}

// records hands on city hall's own list.
func (s *server) records(w http.ResponseWriter, r *http.Request) error {
	to := r.Clone(r.Context())
	to.URL.Path, to.URL.RawPath = "/api/records", ""
	s.world.CityHall().ServeHTTP(w, to)
	return nil
}
