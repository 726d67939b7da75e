// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"madoguchi/device/bundle"
)

// RAUC's names on the bus (RAUC's documentation, "D-Bus API").
const (
	busName  = "de.pengutronix.rauc"
	busPath  = dbus.ObjectPath("/")
	busFace  = busName + ".Installer"
	theBus   = "org.freedesktop.DBus"
	property = theBus + ".Properties"
)

// raucOpts are the deadlines. A box serves nobody while its slot is written.
type raucOpts struct {
	Bundles string        // folder of bundles, each under its digest
	Bus     string        // D-Bus address
	Call    time.Duration // of one call, with RAUC's own start and, after an installation, a card that still writes
	Stall   time.Duration // of an installation between two steps: the longest writes one slot
	Install time.Duration // of a whole one
}

// systemRAUC is the box's. A slot of 256 MiB takes half a minute on a card that writes 10 MB a second, and a worn one is five times slower.
var systemRAUC = raucOpts{Bundles: "/data/counter/update", Bus: "unix:path=/run/dbus/system_bus_socket", Call: 80 * time.Second, Stall: 5 * time.Minute, Install: 15 * time.Minute}

// rauc has RAUC's service do the steps. Each opens the bus anew: one that was started again since is no matter.
type rauc struct{ o raucOpts }

var _ bundle.Installer = (*rauc)(nil)

// bus is a connection that ends with its context.
type bus struct {
	*dbus.Conn
	obj dbus.BusObject
}

// open connects within one call's time; the connection lives as long as ctx.
func (r *rauc) open(ctx context.Context) (*bus, error) {
	early, cancel := context.WithTimeout(ctx, r.o.Call)
	defer cancel()
	conn, err := dbus.Dial(r.o.Bus, dbus.WithContext(ctx))
	if err != nil {
		return nil, unreachable(err)
	}
	stop := context.AfterFunc(early, func() { conn.Close() }) // a bus that accepts and says nothing
	err = conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))})
	if err == nil {
		err = conn.Hello()
	}
	if !stop() || err != nil {
		conn.Close()
		return nil, unreachable(cmp.Or(err, early.Err()))
	}
	return &bus{conn, conn.Object(busName, busPath)}, nil
}

func unreachable(err error) error {
	return fmt.Errorf("reaching RAUC: %w (%w)", bundle.Fault(bundle.Service, "RAUC cannot be reached"), err)
}

// call makes one call within its time.
func (r *rauc) call(ctx context.Context, b *bus, method string, args []any, out ...any) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.Call)
	defer cancel()
	err := b.obj.CallWithContext(ctx, method, 0, args...).Store(out...)
	var said dbus.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w (%w)", method, bundle.Fault(bundle.Silent, "RAUC does not answer"), ctx.Err())
	case errors.As(err, &said) && strings.HasPrefix(said.Name, "org.gtk.GDBus.UnmappedGError"), errors.As(err, &said) && said.Name == theBus+".Error.Failed":
		return judge(said.Error()) // of RAUC's own making
	}
	return unreachable(err)
}

func (r *rauc) property(ctx context.Context, b *bus, name string) (v dbus.Variant, err error) {
	err = r.call(ctx, b, property+".Get", []any{busFace, name}, &v)
	return v, err
}

// path is where a bundle lies. Digests were looked at when they arrived.
func (r *rauc) path(sha256 string) string { return filepath.Join(r.o.Bundles, sha256) }

// Check has RAUC verify a bundle's signature, and compares what board it is for.
func (r *rauc) Check(ctx context.Context, sha256 string) error {
	b, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	var compatible, version string
	if err := r.call(ctx, b, busFace+".Info", []any{r.path(sha256)}, &compatible, &version); err != nil {
		return fmt.Errorf("looking at bundle: %w", err)
	}
	ours, err := r.property(ctx, b, "Compatible")
	if err != nil {
		return err
	}
	if ours.Value() != compatible {
		return bundle.Fault(bundle.Compatible, fmt.Sprintf("for %s, this is %v", compatible, ours.Value()))
	}
	return nil
}

// Install has a bundle written and waits for its end, or until RAUC ends or gets no further.
func (r *rauc) Install(ctx context.Context, sha256 string, progress func(int)) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.Install)
	defer cancel()
	b, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	if does, err := r.property(ctx, b, "Operation"); err != nil { // starts RAUC
		return err
	} else if does.Value() != "idle" {
		return bundle.Fault(bundle.Busy, fmt.Sprintf("RAUC is %v", does.Value()))
	}
	signals := make(chan *dbus.Signal, 64)
	b.Signal(signals)
	for _, rule := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(busName), dbus.WithMatchInterface(busFace), dbus.WithMatchMember("Completed")},
		{dbus.WithMatchSender(busName), dbus.WithMatchInterface(property), dbus.WithMatchMember("PropertiesChanged")},
		{dbus.WithMatchSender(theBus), dbus.WithMatchInterface(theBus), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, busName)},
	} {
		if err := b.AddMatchSignalContext(ctx, rule...); err != nil {
			return unreachable(err)
		}
	}
	if err := r.call(ctx, b, busFace+".InstallBundle", []any{r.path(sha256), map[string]dbus.Variant{}}); err != nil {
		return fmt.Errorf("installing bundle: %w", err)
	}
	return r.await(ctx, b, signals, progress)
}

// await follows an installation.
func (r *rauc) await(ctx context.Context, b *bus, signals <-chan *dbus.Signal, progress func(int)) error {
	stall := time.NewTimer(r.o.Stall)
	defer stall.Stop()
	for {
		select {
		case <-ctx.Done():
			return bundle.Fault(bundle.Silent, "the installation does not end")
		case <-stall.C:
			return bundle.Fault(bundle.Silent, "the installation does not get on")
		case s, ok := <-signals:
			if !ok || s.Name == theBus+".NameOwnerChanged" {
				return bundle.Fault(bundle.Service, "RAUC ended in the middle of the installation")
			}
			switch s.Name {
			case busFace + ".Completed":
				var result int32
				if err := dbus.Store(s.Body, &result); err != nil {
					return bundle.Fault(bundle.Other, "RAUC's answer cannot be read")
				}
				if result == 0 {
					return nil
				}
				last, err := r.property(ctx, b, "LastError")
				if err != nil {
					return err
				}
				return judge(fmt.Sprint(last.Value()))
			case property + ".PropertiesChanged":
				if percent, ok := progressOf(s.Body); ok {
					stall.Reset(r.o.Stall)
					progress(percent)
				}
			}
		}
	}
}

// progressOf takes the percentage out of changed properties.
func progressOf(body []any) (percent int, ok bool) {
	var face string
	var changed map[string]dbus.Variant
	if len(body) < 2 || dbus.Store(body[:2], &face, &changed) != nil || face != busFace {
		return 0, false
	}
	var p struct {
		Percent int32
		Step    string
		Depth   int32
	}
	v, ok := changed["Progress"]
	if !ok || dbus.Store([]any{v.Value()}, &p) != nil {
		return 0, false
	}
	return int(p.Percent), true
}

// Mark has RAUC tell the slots' back-end. RAUC names slots by their part of the board, its own words are "booted" and "other".
func (r *rauc) Mark(ctx context.Context, s bundle.Step) error {
	b, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	mark := func(state, slot string) error {
		var name, message string
		err := r.call(ctx, b, busFace+".Mark", []any{state, slot}, &name, &message)
		var fault *bundle.Error
		if errors.As(err, &fault) && fault.Code == bundle.Other {
			err = bundle.Fault(bundle.Slot, fault.Text)
		}
		return err
	}
	switch s {
	case bundle.Try:
		return mark("active", "other")
	case bundle.Keep:
		return mark("good", "booted")
	case bundle.Stay:
		return mark("active", "booted")
	}
	return mark("bad", "booted")
}

// Look asks for the slots.
func (r *rauc) Look(ctx context.Context) (bundle.Board, error) {
	b, err := r.open(ctx)
	if err != nil {
		return bundle.Board{}, err
	}
	defer b.Close()
	var slots []slotStatus
	if err := r.call(ctx, b, busFace+".GetSlotStatus", nil, &slots); err != nil {
		return bundle.Board{}, fmt.Errorf("asking for slots: %w", err)
	}
	return board(slots)
}

// slotStatus is one part of a slot as RAUC tells it.
type slotStatus struct {
	Name string
	Is   map[string]dbus.Variant
}

// text is a property that is a string; "" if there is none.
func (s slotStatus) text(name string) string {
	v, _ := s.Is[name].Value().(string)
	return v
}

// board puts parts together: what has a boot name is a slot, what names it as its parent belongs to it.
func board(parts []slotStatus) (bundle.Board, error) {
	b := bundle.Board{Slots: map[string]string{}}
	for _, slot := range parts {
		name := slot.text("bootname")
		if name == "" {
			continue
		}
		content, whole := []string{}, true
		for _, p := range parts {
			if p.Name != slot.Name && p.text("parent") != slot.Name {
				continue
			}
			if p.text("state") == "booted" {
				b.Booted = name
			}
			whole = whole && p.text("status") == "ok" && p.text("sha256") != ""
			content = append(content, p.text("class")+" "+p.text("sha256")+"\n")
		}
		if b.Slots[name] = ""; whole {
			slices.Sort(content)
			sum := sha256.Sum256([]byte(strings.Join(content, "")))
			b.Slots[name] = hex.EncodeToString(sum[:])
		}
	}
	if b.Booted == "" {
		return b, bundle.Fault(bundle.Slot, "RAUC does not know which slot runs")
	}
	return b, nil
}
