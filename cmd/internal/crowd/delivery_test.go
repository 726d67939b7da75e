// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"crypto/tls"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/broker"
	"madoguchi/device/update"
)

var hundred = flag.Int64("hundred", 4, "MiB of the bundle that a hundred boxes take")

// BenchmarkDelivery is a bundle on its way to some boxes at once, over mosquitto and TLS 1.3: from the first box that asks until the last has it whole on its (memory)
// disk, every chunk and the whole verified. In turn with it the same chunks are pushed through the same broker to as many plain clients that only count, and the same file
// is downloaded over HTTPS by as many clients that only write it. Boxes, director and broker share this machine's processors.
func BenchmarkDelivery(b *testing.B) {
	for _, tt := range []struct {
		name   string
		boxes  int
		size   int64 // bytes
		rounds int
	}{{"1", 1, 64 << 20, 3}, {"10", 10, 64 << 20, 1}, {"100", 100, *hundred << 20, 1}} {
		b.Run(tt.name, func(b *testing.B) {
			r := newRig(b, unpaced, time.Second)
			whole := make(chan time.Time, tt.boxes)
			o := r.boxes()
			o.Whole = func(string, update.Manifest) { whole <- time.Now() }
			r.start(tt.boxes, 1, o)
			seed := rand.Uint64()
			b.Logf("seed %d", seed)
			var long [32]byte
			binary.LittleEndian.PutUint64(long[:], seed)
			source := rand.NewChaCha8(long)
			plain := r.plain(tt.boxes)
			var ours, pushed, loaded, total float64
			for b.Loop() {
				for range tt.rounds {
					path := filepath.Join(r.dir, "bundle")
					f, err := os.Create(path)
					must(b, err)
					_, err = io.CopyN(f, source, tt.size)
					must(b, err)
					_, err = f.Seek(0, io.SeekStart)
					must(b, err)
					at, m := r.release(update.Firmware, f)
					must(b, f.Close())
					ours += r.deliver(tt.boxes, at, m, whole)
					pushed += plain.push(path)
					loaded += r.download(tt.boxes, path)
					total += float64(tt.size) * float64(tt.boxes) / (1 << 20)
				}
			}
			b.ReportMetric(total/ours, "MiB/s")
			b.ReportMetric(total/pushed, "broker-MiB/s")
			b.ReportMetric(total/loaded, "https-MiB/s")
			b.ReportMetric(pushed/ours, "of_broker")
			b.ReportMetric(loaded/ours, "of_https")
		})
	}
}

// deliver rolls a release out, waits until all boxes have committed it, and returns the seconds from the first that fetched to the last that had it whole.
func (r *rig) deliver(n int, path string, m update.Manifest, whole <-chan time.Time) float64 {
	r.Helper()
	r.publish(m.Kind, path)
	var began, last time.Time
	r.follow(n, func(s said) bool {
		if s.status.Version == m.Version && s.status.State == update.Fetching && began.IsZero() {
			began = s.at
		}
		return s.status.Installed[m.Kind].SHA256 == m.SHA256
	})
	for range n {
		if at := <-whole; at.After(last) {
			last = at
		}
	}
	if began.IsZero() || !last.After(began) {
		r.Fatalf("the first box began at %v, the last had it at %v", began, last)
	}
	return last.Sub(began).Seconds()
}

// plain is clients of the broker that know nothing of updates.
type plain struct {
	*rig
	from paho.Client
	to   int
	got  atomic.Int64 // bytes
	want atomic.Int64
	all  chan struct{}
}

func (r *rig) plain(n int) *plain {
	r.Helper()
	p := &plain{rig: r, to: n, all: make(chan struct{}, 1)}
	for i := range n {
		name := fmt.Sprintf("plain-%d", i)
		r.client(name, "mg/1/nabari/d/"+name+"/chunk", func(_ paho.Client, m paho.Message) {
			if p.got.Add(int64(len(m.Payload()))) == p.want.Load() {
				p.all <- struct{}{}
			}
		})
	}
	p.from = r.client(broker.DirectorCheckID, "", nil)
	return p
}

// push publishes a file's chunks to every client and returns the seconds until all have all.
func (p *plain) push(path string) float64 {
	p.Helper()
	f, err := os.Open(path)
	must(p, err)
	defer f.Close()
	var chunks [][]byte
	_, _, err = update.Cut(f, func(c update.Chunk, data []byte) error {
		chunks = append(chunks, append([]byte(nil), data...))
		return nil
	})
	must(p, err)
	return p.send(chunks)
}

func (p *plain) send(chunks [][]byte) float64 {
	p.Helper()
	want := int64(0)
	for _, c := range chunks {
		want += int64(len(c)) * int64(p.to)
	}
	p.got.Store(0)
	p.want.Store(want)
	began := time.Now()
	for _, c := range chunks {
		for i := range p.to {
			p.from.Publish(fmt.Sprintf("mg/1/nabari/d/plain-%d/chunk", i), 0, false, c)
		}
	}
	select {
	case <-p.all:
	case <-time.After(limit):
		p.Fatalf("%d of %d bytes came through the broker", p.got.Load(), want)
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
