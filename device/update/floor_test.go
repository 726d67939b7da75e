// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/device/update"
)

// TestFloorOfTheImage: a box that knows of no version that it has had takes no firmware that is older than the one that runs.
func TestFloorOfTheImage(t *testing.T) {
	had := map[update.Kind]update.Installed{update.Firmware: {Seq: 3, SHA256: update.Sum([]byte("x"))}}
	for _, tt := range []struct {
		running, version string
		change           func(*update.Manifest, *update.Box)
		want             string
	}{
		{running: "v1.4.2", version: "1.4.1", want: "older"},
		{running: "v1.4.2", version: "v1.3.9", want: "older"},
		{running: "v1.10.0", version: "v1.9.0", want: "older"},
		{running: "v1.4.2", version: "v1.4.2-rc1", want: "older"},
		{running: "v1.4.2-3-gabcdef0", version: "v1.4.1", want: "older"},
		{running: "v1.4.2-dirty", version: "v1.4.1", want: "older"},
		{running: "v1.4.2", version: "1.4.2"},
		{running: "v1.4.2-3-gabcdef0", version: "v1.4.2"}, // no lower than its tag
		{running: "v1.4.2", version: "v1.5.0"},
		{running: "development", version: "v1.0.0"}, // nothing is known
		{running: "v1.4.2", version: "spring"},
		{running: "v1.4.2", version: "v1.4.1", change: func(m *update.Manifest, _ *update.Box) { m.AllowDowngrade = true }}, // its signers want it
		{running: "v1.4.2", version: "v1.4.1", change: func(_ *update.Manifest, b *update.Box) { b.Installed = had }},       // its own order is known
		{running: "v1.4.2", version: "v1.4.1", change: func(m *update.Manifest, _ *update.Box) { m.Kind = update.Policy }},
	} {
		m, b := manifest(update.Firmware, tt.version, 4), update.Box{Product: "counter", Version: tt.running}
		if tt.change != nil {
			tt.change(&m, &b)
		}
		var refused *update.RefusedError
		code := ""
		if errors.As(m.Fits(b, known), &refused) {
			code = refused.Code
		}
		if code != tt.want {
			t.Errorf("%s on a box that runs %s: %q, want %q", tt.version, tt.running, code, tt.want)
		}
	}
}

// TestAgentWiped: the data partition of a box was wiped, and the director (or who has stolen its key) assigns an older firmware of the city's.
func TestAgentWiped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true)
		b.image = "v1.4.2"
		old, _ := b.release(t, update.Firmware, "v1.3.0", 3, []byte("old"))
		next, m := b.release(t, update.Firmware, "v1.5.0", 5, []byte("next"))
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, old))
		time.Sleep(time.Hour)
		b.expect("failed refused.older")
		b.agent.Desired(b.assign(t, "box", 2, next))
		b.reboot()
		time.Sleep(time.Hour)
		synctest.Wait()
		if b.at().committed != m.SHA256 {
			t.Errorf("states %v", b.states())
		}
		b.stop()
	})
}
