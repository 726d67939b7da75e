// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"context"
	"crypto/ed25519"
	crand "crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/brokers"
	"madoguchi/cmd/internal/crowd"
	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// limit is how long anything here may take before the measurement fails: a machine with much else to do takes many minutes for 6,400 MiB.
const limit = 30 * time.Minute

// unpaced lets the broker and the processors be what limits: in a city the offices' lines are.
var unpaced = depot.ServeOpts{DeviceBPS: 1 << 40, OfficeBPS: 1 << 40}

// said is what a box reported, and when that was heard.
type said struct {
	id     string
	status update.Status
	at     time.Time
}

// rig is one city: mosquitto with TLS as cmd/cityhall ships it, a depot with its log, the director over SQLite, and somebody who hears what boxes report.
type rig struct {
	testing.TB
	dir      string // in memory: what is measured is not this machine's disk
	ca       *brokers.City
	broker   *brokers.Mosquitto
	depot    *depot.Depot
	keys     []signer.Key
	log      *signer.LogSigner
	db       *store.Store
	director *director.Director
	heard    chan said
	seq      uint64
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newRig starts a city whose director serves at a pace.
func newRig(t testing.TB, serve depot.ServeOpts, every time.Duration) *rig {
	t.Helper()
	at := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		at = "/dev/shm"
	}
	dir, err := os.MkdirTemp(at, "crowd")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &rig{TB: t, dir: dir, heard: make(chan said, 1<<16)}
	r.ca, err = brokers.NewCity("nabari", dir)
	must(t, err)
	r.broker, err = brokers.StartMosquitto(r.ca)
	must(t, err)
	t.Cleanup(func() { must(t, r.broker.Stop()) })
	roles := map[string]signer.Role{}
	for _, name := range signer.Roles {
		k := r.key()
		roles[name] = signer.Role{Keys: []signer.Key{k}, Threshold: 1}
		r.keys = append(r.keys, k)
	}
	r.log, err = signer.NewLogSigner("madoguchi/nabari", r.key())
	must(t, err)
	r.depot, err = depot.Create(filepath.Join(dir, "depot"), "nabari", roles, time.Now(), nil)
	must(t, err)
	r.db, err = store.Open(context.Background(), filepath.Join(dir, "cityhall.db"), store.Opts{DigestKey: []byte(strings.Repeat("k", 32))})
	must(t, err)
	t.Cleanup(func() { must(t, r.db.Close()) })
	r.director, err = director.New(director.Opts{Store: r.db, Depot: r.depot, Keys: r.keys, Serve: serve, Every: every,
		Line: director.Line{Broker: r.broker.URL(), TLS: r.tls(broker.DirectorID)}})
	must(t, err)
	r.live("the director", r.director.Run)
	r.listen()
	return r
}

func (r *rig) key() ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(crand.Reader)
	must(r, err)
	return k
}

func (r *rig) tls(name string) *tls.Config {
	r.Helper()
	c, err := r.ca.ClientTLS(name)
	must(r, err)
	return c
}

// live runs something until the measurement ends.
func (r *rig) live(what string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	r.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && ctx.Err() == nil {
			r.Errorf("%s: %v", what, err)
		}
	})
}

// client is a plain client of the broker that hears one topic.
func (r *rig) client(name, topic string, hear paho.MessageHandler) paho.Client {
	r.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker(r.broker.URL()).SetClientID(name).SetProtocolVersion(4).SetTLSConfig(r.tls(name)))
	r.await(c.Connect())
	r.Cleanup(func() { c.Disconnect(0) })
	if topic != "" {
		r.await(c.Subscribe(topic, 1, hear))
	}
	return c
}

func (r *rig) await(token paho.Token) {
	r.Helper()
	if !token.WaitTimeout(limit) {
		r.Fatal("the broker does not answer")
	}
	must(r, token.Error())
}

func (r *rig) listen() {
	r.Helper()
	r.client("host_collector", "mg/1/nabari/d/+/reported", func(_ paho.Client, m paho.Message) {
		var doc struct{ Update update.Status }
		if err := json.Unmarshal(m.Payload(), &doc); err != nil {
			r.Error(err)
		}
		r.heard <- said{strings.Split(m.Topic(), "/")[4], doc.Update, time.Now()}
	})
}

// boxes says what the city's boxes have in common.
func (r *rig) boxes() crowd.Opts {
	r.Helper()
	root, err := r.depot.Root()
	must(r, err)
	return crowd.Opts{Broker: r.broker.URL(), City: "nabari", Root: root, Log: r.log.Public(), Dir: filepath.Join(r.dir, "boxes")}
}

// start enrols n boxes, perOffice to an office, starts them, and waits until the director knows that all are there.
func (r *rig) start(n, perOffice int, o crowd.Opts) {
	r.Helper()
	certificates := map[string]*tls.Config{}
	for i := range n {
		certificates[crowd.Name(i+1)] = r.tls(crowd.Name(i + 1))
	}
	o.TLS = func(id string) *tls.Config { return certificates[id] }
	all, err := crowd.Make(n, o)
	must(r, err)
	r.enrol(n, perOffice)
	r.live("the boxes", all.Run)
	r.present(n)
}

func (r *rig) enrol(n, perOffice int) {
	r.Helper()
	for i := range n {
		must(r, r.db.EnrolBox(context.Background(), crowd.Name(i+1), fmt.Sprintf("g%03d", i/perOffice+1)))
	}
}

// present waits until the broker has told of n boxes that they are connected.
func (r *rig) present(n int) {
	r.Helper()
	there, all := make(chan string, 4*n), map[string]bool{}
	c := r.client("host_director_check", "mg/1/nabari/d/+/presence", func(_ paho.Client, m paho.Message) {
		if strings.Contains(string(m.Payload()), `"online":true`) {
			there <- m.Topic()
		}
	})
	late := time.After(limit)
	for len(all) < n {
		select {
		case id := <-there:
			all[id] = true
		case <-late:
			r.Fatalf("%d of %d boxes came", len(all), n)
		}
	}
	c.Disconnect(0)
}

// release signs the next version of a kind.
func (r *rig) release(kind update.Kind, payload io.Reader) (path string, m update.Manifest) {
	r.Helper()
	r.seq++
	now := time.Now()
	path = fmt.Sprintf("%s/%d/manifest.json", kind, r.seq)
	must(r, r.depot.With(r.keys, func(repo *signer.Repository) (err error) {
		repo.UseLog(signer.NewLog(r.log, r.depot.Get, r.depot.Put))
		m, err = repo.Release(path, update.Manifest{Schema: update.ManifestSchema, Kind: kind, Product: "counter", City: map[update.Kind]string{update.Policy: "nabari"}[kind],
			Version: fmt.Sprint(r.seq), Seq: r.seq, NotBefore: now.Add(-time.Minute), Expires: now.AddDate(1, 0, 0)}, payload)
		if err == nil {
			err = repo.Publish(now)
		}
		return err
	}))
	return path, m
}

// publish lets every box have a release, in one wave, and returns when it was asked for.
func (r *rig) publish(kind update.Kind, path string) time.Time {
	r.Helper()
	boxes, err := r.db.Boxes(context.Background())
	must(r, err)
	var fleet []rollout.Device
	for _, b := range boxes {
		fleet = append(fleet, rollout.Device{ID: b.ID, Office: b.Office})
	}
	now := time.Now()
	ro, err := rollout.New(rollout.Plan{ID: strings.ReplaceAll(strings.TrimSuffix(path, "/manifest.json"), "/", "-"), Kind: string(kind), Path: path, Version: fmt.Sprint(r.seq),
		Author: rollout.Person{Name: "a", By: rollout.ByAccount}, Waves: []rollout.Wave{{Name: "all", Percent: 100}}}, fleet, now)
	must(r, err)
	must(r, ro.Approve(rollout.Person{Name: "b", By: rollout.ByAccount}, now))
	must(r, ro.Start("a", now))
	doc, err := json.Marshal(ro)
	must(r, err)
	must(r, r.db.PutRollout(context.Background(), store.Rollout{ID: ro.Plan.ID, Doc: doc}))
	return now
}

// follow hands over what boxes report until n of them are done. A box that fails ends the measurement.
func (r *rig) follow(n int, done func(said) bool) (last time.Time) {
	r.Helper()
	over := map[string]bool{}
	late := time.After(limit)
	for len(over) < n {
		select {
		case s := <-r.heard:
			if s.status.State == update.Failed || s.status.State == update.Reverted {
				r.Fatalf("%s: %+v", s.id, s.status)
			}
			if done(s) && !over[s.id] {
				over[s.id], last = true, s.at
			}
		case <-late:
			r.Fatalf("%d of %d boxes are done after %v", len(over), n, limit)
		}
	}
	return last
}
