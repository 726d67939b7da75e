// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/cmd/internal/wire"
	"madoguchi/device"
)

// asleep is a box whose processes only wait.
func asleep(string, ...string) *exec.Cmd { return exec.Command("/bin/sleep", "600") }

func open(t *testing.T, opts Opts) *World {
	t.Helper()
	if opts.Data == "" {
		opts.Data = t.TempDir()
	}
	if opts.Command == nil {
		opts.Command = asleep
	}
	w, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name string
		opts Opts
		want string
	}{
		{"unknown city", Opts{City: "edo"}, "choose one of nabari"},
		{"unknown card", Opts{Card: "usb"}, "choose sim or pcsc"},
		{"broker over TLS", Opts{Broker: "ssl://127.0.0.1:8883"}, "tcp://host:port"},
		{"no program", Opts{Command: func(string, ...string) *exec.Cmd { return exec.Command("/nowhere") }}, "booting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Data = t.TempDir()
			if tt.opts.Command == nil {
				tt.opts.Command = asleep
			}
			_, err := Open(t.Context(), tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			// What failed has let go of the folder.
			tt.opts = Opts{Data: tt.opts.Data}
			open(t, tt.opts)
		})
	}
}

func TestFolderIsTakenOnce(t *testing.T) {
	w := open(t, Opts{})
	_, err := Open(t.Context(), Opts{Data: w.Data(), Command: asleep})
	if err == nil || !strings.Contains(err.Error(), "in use by another simulator") {
		t.Errorf("second world: %v", err)
	}
}

func TestDamagedFiles(t *testing.T) {
	for _, name := range []string{"ack.key", "digest.key", "cards.json"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte("zz"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), Opts{Data: dir, Command: asleep})
			if err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error that names %s", err, path)
			}
			if b, _ := os.ReadFile(path); string(b) != "zz" {
				t.Error("the damaged file was changed")
			}
		})
	}
}

// TestConfig: what the world writes is what the firmware reads, and hashes are
// made once.
func TestConfig(t *testing.T) {
	for _, c := range Cities {
		t.Run(c.ID, func(t *testing.T) {
			w := open(t, Opts{City: c.ID})
			path, err := w.writeConfig()
			if err != nil {
				t.Fatal(err)
			}
			first, err := device.LoadConfig(path)
			if err != nil {
				t.Fatal(err)
			}
			if first.Release != "at_once" || len(first.Clerks) != len(Clerks()) || first.Office != c.Offices[0].Name.JA {
				t.Errorf("configuration %+v", first)
			}
			if _, err := w.writeConfig(); err != nil {
				t.Fatal(err)
			}
			second, err := device.LoadConfig(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(first, second); d != "" {
				t.Errorf("second boot has another configuration (-first +second):\n%s", d)
			}
		})
	}
}

func TestDate(t *testing.T) {
	w := open(t, Opts{Date: time.Date(2027, 3, 4, 0, 0, 0, 0, time.UTC)})
	if got := w.Clock().In(wire.Japan).Format(time.DateOnly); got != "2027-03-04" {
		t.Errorf("the box's clock stands on %s", got)
	}
	if err := w.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := w.Switches().Clock.In(wire.Japan).Format(time.DateOnly); got != "2027-03-05" {
		t.Errorf("a day later it stands on %s", got)
	}
}

func TestOutsideBroker(t *testing.T) {
	w := open(t, Opts{Broker: "tcp://127.0.0.1:1"})
	var conflict *ConflictError
	if err := w.SetBroker(false); !errors.As(err, &conflict) {
		t.Errorf("switching a broker that is not ours: %v", err)
	}
	if s := w.Switches(); !s.Broker || !s.BrokerOutside {
		t.Errorf("switches %+v", s)
	}
}

// TestProcessEndsByItself: one that ends is started again while there is power.
func TestProcessEndsByItself(t *testing.T) {
	started := make(chan string, 100)
	w := open(t, Opts{Restart: time.Millisecond, Command: func(role string, _ ...string) *exec.Cmd {
		select {
		case started <- role:
		default:
		}
		if role == "link" {
			return exec.Command("/bin/true")
		}
		return asleep(role)
	}})
	for n := 0; n < 3; {
		if <-started == "link" {
			n++
		}
	}
	if err := w.SetPower(false); err != nil {
		t.Fatal(err)
	}
	if p := w.Processes(); len(p) != 0 {
		t.Errorf("without power: %v", p)
	}
	if s := w.State(); s.Screen != ScreenOff {
		t.Errorf("without power: %+v", s)
	}
	if err := w.SetPower(true); err != nil {
		t.Fatal(err)
	}
	if err := w.SetPower(true); err != nil {
		t.Errorf("switching on twice: %v", err)
	}
}

func TestPlace(t *testing.T) {
	tests := []struct {
		city, office string
		want         Office
		err          string
	}{
		{"nabari", "", Cities[0].Offices[0], ""},
		{"matsue", "kashima_branch", Office{"kashima_branch", Name{"鹿島支所", "Kashima branch"}, "g03"}, ""},
		{"matsue", "鹿島支所", Office{"kashima_branch", Name{"鹿島支所", "Kashima branch"}, "g03"}, ""},
		{"nabari", "名張駅前", Office{}, "choose one of nabari_city_hall"},
		{"sakuragawa", "city_hall", Office{}, "choose one of iwase, yamato, makabe"},
		{"", "", Office{}, "choose one of"},
	}
	for _, tt := range tests {
		_, got, err := Place(tt.city, tt.office)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Place(%q, %q): %v, want %q", tt.city, tt.office, err, tt.err)
		}
		if d := cmp.Diff(tt.want, got); err == nil && d != "" {
			t.Errorf("Place(%q, %q) (-want +got):\n%s", tt.city, tt.office, d)
		}
	}
}
