// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"

	"madoguchi/display"
)

// broken are ways in which the box cannot start, made and mended from within the guest while counter does not run, and what its panel must then say.
var broken = []struct {
	name, do, undo string
	want           display.Facts
}{
	{"a data partition that can only be read", "mount -o remount,ro /data", "mount -o remount,rw /data", display.Facts{Reason: "readonly"}},
	{"a mistake in the settings", "sed -i 1i'ofice = 1' /data/counter/counter.toml", "sed -i 1d /data/counter/counter.toml", display.Facts{Reason: "wrong", Text: "counter.toml:1"}},
	{"another board", "sed -i 's/^gpio_chip = .*/gpio_chip = \"pinctrl-none\"/' /data/counter/counter.toml", "sed -i 's/^gpio_chip = .*/gpio_chip = \"pinctrl-bcm2711\"/' /data/counter/counter.toml",
		display.Facts{Reason: "board", Text: "gpio_chip"}},
}

// sceneStarts starts the program where it cannot work. Each time the panel says why, and after the mending the box is at rest again, and at last with its line.
func (r *rig) sceneStarts() {
	r.t.Helper()
	for i, b := range broken {
		r.m.sh("systemctl stop counter; " + b.do + "; systemctl reset-failed counter counter.socket; systemctl start --no-block counter")
		r.m.shows(display.Screen{ID: display.FaultStart, Lang: display.Japanese, Facts: b.want})
		r.lap(b.name + " is shown as what it is")
		r.m.savePicture(fmt.Sprintf("8-start-%d.png", i+1))
		r.m.sh("systemctl stop counter; " + b.undo + "; systemctl reset-failed counter counter.socket; systemctl start --no-block counter")
		r.m.showsOf(func() []display.Screen { return atRests(r.config) })
		r.lap("it is mended, and the box is at rest")
	}
	r.rests()
}
