// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update/signer"
)

// Hardware is the simulated board, as releases name it.
const Hardware = "simulator"

// fleetSeats is how many keys each role of the demo's city has. One signs, but plans are drawn up by the first and approved by the second.
var fleetSeats = map[string]int{"root": 1, "firmware": 2, "policy": 2, "config": 2, signer.Director: 1, "snapshot": 1, "timestamp": 1}

// buildFleet makes the city's releases, with plain keys, and the director that brings them to the box. The box trusts the first root that was made.
func (w *World) buildFleet(ctx, run context.Context, broker, password string) error {
	d, err := depot.Open(w.Depot())
	if errors.Is(err, fs.ErrNotExist) {
		d, err = w.newDepot()
	}
	if err != nil {
		return err
	}
	root, err := d.Root()
	if err != nil {
		return err
	}
	if _, err := w.folder.kept("root.json", func() []byte { return root }); err != nil {
		return err
	}
	var keys []signer.Key
	for _, role := range []string{signer.Director, "snapshot", "timestamp"} {
		k, err := depot.ReadKey(keyFile(d.Keys(), role, 1), nil)
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	reg, err := w.buildRegistrar(d)
	if err != nil {
		return err
	}
	switch {
	case w.opts.Bare:
	case w.opts.New:
		w.newCard = func(ctx context.Context) error { return w.provision(ctx, reg, d, root) }
		err = w.newCard(ctx)
	default:
		err = w.Enrol(ctx, w.device, w.office.Group)
	}
	if err != nil {
		return err
	}
	dir, err := director.New(director.Opts{Store: w.store, Depot: d, Keys: keys, Enrol: reg, Line: director.Line{Broker: broker, Password: password},
		Every: time.Second, Again: 5 * time.Second, Now: w.Clock, Log: w.log}) // a visitor does not want to wait
	if err != nil {
		return err
	}
	w.fleet = dir
	w.wait.Go(func() {
		if err := dir.Run(run); err != nil {
			w.log.Error("director", "err", err)
		}
	})
	return nil
}

// Depot is the folder of the city's releases and keys.
func (w *World) Depot() string { return w.folder.file("fleet") }

// Device is the box's id. One that was wiped comes back under another.
func (w *World) Device() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.device
}

// BrokerURL is the address of the embedded broker; "" if another one is used.
func (w *World) BrokerURL() string {
	if w.broker == nil {
		return ""
	}
	return w.broker.URL()
}

// Served is what the fleet has handed out to boxes, in bytes.
func (w *World) Served() int64 {
	if w.fleet == nil {
		return 0
	}
	return w.fleet.Served().Bytes
}

// Enrol adds a box to the city's fleet; one that is there stays as it is.
func (w *World) Enrol(ctx context.Context, device, office string) error {
	if err := w.store.EnrolBox(ctx, device, office); err != nil && !errors.Is(err, store.ErrStale) {
		return err
	}
	return nil
}

func keyFile(dir, role string, n int) string {
	return filepath.Join(dir, fmt.Sprintf("%s-%d.key", role, n))
}

// newDepot draws the keys and makes the empty repository.
func (w *World) newDepot() (*depot.Depot, error) {
	roles := map[string]signer.Role{}
	for role, n := range fleetSeats {
		r := signer.Role{Threshold: 1}
		for range n {
			_, k, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return nil, fmt.Errorf("drawing key: %w", err)
			}
			r.Keys = append(r.Keys, k)
		}
		roles[role] = r
	}
	roles["targets"] = roles["root"]
	return depot.Create(w.folder.file("fleet"), w.city.code(), roles, w.Clock(), func(dir string) error {
		for role := range fleetSeats {
			for i, k := range roles[role].Keys {
				if err := depot.WriteKey(keyFile(dir, role, i+1), k.(ed25519.PrivateKey), "", 0); err != nil {
					return err
				}
			}
		}
		return w.newLog(dir)
	})
}

// logKey is the key of the transparency log that the box holds releases against: its city's. It knows none of another world's fleet, and none of a folder from before there was a log.
func (w *World) logKey() (string, error) {
	if w.opts.Root != "" {
		return "", nil
	}
	text, err := os.ReadFile(w.hallFolder().file("fleet", "keys", "log.pub"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading log's key: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// newLog draws the key of the city's transparency log and writes both halves, as "fleet keys new" does.
func (w *World) newLog(dir string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("drawing key: %w", err)
	}
	s, err := signer.NewLogSigner("madoguchi/"+w.city.code(), key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "log.pub"), []byte(s.Public()+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing log's key: %w", err)
	}
	return depot.WriteKey(keyFile(dir, "log", 1), key, "", 0)
}
