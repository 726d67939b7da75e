// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/record"
)

// broken are ways in which the box cannot work when it starts, made and mended from within the guest while counter does not run, and what its panel must then say.
var broken = []struct {
	name, do, undo string
	screen         display.ID
	reason, text   string
}{
	{"a data partition that can only be read", "mount -o remount,ro /data", "mount -o remount,rw /data", display.FaultStart, "readonly", ""},
	{"a data partition without room", "fallocate -l $(df --output=avail -B1 /data | tail -n 1) /data/fill", "rm /data/fill", display.FaultStorage, "full", ""},
	{"a mistake in the settings", "sed -i 1i'ofice = 1' /data/counter/counter.toml", "sed -i 1d /data/counter/counter.toml", display.FaultStart, "wrong", "counter.toml:1"},
	{"another board", "sed -i 's/^gpio_chip = .*/gpio_chip = \"pinctrl-none\"/' /data/counter/counter.toml", "sed -i 's/^gpio_chip = .*/gpio_chip = \"pinctrl-bcm2711\"/' /data/counter/counter.toml",
		display.FaultStart, "board", "gpio_chip"},
	{"no card service", "systemctl mask --runtime pcscd.socket; systemctl stop pcscd.socket pcscd; rm -f /run/pcscd/pcscd.comm", "systemctl unmask --runtime pcscd.socket; systemctl start pcscd.socket",
		display.FaultStart, "reader", "/run/pcscd/pcscd.comm"},
}

// startsAnew stops counter, does something, and starts counter again. Its socket is stopped with it: link connects again and again, and would start counter too soon.
func (m *machine) startsAnew(do string) {
	m.t.Helper()
	m.sh("systemctl stop counter.socket counter || exit; " + do + "; systemctl reset-failed counter counter.socket; systemctl start --no-block counter")
}

// sceneStarts starts the program where it cannot work. Each time the panel says why, and after the mending the box is at rest again, and at last with its line.
func (r *rig) sceneStarts() {
	r.t.Helper()
	for i, b := range broken {
		r.m.startsAnew(b.do)
		want := display.Facts{Reason: b.reason, Text: b.text}
		if b.screen != display.FaultStart {
			want.Office = r.config.Office
		}
		r.m.shows(display.Screen{ID: b.screen, Lang: display.Japanese, Facts: want})
		r.lap(b.name + " is shown as what it is")
		r.m.savePicture(fmt.Sprintf("8-start-%d.png", i+1))
		r.m.startsAnew(b.undo)
		r.m.showsOf(func() []display.Screen { return atRests(r.config) })
		r.lap("it is mended, and the box is at rest")
	}
	r.rests()
}

// sceneNoPort takes the panel's port away, as a forgotten overlay does. Nothing can be shown then: the journal says what is missing, and how it is enabled.
func (r *rig) sceneNoPort() {
	r.t.Helper()
	r.m.startsAnew("mv /dev/spidev0.0 /dev/away")
	r.m.says("counter", "SPI port (e-ink panel): /dev/spidev0.0 is missing; enable it with dtparam=spi=on")
	from := r.m.board.Sent()
	r.m.startsAnew("mv /dev/away /dev/spidev0.0")
	for end := time.Now().Add(patience); r.m.board.Sent() == from; time.Sleep(100 * time.Millisecond) { // the glass has kept its picture
		r.m.lives()
		if time.Now().After(end) {
			r.m.fail("the panel is not drawn again")
		}
	}
	r.rests()
	r.lap("a port that is missing is named in the journal")
}

// sceneStranger puts a device that is no card reader where the reader was. The box asks for its reader, and goes on when it has it.
func (r *rig) sceneStranger() {
	r.t.Helper()
	r.m.unplug()
	r.m.qmp.do("device_add", map[string]any{"driver": "usb-kbd", "bus": "usb.0", "id": "stranger"})
	r.m.sh("udevadm settle; ls /dev/bus/usb/*/* >/dev/null")
	r.m.shows(display.Screen{ID: display.FaultReader, Lang: display.Japanese, Facts: display.Facts{Office: r.config.Office}})
	r.m.savePicture("9-stranger.png")
	r.m.qmp.do("device_del", map[string]any{"id": "stranger"})
	r.m.plug()
	r.rests()
	r.lap("a device that is no reader is not taken for one")
}

// sceneExpired gives the broker a certificate that has run out. The box says that it does not believe it, the journal why; cases go on, and with a good certificate the line comes back.
func (r *rig) sceneExpired() {
	r.t.Helper()
	r.hall.certified(-time.Minute)
	ill := atRest(r.config, false, 0)
	ill.Facts.Text = "LK7"
	r.m.shows(ill)
	r.m.savePicture("9-expired.png")
	r.m.says("link", "certificate has expired")
	r.hall.certified(time.Hour)
	r.rests()
	r.lap("a broker whose certificate has run out is not believed")
}

// sceneClock starts the box in 1970, as a board without a clock does. Its line comes up all the same, for what was signed tells how late it is at least; the idle screen shows no
// date, and before the first case the clerk is asked for the day. With the right time it shows the date again.
func (r *rig) sceneClock() {
	r.t.Helper()
	r.m.startsAnew("systemctl stop link chrony; date -s @3600; systemctl start --no-block link")
	undated := atRest(r.config, true, 0)
	undated.Facts.Date = ""
	r.m.shows(undated)
	r.m.savePicture("9-undated.png")
	code := display.Screen{ID: display.ClerkCode, Lang: display.Japanese, Facts: display.Facts{Office: r.config.Office}}
	r.m.pressTo(pinpad.KeyEnter, code)
	for i, c := range []byte(clerkCode) {
		code.Facts.Filled = i + 1
		r.m.pressTo(pinpad.Key0+pinpad.Key(c-'0'), code)
	}
	r.m.pressTo(pinpad.KeyEnter, display.Screen{ID: display.ClerkConfirmDate, Lang: display.Japanese, Facts: display.Facts{Date: display.DateOf(record.Earliest())}}) // no case has told it a later one
	r.m.savePicture("9-clock.png")
	r.m.startsAnew(fmt.Sprintf("systemctl stop link; date -s @%d; systemctl start --no-block link chrony", time.Now().Unix()))
	r.rests()
	r.lap("a clock in 1970 is doubted, and the clerk is asked for the day")
}

// pressTo presses a key on the machine alone once its panel is still, and waits for a screen. If nothing moves at all for a while it presses once more.
func (m *machine) pressTo(k pinpad.Key, want display.Screen) {
	m.t.Helper()
	for end := time.Now().Add(patience); m.board.Panel.Busy() || m.board.Quiet() < settle; time.Sleep(10 * time.Millisecond) {
		m.lives()
		if time.Now().After(end) {
			m.fail("the panel is never still")
		}
	}
	was, pressed := m.glass(), 0
	for end := time.Now().Add(patience); m.which([]display.Screen{want}) < 0; time.Sleep(20 * time.Millisecond) {
		if pressed == 0 || pressed == 1 && m.board.Quiet() > deaf && m.glass().Equal(was) {
			pressed++
			m.press(k)
		}
		m.lives()
		if time.Now().After(end) {
			m.fail("the panel does not show %s (%s)", want.ID, pictures)
		}
	}
}

// sceneDamaged cuts the power, damages the data partition as a dying card does, and starts the box, twice: where the partition is still known by its first block, and where nothing of it is.
// It says that its records cannot be opened, and writes nothing over them. Who gives them up puts a file on the card, and the box begins anew. This is the last scene.
func (r *rig) sceneDamaged() {
	r.t.Helper()
	lost := display.Screen{ID: display.FaultStart, Lang: display.Japanese, Facts: display.Facts{Reason: "data"}}
	const block = 4096
	for _, d := range []struct {
		from          int64
		says, picture string
	}{
		{block, "the partition needs a new card", "9-damaged.png"}, // what fsck mends without asking is far less
		{0, "nothing is recognised on a partition that was made before", "9-lost.png"},
	} {
		r.m.cut()
		was := r.m.damage(d.from)
		r.m.powerOn()
		r.m.shows(lost)
		r.m.savePicture(d.picture)
		r.m.says("madoguchi-data", d.says)
		if now := r.m.head(); !bytes.Equal(was[d.from:], now[d.from:]) { // fsck notes in the first block that it gave up
			r.m.fail("something was written over a damaged partition")
		}
	}
	r.lap("a damaged data partition is shown as what it is, and left as it is")

	r.m.cut()
	note := filepath.Join(r.m.dir, "first-start")
	must(r.t, os.WriteFile(note, nil, 0o600))
	command(r.t, "mcopy", "-i", partition(r.t, r.m.card, 1), note, "::first-start")
	r.m.powerOn()
	r.m.says("madoguchi-data", "first start")
	r.m.shows(display.Screen{ID: display.FaultStart, Lang: display.Japanese, Facts: display.Facts{Reason: "settings", Text: "counter.toml"}})
	r.m.savePicture("9-anew.png")
	if out := r.m.sh("ls /data; mount -o ro /dev/disk/by-partuuid/6d616475-01 /mnt/autoboot && ls /mnt/autoboot"); !strings.Contains(out, "made\n") || strings.Contains(out, "first-start") {
		r.m.fail("after the partition was made anew: %s", out)
	}
	r.lap("a data partition that is given up is made anew")
}

// data is the beginning of the data partition in the card's file, where the machine is off or leaves it alone.
func (m *machine) data() (f *os.File, at int64) {
	m.t.Helper()
	_, offset, _ := strings.Cut(partition(m.t, m.card, 7), "@@")
	fmt.Sscan(offset, &at)
	f, err := os.OpenFile(m.card, os.O_RDWR, 0)
	must(m.t, err)
	return f, at
}

// head is what the data partition begins with.
func (m *machine) head() []byte {
	m.t.Helper()
	f, at := m.data()
	defer f.Close()
	b := make([]byte, 8<<20)
	_, err := f.ReadAt(b, at)
	must(m.t, err)
	return b
}

// damage writes noise over the beginning of the data partition but for its first bytes, and returns what it begins with now.
func (m *machine) damage(from int64) []byte {
	m.t.Helper()
	f, at := m.data()
	noise := make([]byte, 8<<20-from)
	_, _ = rand.Read(noise)
	_, err := f.WriteAt(noise, at+from)
	must(m.t, errors.Join(err, f.Close()))
	return m.head()
}

// says waits until a unit's journal of this start holds a text.
func (m *machine) says(unit, text string) {
	m.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(m.sh("journalctl -b --no-pager -o cat -u "+unit), text); time.Sleep(time.Second) {
		m.lives()
		if time.Now().After(end) {
			m.fail("%s does not say %q", unit, text)
		}
	}
}

// TestFaults starts the box with all kinds of bad input. Each is shown for what it is, with what to do, and when it is mended the box serves again.
func TestFaults(t *testing.T) {
	tokyo(t)
	tb, begun := keepLog(t, "faults.txt"), time.Now()
	r := newRig(tb, builtParts(tb))
	r.begun = begun
	r.rests()
	r.lap("the line to city hall stands")

	r.sceneStarts()
	r.sceneNoPort()
	r.sceneStranger()
	r.sceneExpired()
	r.sceneClock()
	r.sceneDamaged()
	r.lap("the end")
}
