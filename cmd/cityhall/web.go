// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	"github.com/pelletier/go-toml/v2"
)

// isLoopback says whether only this machine reaches an address.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// checkListen refuses an address that others reach without TLS.
func (c config) checkListen() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("--listen %q: want host and port, as in 127.0.0.1:8090", c.Listen)
	}
	if !isLoopback(c.Listen) && c.Cert == "" {
		return fmt.Errorf("--listen %q: beyond this machine's loopback address (127.0.0.1, ::1, localhost) the pages want --tls-cert and --tls-key", c.Listen)
	}
	return nil
}

// page makes the pages. Once there is an account, every page wants one; without
// any, they are served on the loopback interface only.
func (c config) page(ctx context.Context, db *store.Store, line *collector.Collector, log *slog.Logger) (http.Handler, error) {
	accounts, err := db.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	if len(accounts) == 0 && !isLoopback(c.Listen) {
		return nil, usageError{errors.New("there is no account yet: make one with `cityhall account set NAME --role admin`, or listen on 127.0.0.1")}
	}
	token, err := readSecret("metrics token", c.TokenFile)
	if err != nil {
		return nil, err
	}
	offices, err := readOffices(c.Offices)
	if err != nil {
		return nil, err
	}
	o := cityweb.Opts{City: c.City, TitleJa: c.TitleJa, TitleEn: c.TitleEn, Offices: offices, K: c.K, Silent: c.Silent,
		People: db, Rollouts: db, Wipes: db, Secure: c.Cert != "", MetricsToken: token, Log: log}
	if len(accounts) > 0 {
		o.Sessions = db.Sessions()
	}
	if err := db.Note(ctx, "-", "start", version); err != nil {
		return nil, err
	}
	page := cityweb.New(db, line, o)
	switch {
	case isLoopback(c.Listen) && c.Host == "":
		page = cityweb.Local(page)
	case c.Host != "":
		page = only(c.Host, page)
	}
	return page, nil
}

// only refuses requests for another host name, so that a web page elsewhere
// cannot read these by rebinding its own.
func only(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Host
		if h, _, err := net.SplitHostPort(asked); err == nil {
			asked = h
		}
		if !strings.EqualFold(asked, host) {
			http.Error(w, "these pages are at "+host, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// listen opens the address, with TLS if there is a certificate.
func (c config) listen() (net.Listener, error) {
	var config *tls.Config
	if c.Cert != "" {
		cert, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("reading certificate of the pages: %w", err)
		}
		config = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	}
	l, err := net.Listen("tcp", c.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w; choose another with --listen, or 127.0.0.1:0 for any free one", err)
	}
	if err != nil {
		return nil, err
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

// brokerTLS is how the broker is trusted, and how the broker trusts us.
func (c config) brokerTLS() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS13}
	if c.BrokerCA != "" {
		text, err := os.ReadFile(c.BrokerCA)
		if err != nil {
			return nil, fmt.Errorf("reading the broker's authority: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("reading the broker's authority: %s holds no certificate", c.BrokerCA)
		}
	}
	if c.BrokerCert != "" {
		cert, err := tls.LoadX509KeyPair(c.BrokerCert, c.BrokerKey)
		if err != nil {
			return nil, fmt.Errorf("reading our certificate for the broker: %w", err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// readOffices reads the names of office groups:
//
//	[g01]
//	ja = "本庁 市民課"
//	en = "City hall"
func readOffices(path string) (map[string][2]string, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading offices: %w", err)
	}
	defer f.Close()
	var list map[string]struct{ Ja, En string }
	if err := toml.NewDecoder(f).DisallowUnknownFields().Decode(&list); err != nil {
		return nil, fmt.Errorf("reading offices: %s: %w", path, err)
	}
	names := map[string][2]string{}
	for g, n := range list {
		if _, err := record.ParseGroup(g); err != nil {
			return nil, fmt.Errorf("reading offices: %s: %w", path, err)
		}
		if n.Ja == "" || n.En == "" {
			return nil, fmt.Errorf("reading offices: %s: group %s wants ja and en", path, g)
		}
		names[g] = [2]string{n.Ja, n.En}
	}
	return names, nil
}
