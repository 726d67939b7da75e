// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/pinpad/pin"
	"madoguchi/sync/enrol"
)

func fresh(c *city) *disk { return &disk{files: map[string][]byte{enrol.FileName: c.sealed}} }

// TestEnrol: the words, a digit that was mistyped, a wrong code, the right one; then the box has its configuration, and nothing is left of file and request.
func TestEnrol(t *testing.T) {
	c := newCity(t, nil)
	d, n := fresh(c), newNet(c)
	s := start(t, d, n, day)
	s.want("words")
	if f := s.m.screen(day).Facts; f.Text != strings.Join(func() []string { w := c.file.Print().Words; return w[:] }(), " ") || f.Office != "市民課" || f.Title != "nabari / box-17" {
		t.Errorf("the words screen says %+v", f)
	}
	s.press("m")
	if l := s.m.screen(day).Lang; l != display.English {
		t.Errorf("after メニュー it speaks %s", l)
	}
	s.press("m○482<2○")
	if f := s.m.screen(day).Facts; f.Fault != "too_short" || f.Text != "482" {
		t.Errorf("%+v", f)
	}
	s.press("1930577○")
	s.want("code")
	if f := s.m.screen(day).Facts; f.Left != 4 || f.Text != "" || c.misses != 1 {
		t.Errorf("after a wrong code: %+v, %d misses", f, c.misses)
	}
	s.press("48219305761○") // an eleventh digit is not taken
	s.want("done")
	if s.event(shown{}); !s.finished {
		t.Error("it does not go on")
	}
	if d.has(enrol.FileName) || d.has(requestFile) || !d.has(usedFile) {
		t.Error("something is left of file or request, or its number is not kept")
	}
	text, _ := d.Read(ConfigFile)
	path := t.TempDir() + "/counter.toml"
	must(t, os.WriteFile(path, text, 0o600))
	cfg, err := device.LoadConfig(path)
	must(t, err)
	if cfg.DeviceID != "box-17" || cfg.Office != "市民課" || cfg.OfficeGroup != "g03" || cfg.UpdateRoot != "/data/counter/root.json" || cfg.Hardware != "rpi4" || len(cfg.Clerks) != 1 {
		t.Errorf("configuration %+v", cfg)
	}
	if root, _ := d.Read(rootFile); !bytes.Equal(root, c.file.Root) {
		t.Errorf("root %q", root)
	}
	if Waiting(d) {
		t.Error("it would enrol again")
	}
	// The same card again, after the box was wiped.
	delete(d.files, ConfigFile)
	d.files[enrol.FileName] = c.sealed
	start(t, d, n, day).want("stop used")
}

// TestRefusals: each way to fail has its screen, keeps nothing in force, and leads on.
func TestRefusals(t *testing.T) {
	right := "○4821930576○"
	for _, c := range []struct {
		name   string
		change func(*enrol.File)
		set    func(*city, *disk, *line)
		now    time.Time
		keys   string
		want   string
		text   string // on the screen
		then   string // after ○
	}{
		{name: "other words", keys: "×", want: "stop words", then: "words"},
		{name: "no code", keys: "○×", want: "words"},
		{name: "damaged file", set: func(c *city, d *disk, _ *line) { d.files[enrol.FileName][40] ^= 1 }, want: "stop forged", then: "stop forged"},
		{name: "file of zeros", set: func(c *city, d *disk, _ *line) { d.files[enrol.FileName] = make([]byte, 4096) }, want: "stop forged"},
		{name: "endless file", set: func(c *city, d *disk, _ *line) { d.files[enrol.FileName] = bytes.Repeat([]byte{'{'}, enrol.MaxFile+1) }, want: "stop forged"},
		{name: "expired", now: day.AddDate(0, 0, 8), want: "stop expired", text: "2026-11-30", then: "words"},
		{name: "expired, by a clock that is wrong", now: day.AddDate(12, 0, 0), keys: "○" + right, want: "done"},
		{name: "clock at 1970", now: time.Unix(0, 0), keys: right, want: "done"},
		{name: "clock at 1970, and the line says so", now: time.Unix(0, 0), set: func(_ *city, _ *disk, n *line) { n.down = enrol.LineClock }, keys: right, want: "wait clock"},
		{name: "no network side", set: func(_ *city, _ *disk, n *line) { n.city = nil }, keys: right, want: "wait link"},
		{name: "no line", set: func(_ *city, _ *disk, n *line) { n.down = enrol.LineReach }, keys: right, want: "wait reach", text: "mqtt.example:8883"},
		{name: "no line, given up", set: func(_ *city, _ *disk, n *line) { n.down = enrol.LineResolve }, keys: right + "×", want: "words"},
		{name: "another city's broker", set: func(_ *city, _ *disk, n *line) { n.down = enrol.LineAuthority }, keys: right, want: "wait authority"},
		{name: "let in by nobody", set: func(_ *city, _ *disk, n *line) { n.down = enrol.LineRefused }, keys: right, want: "wait refused"},
		{name: "used at the fleet", set: func(c *city, _ *disk, _ *line) { c.refuse = enrol.UsedUp }, keys: right, want: "stop used", then: "words"},
		{name: "expired at the fleet", set: func(c *city, _ *disk, _ *line) { c.refuse = enrol.TooLate }, keys: right, want: "stop late"},
		{name: "no such file", set: func(c *city, _ *disk, _ *line) { c.refuse = enrol.Unknown }, keys: right, want: "stop unknown"},
		{name: "revoked", set: func(c *city, _ *disk, _ *line) { c.refuse = enrol.Revoked }, keys: right, want: "stop revoked"},
		{name: "not understood", set: func(c *city, _ *disk, _ *line) { c.refuse = enrol.BadRequest }, keys: right, want: "stop request"},
		{name: "a word of tomorrow", set: func(c *city, _ *disk, _ *line) { c.refuse = "moon" }, keys: right, want: "stop request"},
		{name: "locked", set: func(c *city, _ *disk, _ *line) { c.refuse, c.wait = enrol.Locked, 540 }, keys: right + "○", want: "stop locked"},
		{name: "a certificate of another city", set: func(c *city, _ *disk, _ *line) { c.other = newCity(c.t, nil) }, keys: right, want: "stop foreign"},
		{name: "five wrong codes", keys: "○0000000000○1111111111○2222222222○3333333333○4444444444○", want: "stop used"},
		{name: "no clerk in it", change: func(f *enrol.File) { f.Clerk, f.Label = "", "" }, want: "stop settings", text: "clerks"},
		{name: "no such office group", change: func(f *enrol.File) { f.Office = "g99" }, want: "stop settings", text: "office_group"},
		{name: "no such place", change: func(f *enrol.File) { f.Place = "nowhere" }, want: "stop settings", text: "place"},
		{name: "no rules for the city", change: func(f *enrol.File) { f.City = "atlantis" }, want: "stop settings", text: "city"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := newCity(t, c.change)
			d, n := fresh(home), newNet(home)
			if c.set != nil {
				c.set(home, d, n)
			}
			if n.city == nil {
				n = nil
			}
			if c.now.IsZero() {
				c.now = day
			}
			s := start(t, d, n, c.now)
			s.press(c.keys)
			s.want(c.want)
			v := s.m.screen(s.now)
			if !strings.Contains(v.Facts.Text, c.text) {
				t.Errorf("it says %q, want %q", v.Facts.Text, c.text)
			}
			for _, l := range []display.Lang{display.Japanese, display.English} {
				v.Lang = l
				if r, err := renderer(); err != nil {
					t.Fatal(err)
				} else if _, err := r.Render(v); err != nil {
					t.Errorf("the screen cannot be drawn: %v", err)
				}
			}
			if (c.want == "done") != d.has(ConfigFile) {
				t.Errorf("configuration kept: %v", d.has(ConfigFile))
			}
			if c.want != "done" && !d.has(enrol.FileName) {
				t.Error("the file is gone, and the box is none")
			}
			if c.then != "" {
				s.press("○")
				s.want(c.then)
			}
		})
	}
}

// TestLocked: after the pause the same request goes out again; nobody types the code twice.
func TestLocked(t *testing.T) {
	c := newCity(t, nil)
	c.refuse, c.wait = enrol.Locked, 540
	s := start(t, fresh(c), newNet(c), day)
	s.press("○4821930576○")
	s.want("stop locked")
	s.wait(9 * time.Minute)
	c.refuse = enrol.OK
	clear(c.seen)
	s.press("○")
	s.want("done")
}

// TestLineComesBack: an answer that is lost is asked for again, the same request each time; the words of before are not taken for the answer to a new code.
func TestLineComesBack(t *testing.T) {
	c := newCity(t, nil)
	n := newNet(c)
	n.down = enrol.LineTrying
	s := start(t, fresh(c), n, day)
	s.press("○4821930570○")
	s.wait(3 * time.Minute)
	s.want("wait trying")
	if c.asked != 0 {
		t.Errorf("%d requests without a line", c.asked)
	}
	n.down = enrol.LineUp
	s.event(n.says())
	s.want("code") // wrong
	s.event(n.says())
	s.press("4821930576")
	s.event(n.says()) // the old answer once more
	s.press("○")
	s.want("done")
	if c.asked != 2 || c.misses != 1 {
		t.Errorf("%d requests, %d misses", c.asked, c.misses)
	}
}

// TestKeyLost: a network side that has lost its key has drawn another; the proof over the old one is worth nothing, and the code is asked for again.
func TestKeyLost(t *testing.T) {
	c := newCity(t, nil)
	d, n := fresh(c), newNet(c)
	n.down = enrol.LineReach
	s := start(t, d, n, day)
	s.press("○4821930576○")
	if !d.has(requestFile) {
		t.Fatal("the request is not kept")
	}
	n.draw()
	n.down = enrol.LineUp
	s.event(n.says())
	s.want("code")
	s.press("4821930576○")
	s.want("done")
}

// TestNobodyAgreed: a certificate that the network side says it has puts nothing in force before a person has compared the words, nor does one of another city or the file's own.
func TestNobodyAgreed(t *testing.T) {
	c := newCity(t, nil)
	d, n := fresh(c), newNet(c)
	n.word = enrol.Word{Certificate: c.certify("box-17", n.key.Public())}
	s := start(t, d, n, day)
	s.wait(time.Minute)
	s.want("words")
	for name, der := range map[string][]byte{"another city's": newCity(t, nil).certify("box-17", n.key.Public()), "another box's": c.certify("box-18", n.key.Public()),
		"the file's": c.file.Certificate, "no": []byte("x")} {
		n.word.Certificate = der
		s := start(t, fresh(c), n, day)
		s.press("○")
		if s.want("code"); s.disk.has(ConfigFile) {
			t.Errorf("%s certificate enrolled the box", name)
		}
	}
	s.press("○")
	s.want("done")
}

// TestPowerCut: the power goes after each step of the disk; the box that comes up again is as it was, or goes on, and ends with one certificate and without the code being typed
// again once a request was kept.
func TestPowerCut(t *testing.T) {
	cuts := 0
	for most := 1; ; most++ {
		c := newCity(t, nil)
		d, n := fresh(c), newNet(c)
		d.most = most
		s := start(t, d, n, day)
		s.press("○4821930576○")
		if d.alive() {
			break
		}
		cuts++
		d.most = 0
		if d.has(ConfigFile) {
			if !d.has(rootFile) {
				t.Fatalf("cut after %d steps: a configuration without the root it names", most)
			}
			must(t, Sweep(d))
		} else {
			if !Waiting(d) {
				t.Fatalf("cut after %d steps: neither file nor configuration", most)
			}
			s = start(t, d, n, day)
			if s.shows() == "words" {
				if d.has(requestFile) {
					t.Errorf("cut after %d steps: the code is asked for again", most)
				}
				s.press("○4821930576○")
			}
			s.wait(again)
			s.want("done")
		}
		if !d.has(ConfigFile) || d.has(enrol.FileName) || d.has(requestFile) || c.asked != 1 {
			t.Errorf("cut after %d steps: %v, %d requests", most, keys(d), c.asked)
		}
	}
	t.Logf("%d cuts", cuts)
	if cuts < 5 {
		t.Errorf("%d steps, want each of request, root, configuration, number and two erasures", cuts)
	}
}

func keys(d *disk) []string {
	var all []string
	for k := range d.files {
		all = append(all, k)
	}
	return all
}

// TestFirstCode: what the fleet writes for a first clerk the box takes, and it is not one that is tried first.
func TestFirstCode(t *testing.T) {
	code, hash := hashOnce()
	if len(code) != 6 {
		t.Errorf("code of %d digits", len(code))
	}
	if _, err := pin.ParseHash(hash); err != nil {
		t.Error(err)
	}
}

// TestCodeStaysHere: nothing that crosses the wall or the disk holds the code.
func TestCodeStaysHere(t *testing.T) {
	c := newCity(t, nil)
	n := newNet(c)
	d := fresh(c)
	n.down = enrol.LineReach
	s := start(t, d, n, day)
	s.press("○4821930576○")
	all, _ := json.Marshal(d.files)
	raw, _ := d.Read(requestFile)
	for _, b := range [][]byte{all, raw} {
		if bytes.Contains(b, []byte(c.code)) {
			t.Error("the code stands in what is kept or sent")
		}
	}
	if s.m.digits != "" || s.m.codeKey != nil {
		t.Error("the code or its key is still held")
	}
}
