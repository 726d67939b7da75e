// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/broker"
	"madoguchi/device/update"
)

// What a delivery is measured against: the same chunks pushed through the same broker, and the same file over HTTPS.

// plain is clients of the broker that know nothing of updates. They count what comes, or also do what no delivery can leave out: verify each chunk and the whole, and store it.
type plain struct {
	*rig
	from paho.Client
	to   []*taker
	left atomic.Int64 // clients that lack something
	all  chan struct{}
}

// taker is one of them.
type taker struct {
	*plain
	lack int // messages that have not come
	keeping
}

// keeping is what a client does with what comes.
type keeping struct {
	file  *os.File // nil: it only counts
	list  []update.Chunk
	at    int64
	whole hash.Hash
	sum   update.Digest // that whole shall have
}

func (r *rig) plain(n int) *plain {
	r.Helper()
	p := &plain{rig: r, all: make(chan struct{}, 1)}
	for i := range n {
		t := &taker{plain: p}
		p.to = append(p.to, t)
		r.client(fmt.Sprintf("plain-%d", i), p.topic(i), func(_ paho.Client, m paho.Message) { t.take(m.Payload()) })
	}
	p.from = r.client(broker.DirectorCheckID, "", nil)
	return p
}

func (*plain) topic(i int) string { return fmt.Sprintf("mg/1/nabari/d/plain-%d/chunk", i) }

// take is given one message after another, in order.
func (t *taker) take(body []byte) {
	if t.file != nil {
		if err := t.keep(body); err != nil {
			t.Error(err)
		}
	}
	if t.lack--; t.lack > 0 {
		return
	}
	if t.file != nil && update.Digest(t.whole.Sum(nil)) != t.sum {
		t.Error("the whole is another one")
	}
	if t.left.Add(-1) == 0 {
		t.all <- struct{}{}
	}
}

// keep does with a chunk what no delivery that verifies can leave out.
func (s *keeping) keep(chunk []byte) error {
	if update.Sum(chunk) != s.list[0].SHA256 {
		return fmt.Errorf("the chunk at %d is another one", s.at)
	}
	if _, err := s.file.WriteAt(chunk, s.at); err != nil {
		return err
	}
	s.whole.Write(chunk)
	s.list, s.at = s.list[1:], s.at+int64(len(chunk))
	return nil
}

// push publishes a file's chunks to every client and returns the seconds until all have all; with a manifest, until all have verified and stored all.
func (p *plain) push(path string, m *update.Manifest) float64 {
	p.Helper()
	f, err := os.Open(path)
	must(p, err)
	defer f.Close()
	var chunks [][]byte
	var list []update.Chunk
	_, _, err = update.Cut(f, func(c update.Chunk, data []byte) error {
		chunks, list = append(chunks, append([]byte(nil), data...)), append(list, c)
		return nil
	})
	must(p, err)
	for i, t := range p.to {
		t.keeping = keeping{}
		if m != nil {
			to, err := os.Create(filepath.Join(p.dir, fmt.Sprintf("stored-%d", i)))
			must(p, err)
			defer os.Remove(to.Name())
			defer to.Close()
			t.keeping = keeping{file: to, list: list, whole: sha256.New(), sum: m.SHA256}
		}
	}
	return p.send(chunks)
}

func (p *plain) send(bodies [][]byte) float64 {
	p.Helper()
	p.left.Store(int64(len(p.to)))
	for _, t := range p.to {
		t.lack = len(bodies)
	}
	began := time.Now()
	for _, body := range bodies {
		for i := range p.to {
			p.from.Publish(p.topic(i), 0, false, body)
		}
	}
	select {
	case <-p.all:
	case <-time.After(limit):
		p.Fatalf("%d of %d clients lack something", p.left.Load(), len(p.to))
	}
	return time.Since(began).Seconds()
}

// download fetches a file by as many clients over HTTPS and returns the seconds until the last has written it.
func (r *rig) download(n int, path string) float64 {
	r.Helper()
	certFile, keyFile, err := r.ca.Issue("depot", true)
	must(r, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(r, err)
	server := &http.Server{Handler: http.FileServer(http.Dir(filepath.Dir(path))), TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13}, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	go server.ServeTLS(l, certFile, keyFile)
	defer server.Close()
	config := r.tls("reader")
	var all sync.WaitGroup
	began := time.Now()
	for i := range n {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: config.Clone()}}
		all.Go(func() {
			defer c.CloseIdleConnections()
			if err := save(c, "https://"+l.Addr().String()+"/"+filepath.Base(path), filepath.Join(r.dir, fmt.Sprintf("download-%d", i))); err != nil {
				r.Error(err)
			}
		})
	}
	all.Wait()
	return time.Since(began).Seconds()
}

// save downloads a file and removes it.
func save(c *http.Client, url, to string) error {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer os.Remove(to)
	defer f.Close()
	resp, err := c.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	_, err = io.Copy(f, resp.Body)
	return err
}
