// SPDX-License-Identifier: Apache-2.0

package lamp_test

import (
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/lamp"
)

// light is an output line that writes its levels into a common log.
type light struct {
	gpio.PinIO
	name  string
	level gpio.Level
	log   *[]string
	fail  error
}

func (l *light) Name() string { return l.name }

func (l *light) Out(level gpio.Level) error {
	if l.fail != nil {
		return l.fail
	}
	l.level = level
	if l.log != nil {
		*l.log = append(*l.log, fmt.Sprint(l.name, level))
	}
	return nil
}

func rig(t *testing.T) (*lamp.Lamp, [3]*light, *[]string) {
	t.Helper()
	var out []string
	l := [3]*light{{name: "red", log: &out}, {name: "yellow", log: &out}, {name: "green", log: &out}}
	d, err := lamp.New(l[0], l[1], l[2])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"redLow", "yellowLow", "greenLow"}, out); diff != "" {
		t.Errorf("New (-want +got):\n%s", diff)
	}
	out = nil
	return d, l, &out
}

var states = []lamp.State{lamp.Off, lamp.Waiting, lamp.Typing, lamp.Checking, lamp.Done, lamp.Help, lamp.Stopped}

// Each state's lights decode to the state, and no two states look alike.
func TestStates(t *testing.T) {
	want := map[lamp.State]string{
		lamp.Off: "off", lamp.Waiting: "waiting --g", lamp.Typing: "typing -y-", lamp.Checking: "checking -yg",
		lamp.Done: "done ryg", lamp.Help: "help ry-", lamp.Stopped: "stopped r--",
	}
	seen := map[string]bool{}
	for _, s := range states {
		pins := [3]*light{{name: "r"}, {name: "y"}, {name: "g"}}
		d, err := lamp.New(pins[0], pins[1], pins[2])
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Set(s); err != nil {
			t.Fatal(err)
		}
		got := s.String()
		if s != lamp.Off {
			got += " "
			for _, p := range pins {
				if p.level {
					got += p.name
				} else {
					got += "-"
				}
			}
		}
		if got != want[s] || seen[got] {
			t.Errorf("%s, want %s, once", got, want[s])
		}
		seen[got] = true
		if back := lamp.Decode(bool(pins[0].level), bool(pins[1].level), bool(pins[2].level)); back != s {
			t.Errorf("%s decodes as %s", s, back)
		}
		if err := d.Halt(); err != nil || bool(pins[0].level || pins[1].level || pins[2].level) {
			t.Errorf("lights after Halt (%v)", err)
		}
	}
	if got := lamp.Decode(true, false, true); got != lamp.Off {
		t.Errorf("red and green decode as %s", got)
	}
}

// Between two states no light is on that neither has, and lights that stay are
// left alone.
func TestChanges(t *testing.T) {
	for _, from := range states {
		for _, to := range states {
			d, _, out := rig(t)
			if err := d.Set(from); err != nil {
				t.Fatal(err)
			}
			*out = nil
			if err := d.Set(to); err != nil {
				t.Fatal(err)
			}
			on := false
			for _, step := range *out {
				rises := step[len(step)-1] == 'h'
				if on && !rises {
					t.Errorf("%s to %s: %v", from, to, *out)
				}
				on = rises
			}
			if from == to && len(*out) != 0 {
				t.Errorf("%s again: %v", from, *out)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	d, l, out := rig(t)
	l[1].fail = errors.New("line gone")
	if err := d.Set(lamp.Done); err == nil || err.Error() != "setting the lamp to done: yellow light: line gone" {
		t.Errorf("Set: %v", err)
	}
	l[1].fail = nil
	*out = nil
	if err := d.Set(lamp.Done); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"redHigh", "yellowHigh", "greenHigh"}, *out); diff != "" {
		t.Errorf("after a failure all lights are set again (-want +got):\n%s", diff)
	}
	if err := d.Set(99); err == nil {
		t.Error("a state 99 was set")
	}
	if got := lamp.State(99).String(); got != "State(99)" {
		t.Errorf("State(99) prints %s", got)
	}
	if _, err := lamp.New(gpio.INVALID, gpio.INVALID, gpio.INVALID); err == nil {
		t.Error("New took lines that cannot be driven")
	}
	if got := d.String(); got != "lamp.Lamp{red, yellow, green}" {
		t.Errorf("String() = %s", got)
	}
}

func Example() {
	red, yellow, green := &light{name: "GPIO22"}, &light{name: "GPIO23"}, &light{name: "GPIO27"} // real lines on the box
	l, err := lamp.New(red, yellow, green)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Halt()
	if err := l.Set(lamp.Checking); err != nil {
		log.Fatal(err)
	}
	fmt.Println(l, red.level, yellow.level, green.level, lamp.Decode(bool(red.level), bool(yellow.level), bool(green.level)))
	// Output: lamp.Lamp{GPIO22, GPIO23, GPIO27} Low High High checking
}
