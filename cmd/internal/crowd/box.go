// SPDX-License-Identifier: Apache-2.0

package crowd

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
)

// Opts say what the boxes of a crowd have in common.
type Opts struct {
	Broker string // tcp://host:port, or tls://host:port
	TLS    func(id string) *tls.Config
	City   string
	Root   []byte                 // first root of the city's fleet
	Log    string                 // key of its transparency log; "": the boxes do not look at it
	Dir    string                 // folder for payloads; each box has its own in it
	Board  func(id string) string // what a box is, as releases name it; nil: all are "rpi4"
	// Sick tells what is wrong with a box on what it runs, in a wave ("ROLLOUT/WAVE"); "": nothing. Nil: all are well.
	Sick  func(id string, running update.Digest, wave string) string
	Reuse func(update.Kind) (string, error)  // a file to take chunks from; nil: none
	Cases int                                // finished since the commit, as boxes report it
	Whole func(id string, m update.Manifest) // told when a payload lies in the box's folder, whole and verified; nil: nobody is

	Poll     time.Duration // see update.AgentOpts; default 200 ms
	Answer   time.Duration // default 5 s
	Retry    time.Duration // default 1 s
	Transfer update.TransferOpts
	Warn     *slog.Logger // nil: silent
}

// Of takes from a depot what the boxes of its city are provisioned with.
func (o Opts) Of(d *depot.Depot) (Opts, error) {
	root, err := d.Root()
	if err != nil {
		return o, err
	}
	text, err := os.ReadFile(filepath.Join(d.Keys(), "log.pub"))
	if err != nil {
		return o, fmt.Errorf("reading log's key: %w", err)
	}
	o.City, o.Root, o.Log = d.City(), root, strings.TrimSpace(string(text))
	return o, nil
}

// Box is one of a crowd. Its methods may be called from any goroutine.
type Box struct {
	id     string
	o      Opts
	dir    string
	shelf  Shelf
	slots  map[update.Kind]*slots
	desire atomic.Pointer[string] // the wave of the newest assignment
	status atomic.Pointer[update.Status]
}

// New makes a box that runs what its image brought. It does nothing before Run.
func New(id string, o Opts) (*Box, error) {
	for _, d := range []struct {
		to *time.Duration
		v  time.Duration
	}{{&o.Poll, 200 * time.Millisecond}, {&o.Answer, 5 * time.Second}, {&o.Retry, time.Second}} {
		if *d.to == 0 {
			*d.to = d.v
		}
	}
	if o.Warn == nil {
		o.Warn = slog.New(slog.DiscardHandler)
	}
	b := &Box{id: id, o: o, dir: filepath.Join(o.Dir, id), slots: map[update.Kind]*slots{}}
	for _, k := range update.Kinds {
		b.slots[k] = &slots{box: b, reboot: k == update.Firmware}
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a box's folder: %w", err)
	}
	return b, nil
}

// String is the box's id.
func (b *Box) String() string { return b.id }

// Slot is what a kind's running slot holds, and how many versions were installed so far.
func (b *Box) Slot(k update.Kind) (running update.Digest, installed int) {
	s := b.slots[k]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running, s.installed
}

// Status is what the box said last; zero: nothing yet.
func (b *Box) Status() update.Status {
	if s := b.status.Load(); s != nil {
		return *s
	}
	return update.Status{}
}

// wave is that of the newest assignment.
func (b *Box) wave() string {
	if w := b.desire.Load(); w != nil {
		return *w
	}
	return ""
}

// Run lives until ctx ends, through as many starts as the agent wants.
func (b *Box) Run(ctx context.Context) error {
	for session := uint64(1); ctx.Err() == nil; session++ {
		for _, s := range b.slots {
			s.boot()
		}
		if err := b.life(ctx, session); err != nil && ctx.Err() == nil && !errors.Is(err, update.ErrReboot) {
			return fmt.Errorf("box %s: %w", b.id, err)
		}
	}
	return nil
}

// life is one start of the box.
func (b *Box) life(ctx context.Context, session uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	own := "mg/1/" + b.o.City + "/d/" + b.id + "/"
	o := paho.NewClientOptions().AddBroker(b.o.Broker).SetClientID(b.id).SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(true).SetMaxReconnectInterval(time.Second)
	if b.o.TLS != nil {
		o.SetTLSConfig(b.o.TLS(b.id))
	}
	o.SetBinaryWill(own+"presence", presence(false, session), 1, true)
	o.SetOrderMatters(true) // as the firmware's link: no goroutine for each part, and the handler waits for nothing
	o.SetDefaultPublishHandler(func(paho.Client, paho.Message) {})
	var agent *update.Agent
	ready := make(chan struct{})
	take := func(_ paho.Client, m paho.Message) {
		<-ready
		if m.Topic() == own+"desired" {
			b.note(m.Payload())
			agent.Desired(m.Payload())
			return
		}
		if err := agent.Part(m.Payload()); err != nil {
			b.o.Warn.Warn("crowd", "box", b.id, "err", err)
		}
	}
	o.SetOnConnectHandler(func(c paho.Client) { // also when the line comes back: the session was clean
		if b.status.Load() == nil { // a new box has nothing to tell but what it is
			c.Publish(own+"reported", 1, true, fmt.Appendf(nil, `{"board":%q}`, b.board()))
		}
		c.SubscribeMultiple(map[string]byte{own + "desired": 0, own + "chunk": 0}, take)
		c.Publish(own+"presence", 1, true, presence(true, session))
	})
	client := paho.NewClient(o)
	var err error
	if agent, err = b.agent(client, own); err != nil {
		return err
	}
	close(ready)
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		return token.Error()
	}
	defer client.Disconnect(50)
	return agent.Run(ctx)
}

func presence(online bool, session uint64) []byte {
	return fmt.Appendf(nil, `{"online":%t,"session":%d}`, online, session)
}

// note reads the wave out of an assignment that the agent will verify.
func (b *Box) note(raw []byte) {
	var doc struct {
		Signed struct {
			Order update.Order `json:"madoguchi"`
		} `json:"signed"`
	}
	if json.Unmarshal(raw, &doc) == nil {
		b.desire.Store(&doc.Signed.Order.Wave)
	}
}

func (b *Box) board() string {
	if b.o.Board == nil {
		return "rpi4"
	}
	return b.o.Board(b.id)
}

// agent is the firmware's own.
func (b *Box) agent(client paho.Client, own string) (*update.Agent, error) {
	o := update.AgentOpts{
		Device: b.id, Root: b.o.Root, Store: &b.shelf, Dir: b.dir,
		Box:        update.Box{Product: "counter", Hardware: b.board(), City: b.o.City},
		Installers: map[update.Kind]update.Installer{},
		Send: func(w update.Want) error {
			body, err := w.Encode()
			if err == nil {
				client.Publish(own+"req", 0, false, body)
			}
			return err
		},
		Now:  func() update.Moment { return update.Moment{At: time.Now(), Trusted: true} },
		Hold: func(update.Kind) (func(), bool) { return func() {}, true },
		Changed: func(s update.Status) {
			b.status.Store(&s)
			raw, err := json.Marshal(map[string]any{"fw": s.Versions[update.Firmware], "board": b.board(), "update": s, "cases": b.o.Cases})
			if err == nil {
				client.Publish(own+"reported", 1, true, raw)
			}
		},
		Reuse: b.reuse,
		Poll:  b.o.Poll, Answer: b.o.Answer, Retry: b.o.Retry, Transfer: b.o.Transfer,
	}
	for k, s := range b.slots {
		o.Installers[k] = s
	}
	if b.o.Log != "" {
		public, err := update.OpenLog(b.o.Log, &b.shelf)
		if err != nil {
			return nil, err
		}
		o.Public = public
	}
	return update.NewAgent(o)
}
