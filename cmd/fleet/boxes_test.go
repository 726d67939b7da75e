// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/device/update"
)

// shelf is an update.Store in memory.
type shelf struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (s *shelf) Load(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[name], nil
}

func (s *shelf) Save(name string, raw []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[name] = append([]byte(nil), raw...)
	if raw == nil {
		delete(s.m, name)
	}
	return nil
}

// simBox is a box in this process: the firmware's own update.Agent over a real connection to the broker, with a slot that only remembers digests.
type simBox struct {
	t      *testing.T
	id     string
	broker string
	root   []byte
	log    string // key of the transparency log
	dir    string
	shelf  *shelf
	sick   func() error // of the version on trial

	mu        sync.Mutex
	running   update.Digest
	committed update.Digest
	other     update.Digest
	next      bool
	installed []update.Digest
}

var _ update.Installer = (*simBox)(nil)

func (b *simBox) Check(_ context.Context, path string, m update.Manifest) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if update.Sum(raw) != m.SHA256 {
		return errors.New("another payload")
	}
	return nil
}

func (b *simBox) Install(_ context.Context, _ string, m update.Manifest) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.other = m.SHA256
	b.installed = append(b.installed, m.SHA256)
	return nil
}

func (b *simBox) Activate(context.Context, update.Manifest) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = true
	return update.ErrReboot
}

func (b *simBox) Running(context.Context) (update.Digest, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running, nil
}

func (b *simBox) Probe(context.Context, update.Health) error { return b.sick() }

func (b *simBox) Commit(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.committed = b.running
	return nil
}

func (b *simBox) Revert(context.Context) error { return update.ErrReboot }

// boot is what the bootloader does: the other slot once, if it was asked for.
func (b *simBox) boot() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = b.committed
	if b.next {
		b.running, b.next = b.other, false
	}
}

func (b *simBox) state() (running update.Digest, installed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running, len(b.installed)
}

// run lives until ctx ends, through as many starts as the agent wants.
func (b *simBox) run(ctx context.Context) {
	for session := uint64(1); ctx.Err() == nil; session++ {
		b.boot()
		if err := b.life(ctx, session); err != nil && ctx.Err() == nil && !errors.Is(err, update.ErrReboot) {
			b.t.Errorf("%s: %v", b.id, err)
			return
		}
	}
}

// life is one start of the box.
func (b *simBox) life(ctx context.Context, session uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	own := "mg/1/nabari/d/" + b.id + "/"
	presence := func(online bool) []byte {
		raw, err := json.Marshal(map[string]any{"online": online, "session": session})
		if err != nil {
			b.t.Error(err)
		}
		return raw
	}
	o := paho.NewClientOptions().AddBroker(b.broker).SetClientID(b.id).SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(true).SetMaxReconnectInterval(time.Second)
	o.SetBinaryWill(own+"presence", presence(false), 1, true)
	o.SetDefaultPublishHandler(func(paho.Client, paho.Message) {})
	client := paho.NewClient(o)
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		return token.Error()
	}
	defer client.Disconnect(50)
	public, err := update.OpenLog(b.log, b.shelf)
	if err != nil {
		return err
	}
	agent, err := update.NewAgent(update.AgentOpts{
		Public: public,
		Device: b.id, Root: b.root, Store: b.shelf, Dir: b.dir,
		Box:        update.Box{Product: "counter", Hardware: "rpi4", City: "nabari"},
		Installers: map[update.Kind]update.Installer{update.Firmware: b},
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
			raw, err := json.Marshal(map[string]any{"fw": s.Versions[update.Firmware], "update": s, "cases": 3})
			if err != nil {
				b.t.Error(err)
			}
			client.Publish(own+"reported", 1, true, raw)
		},
		Poll: 20 * time.Millisecond, Answer: 500 * time.Millisecond, Retry: 200 * time.Millisecond, Transfer: update.TransferOpts{Patience: 500 * time.Millisecond, Tries: 20},
	})
	if err != nil {
		return err
	}
	token := client.SubscribeMultiple(map[string]byte{own + "desired": 1, own + "chunk": 1}, func(_ paho.Client, m paho.Message) {
		if m.Topic() == own+"desired" {
			agent.Desired(m.Payload())
			return
		}
		if err := agent.Part(m.Payload()); err != nil {
			b.t.Errorf("%s: %v", b.id, err)
		}
	})
	if token.Wait() && token.Error() != nil {
		return token.Error()
	}
	client.Publish(own+"presence", 1, true, presence(true))
	return agent.Run(ctx)
}

// newBox makes a box that runs what the image brought.
func newBox(t *testing.T, id, broker string, root []byte, log string) *simBox {
	dir := filepath.Join(t.TempDir(), id)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &simBox{t: t, id: id, broker: broker, root: root, log: log, dir: dir, shelf: &shelf{m: map[string][]byte{}}, sick: func() error { return nil }}
}
