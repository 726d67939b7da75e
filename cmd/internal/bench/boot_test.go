// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/pinpad"
)

// parts are what boots, made once.
type parts struct {
	guest, initrd, kernel, image, card string
}

func builtParts(t testing.TB) parts {
	t.Helper()
	guest, err := filepath.Abs(filepath.Join(top, ".tools/guest"))
	must(t, err)
	work := t.TempDir()
	p := parts{guest: guest, initrd: filepath.Join(work, "initrd"), image: filepath.Join(work, "root.erofs")}
	root := builtRoot(t, guest, "bench", "")
	sizes(t, root)
	builtImage(t, root, p.image)
	if info, err := os.Stat(p.image); err == nil {
		t.Logf("          %-52s %.1f MiB (Debian's programs; Buildroot's are fewer)", "root file system, erofs", float64(info.Size())/(1<<20))
	}
	p.kernel = builtInitrd(t, guest, builtModule(t, guest), p.initrd)
	p.card = filepath.Join(builtCard(t, p.image, p.kernel), "sdcard.img")
	return p
}

// rig is the box with everything around it, as a scene finds it: at rest, with its line up, no card in the reader, and all records at city hall. A scene
// leaves it so, or says otherwise.
type rig struct {
	*both
	hall   *hall
	config device.Config
	held   int // finished cases at city hall
	begun  time.Time
}

// newRig provides a card, switches the machine on and starts its twin. It returns at once; see rests.
func newRig(t testing.TB, p parts) *rig {
	t.Helper()
	h := startHall(t)
	r := &rig{hall: h, config: h.config("box1"), begun: time.Now()}
	m := newMachine(t, r.config, p.card, p.initrd, h.address(), nil)
	command(t, "mcopy", "-s", "-i", partition(t, m.card, 1), h.provision(r.config), "::")
	m.powerOn()
	r.both = &both{t: t, m: m, w: startTwin(t, h, r.config)}
	return r
}

// lap notes what has been reached, and when.
func (r *rig) lap(what string) {
	r.t.Helper()
	r.t.Logf("%6.1f s  %s", time.Since(r.begun).Seconds(), what)
}

// rests waits until the panel shows the idle screen with the line to city hall.
func (r *rig) rests() {
	r.t.Helper()
	r.m.rests(true, 0)
}

// arrives waits until one more finished case is at city hall and the box has the receipt: it will not be sent again.
func (r *rig) arrives() {
	r.t.Helper()
	r.held++
	r.hall.awaits(r.held)
	r.rests()
	if n := outcomes(r.hall.facets()); n != r.held {
		r.t.Fatalf("city hall holds %d finished cases, want %d", n, r.held)
	}
}

// tokyo sets the time zone of the box's pictures.
func tokyo(t testing.TB) {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Tokyo")
	must(t, err)
	time.Local = zone
}

// The changes of the three cases.
var (
	login   = change{kind: card.KindLogin, id: "login", key: pinpad.Key1, now: "1234", next: "2580"}
	signing = change{kind: card.KindSigning, id: "signing", key: pinpad.Key2, now: "ABC123"} // next is drawn at random
	another = change{kind: card.KindLogin, id: "login", key: pinpad.Key1, now: "1234", next: "8317"}
)

// TestRehearsal goes through the cases of TestBench with the box in this process alone: what fails here need not wait for a machine to boot.
func TestRehearsal(t *testing.T) {
	tokyo(t)
	h := startHall(t)
	b := &both{t: t, w: startTwin(t, h, h.config("box1"))}
	b.changes(login)
	b.leaves(login)
	b.pulled(drawn(signing))
	b.changes(another)
}

// TestBench carries a PIN change from a new card's first start to city hall, probes the walls, pulls the card in the middle of a change, unplugs
// the reader, and cuts the power between the result and the upload.
func TestBench(t *testing.T) {
	tokyo(t)
	tb, begun := keepLog(t, "log.txt"), time.Now()
	r := newRig(tb, builtParts(tb))
	r.begun = begun
	r.m.showsOf(func() []display.Screen { return atRests(r.config) })
	r.lap("idle screen after " + time.Since(r.m.begun).Round(100*time.Millisecond).String())
	r.m.starts()
	r.rests()
	r.m.savePicture("1-idle.png")
	r.lap("the line to city hall stands")

	r.sceneChange()
	r.sceneWalls()
	r.scenePulled()
	r.sceneReader()
	r.sceneCut()
	if f := r.m.board.Panel.Settled(patience); len(f) > 0 {
		tb.Errorf("what the panel must not be told: %q", f)
	}
	r.lap("the end")
}
