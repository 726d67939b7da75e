// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/pinpad"
)

// TestLargePanel: a box with the 7.5 inch panel types a PIN, says what is wrong when the panel's cable comes off, goes on when it is back, and
// says once how fast the panel is.
func TestLargePanel(t *testing.T) {
	var log bytes.Buffer
	large := func(r *rig) {
		r.model, r.panel = epd.Model7in5, epdtest.NewUC8179(nil)
		r.log = slog.New(slog.NewTextHandler(&log, nil))
	}
	bubble(t, large, func(r *rig) {
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
		r.until("resident.pin.login")
		r.press(pinpad.Key1)
		r.panel.Tune(func(o *epdtest.Opts) { o.Unplugged = true })
		r.press(pinpad.Key2)
		time.Sleep(2 * time.Minute)
		if s := r.state(); s.Screen != "wipe" || s.Lamp != "stopped" {
			t.Errorf("without a panel: %+v", s)
		}
		r.panel.Tune(func(o *epdtest.Opts) { o.Unplugged = false })
		r.comes("clerk.closed")
		r.panel.ForgetFaults()
		r.press(pinpad.KeyEnter)
		r.until("fault.panel")
		r.press(pinpad.KeyEnter)
		r.until("idle")
	})
	for _, want := range []string{`msg=panel class=fast`, `BUSY stayed Low for`, `check that the panel's cable`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if n := strings.Count(log.String(), "class="); n != 1 {
		t.Errorf("the panel's class is told %d times", n)
	}
}
