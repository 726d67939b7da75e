// SPDX-License-Identifier: Apache-2.0

package link

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/sync/enrol"
	"madoguchi/sync/wall"
)

// TestForget: the last word of a wiped box is published, retained, and only then told to be; before it nothing of what the box said comes again. When the PIN side wants it, key,
// certificate and everything else is erased, also without a line, and the run ends for good.
func TestForget(t *testing.T) {
	for _, up := range []bool{true, false} {
		dir := t.TempDir()
		for _, name := range []string{IdentityFile, oldIdentity, nextKey, AuthorityFile, "link.toml"} {
			must(t, enrol.Folder(dir).Keep(name, []byte(name)))
		}
		cert := filepath.Join(t.TempDir(), "cert.pem")
		must(t, os.WriteFile(cert, []byte("cert"), 0o600))
		s, addr := startBroker(t, nil)
		reported := listenTo(t, s, NewTopics("nabari", "box-1").Reported, 3)
		if !up {
			addr = "127.0.0.1:1" // where nobody answers
		}
		socket := filepath.Join(t.TempDir(), "wall.sock")
		l, err := net.Listen("unix", socket)
		must(t, err)
		defer l.Close()
		done := make(chan error, 1)
		go func() {
			o := quick(nil)
			r := newRunner(Config{City: "nabari", Device: "box-1", Wall: socket, DataDir: dir, CertFile: cert, KeyFile: cert}, o.withDefaults(), broker{addrs: []string{addr}, tls: []*tls.Config{nil}})
			done <- r.run(t.Context())
		}()
		conn, err := wall.NewListener(l, os.Getuid(), wall.Opts{}).Accept()
		must(t, err)
		say := func(f enrol.Farewell) {
			t.Helper()
			text, err := f.Encode()
			must(t, err)
			must(t, conn.Write(wall.Wipe, text))
		}
		hears := func() enrol.Gone {
			t.Helper()
			for {
				f, err := conn.Read()
				must(t, err)
				if f.Type == wall.Wipe {
					g, err := enrol.ParseGone(f.Body)
					must(t, err)
					return g
				}
			}
		}
		if up {
			say(enrol.Farewell{Word: []byte(`{"s":"madoguchi.reported/1"}`)})
			if p := next(t, reported); string(p.Payload) != `{"s":"madoguchi.reported/1"}` || !p.FixedHeader.Retain {
				t.Errorf("published %q, retained %v", p.Payload, p.FixedHeader.Retain)
			}
			if g := hears(); !g.Told || g.Gone {
				t.Errorf("%+v", g)
			}
			if _, err := os.Stat(filepath.Join(dir, IdentityFile)); err != nil {
				t.Errorf("the identity went with the last word: %v", err)
			}
		}
		say(enrol.Farewell{})
		if g := hears(); !g.Gone {
			t.Errorf("%+v", g)
		}
		conn.Close()
		select {
		case err := <-done:
			if !errors.Is(err, ErrForgotten) {
				t.Errorf("it ends with %v", err)
			}
		case <-time.After(limit):
			t.Fatal("it does not end")
		}
		if _, err := os.Stat(cert); err == nil {
			t.Error("the certificate is there")
		}
		if left, _ := enrol.Folder(dir).List(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}
