// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/bundle"
	"madoguchi/device/slots"
)

// codeOf is the code among an error's causes.
func codeOf(err error) bundle.Code {
	var fault *bundle.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}

// TestInstall: a good bundle goes to the other slot and nothing else changes; the slot is tried and comes into force by RAUC's own calls.
func TestInstall(t *testing.T) {
	b := newBox(t, nil)
	sum, root := b.bundle(contents{version: "2026.12"})
	if err := b.Check(t.Context(), sum); err != nil {
		t.Fatal(err)
	}
	var told []int
	board, err := b.Install(t.Context(), sum, func(percent int) { told = append(told, percent) })
	if err != nil {
		t.Fatal(err)
	}
	if len(told) < 3 || !slices.IsSorted(told) || told[len(told)-1] != 100 {
		t.Errorf("progress %v", told)
	}
	if board.Booted != "A" || board.Slots["A"] != "" || len(board.Slots["B"]) != 64 {
		t.Errorf("board %+v", board)
	}
	if !b.holds(slots.B, root) || b.holds(slots.A, root) {
		t.Error("the root does not lie in slot B alone")
	}
	b.stands(slots.A, slots.A)
	if err := b.Mark(t.Context(), bundle.Try); err != nil {
		t.Fatal(err)
	}
	b.stands(slots.A, slots.B)
	if err := b.Mark(t.Context(), bundle.Stay); err != nil {
		t.Fatal(err)
	}
	b.stands(slots.A, slots.A)

	b.boot("B", true)
	again, err := b.Look(t.Context())
	if err != nil || again.Booted != "B" || again.Slots["B"] != board.Slots["B"] {
		t.Errorf("after the start: %+v, %v", again, err)
	}
	if err := b.Mark(t.Context(), bundle.Drop); err != nil {
		t.Error(err)
	}
	if good, err := b.slots().Good(slots.B); err != nil || good {
		t.Errorf("slot B, on trial, is good (%v) after it was dropped", err)
	}
	if err := b.Mark(t.Context(), bundle.Keep); err != nil {
		t.Fatal(err)
	}
	b.stands(slots.B, slots.B)
	if err := b.Mark(t.Context(), bundle.Drop); codeOf(err) != bundle.Slot {
		t.Errorf("dropping the slot in force: %v", err)
	}
}

// TestRefused: what RAUC does not take, with its code, before and without the look at it; the slot that runs stays what it is and nothing is to be tried.
func TestRefused(t *testing.T) {
	b := newBox(t, nil)
	key, cert := b.signer("foreign")
	foreign, _ := b.bundle(contents{version: "2", key: key, cert: cert})
	other, _ := b.bundle(contents{version: "2", compatible: "madoguchi-rpi4"})
	failing, _ := b.bundle(contents{version: "2", hook: "echo no >&2; exit 1"})
	good, _ := b.bundle(contents{version: "2"})
	raw, err := os.ReadFile(filepath.Join(b.at("bundles"), good))
	b.must(err)
	flipped := bytes.Clone(raw)
	flipped[len(flipped)/2] ^= 1
	b.write("flipped", string(flipped), 0o600)
	b.write("cut", string(raw[:len(raw)/2]), 0o600)
	for _, tc := range []struct {
		name, sum      string
		check, install bundle.Code
	}{
		{"signed by somebody else", foreign, bundle.Refused, bundle.Signature},
		{"for another board", other, bundle.Compatible, bundle.Compatible},
		{"one bit flipped", b.lay(b.at("flipped")), bundle.Refused, bundle.Signature},
		{"cut", b.lay(b.at("cut")), bundle.Refused, bundle.Format},
		{"not there", strings.Repeat("0", 64), bundle.Refused, bundle.Format},
		{"its own step fails", failing, "", bundle.Hook},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := b.Check(t.Context(), tc.sum); codeOf(err) != tc.check {
				t.Errorf("the look says %v, want %q", err, tc.check)
			}
			_, err := b.Install(t.Context(), tc.sum, nil)
			if codeOf(err) != tc.install {
				t.Errorf("the installation says %v, want %q", err, tc.install)
			}
			t.Log(err)
			b.stands(slots.A, slots.A)
			if board, err := b.Look(t.Context()); err != nil || board.Slots["B"] != "" {
				t.Errorf("slot B holds something whole: %+v, %v", board, err)
			}
		})
	}
	t.Run("of a form that the image does not take", func(t *testing.T) {
		b.configure("verity")
		b.boot("A", false)
		if err := b.Check(t.Context(), good); codeOf(err) != bundle.Refused {
			t.Error(err)
		}
		if _, err := b.Install(t.Context(), good, nil); codeOf(err) != bundle.Format {
			t.Error(err)
		}
	})
}

// TestFull: the disk of a slot is full in the middle of writing. The slot is not whole then, and a smaller bundle still goes in.
func TestFull(t *testing.T) {
	b := newBox(t, nil)
	b.mounted(b.at("slots/small"), "256k")
	b.must(os.Remove(b.at("slots/06")))
	b.write("slots/small/06", "", 0o600)
	b.must(os.Symlink("small/06", b.at("slots/06")))
	big, _ := b.bundle(contents{version: "big", root: 400})
	small, root := b.bundle(contents{version: "small", root: 100})
	_, err := b.Install(t.Context(), big, nil)
	if codeOf(err) != bundle.Space {
		t.Errorf("a bundle larger than the slot's disk: %v", err)
	}
	b.stands(slots.A, slots.A)
	if board, err := b.Look(t.Context()); err != nil || board.Slots["B"] != "" {
		t.Errorf("slot B holds something whole: %+v, %v", board, err)
	}
	b.write("slots/small/06", "", 0o600)
	if board, err := b.Install(t.Context(), small, nil); err != nil || board.Slots["B"] == "" || !b.holds(slots.B, root) {
		t.Errorf("a smaller one: %+v, %v", board, err)
	}
}

// stuck is a bundle whose own step waits until the test lets it go.
func (b *box) stuck() (sum string, reached func(), letGo func()) {
	b.t.Helper()
	sum, _ = b.bundle(contents{version: "stuck", hook: "touch " + b.at("reached") + "; while [ ! -e " + b.at("go") + " ]; do sleep 0.05; done"})
	return sum, func() {
			b.await("the bundle's own step", func() bool {
				_, err := os.Stat(b.at("reached"))
				return err == nil
			})
		}, func() {
			b.write("go", "", 0o644)
		}
}

// TestDies: RAUC's service ends in the middle. That is told at once, the slot is not whole, and the next installation goes through.
func TestDies(t *testing.T) {
	b := newBox(t, nil)
	sum, reached, letGo := b.stuck()
	failed := make(chan error, 1)
	go func() {
		_, err := b.Install(t.Context(), sum, nil)
		failed <- err
	}()
	reached()
	b.endRAUC(syscall.SIGKILL)
	if err := <-failed; codeOf(err) != bundle.Service {
		t.Errorf("RAUC was killed: %v", err)
	}
	letGo()
	b.boot("A", false)
	b.stands(slots.A, slots.A)
	if board, err := b.Look(t.Context()); err != nil || board.Slots["B"] != "" {
		t.Errorf("slot B holds something whole: %+v, %v", board, err)
	}
	b.unmountBundle()
	if board, err := b.Install(t.Context(), sum, nil); err != nil || board.Slots["B"] == "" {
		t.Errorf("the next one: %+v, %v", board, err)
	}
}

// TestHangs: RAUC gets no further. The wish ends by its own deadline, and while RAUC is at it another one is told so.
func TestHangs(t *testing.T) {
	b := newBox(t, func(o *raucOpts) { o.Stall = 2 * time.Second })
	sum, reached, letGo := b.stuck()
	if _, err := b.Install(t.Context(), sum, nil); codeOf(err) != bundle.Silent {
		t.Errorf("RAUC hangs: %v", err)
	}
	reached()
	if _, err := b.Install(t.Context(), sum, nil); codeOf(err) != bundle.Busy {
		t.Errorf("RAUC is busy: %v", err)
	}
	letGo()
	b.await("RAUC's end", func() bool {
		_, err := b.Install(t.Context(), sum, nil)
		return err == nil
	})
}

// TestNobody: no bus, and one that takes the call and says nothing.
func TestNobody(t *testing.T) {
	dir := t.TempDir()
	o := raucOpts{Bundles: dir, Bus: "unix:path=" + filepath.Join(dir, "none"), Call: time.Second, Stall: time.Second, Install: time.Second}
	ask := func() map[string]bundle.Code {
		r := &rauc{o}
		ctx := context.Background()
		_, look := r.Look(ctx)
		return map[string]bundle.Code{"look": codeOf(look), "check": codeOf(r.Check(ctx, "x")), "install": codeOf(r.Install(ctx, "x", nil)), "mark": codeOf(r.Mark(ctx, bundle.Try))}
	}
	want := map[string]bundle.Code{"look": bundle.Service, "check": bundle.Service, "install": bundle.Service, "mark": bundle.Service}
	if diff := cmp.Diff(want, ask()); diff != "" {
		t.Errorf("no bus (-want +got):\n%s", diff)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "mute"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o.Bus, o.Call = "unix:path="+filepath.Join(dir, "mute"), 50*time.Millisecond
	if diff := cmp.Diff(want, ask()); diff != "" {
		t.Errorf("a mute bus (-want +got):\n%s", diff)
	}
}

// TestArguments: what cannot be started is said.
func TestArguments(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want int
		says string
	}{
		{"help", []string{"--help"}, 0, "bundles"},
		{"no socket", nil, 1, "LISTEN_FDS"},
		{"unknown flag", []string{"--force"}, 2, "force"},
		{"an argument", []string{"now"}, 2, ""},
		{"nobody asks", []string{"--socket", filepath.Join(t.TempDir(), "s"), "--idle", "1ms"}, 0, ""},
	} {
		var out bytes.Buffer
		if got := run(append([]string{"installer"}, tc.args...), &out); got != tc.want || !strings.Contains(out.String(), tc.says) {
			t.Errorf("%s: ended with %d, want %d; said %q", tc.name, got, tc.want, &out)
		}
	}
}
