// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"path/filepath"
	"strings"
	"time"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// updater is the part of city hall that signs versions and assigns them.
type updater struct {
	*hall
	depot *depot.Depot
	keys  []signer.Key
}

// newUpdater makes keys and a depot of no version.
func newUpdater(h *hall) *updater {
	h.t.Helper()
	u := &updater{hall: h}
	roles := map[string]signer.Role{}
	for _, name := range signer.Roles {
		_, k, err := ed25519.GenerateKey(nil)
		must(h.t, err)
		roles[name] = signer.Role{Keys: []signer.Key{k}, Threshold: 1}
		u.keys = append(u.keys, k)
	}
	var err error
	u.depot, err = depot.Create(filepath.Join(h.t.TempDir(), "depot"), h.city.Code, roles, time.Now(), nil)
	must(h.t, err)
	return u
}

// root is the first root of the city's signed versions, as a box is provisioned with it.
func (u *updater) root() string {
	u.t.Helper()
	root, err := u.depot.Root()
	must(u.t, err)
	return string(root)
}

// assigns signs firmware of a version, lets a box have it, and serves what the box asks for until the test ends. The signatures are good, and so is the order: what is wrong with it is for the box to find.
func (u *updater) assigns(box, version string) {
	u.t.Helper()
	ctx, now := context.Background(), time.Now()
	const path = "firmware/1/manifest.json"
	must(u.t, u.depot.With(u.keys, func(r *signer.Repository) error {
		_, err := r.Release(path, update.Manifest{Schema: update.ManifestSchema, Kind: update.Firmware, Product: "counter", Version: version, Seq: 1,
			NotBefore: now.Add(-time.Minute), Expires: now.AddDate(1, 0, 0)}, strings.NewReader("a bundle that is never fetched"))
		if err != nil {
			return err
		}
		return r.Publish(now)
	}))
	must(u.t, u.store.EnrolBox(ctx, box, "g01"))
	ro, err := rollout.New(rollout.Plan{ID: "firmware-1", Kind: string(update.Firmware), Path: path, Version: version, Author: rollout.Person{Name: "a", By: rollout.ByAccount},
		Waves: []rollout.Wave{{Name: "all", Percent: 100}}}, []rollout.Device{{ID: box, Office: "g01"}}, now)
	must(u.t, err)
	must(u.t, ro.Approve(rollout.Person{Name: "b", By: rollout.ByAccount}, now))
	must(u.t, ro.Start("a", now))
	doc, err := json.Marshal(ro)
	must(u.t, err)
	must(u.t, u.store.PutRollout(ctx, store.Rollout{ID: ro.Plan.ID, Doc: doc}))
	tls, err := u.city.ClientTLS(broker.DirectorID)
	must(u.t, err)
	d, err := director.New(director.Opts{Store: u.store, Depot: u.depot, Keys: u.keys, Every: time.Second, Line: director.Line{Broker: u.broker.URL(), TLS: tls}})
	must(u.t, err)
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	u.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && ctx.Err() == nil {
			u.t.Errorf("the director: %v", err)
		}
	})
}
