// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"madoguchi/sync/enrol"
)

// TestBrake: a box that repeats its request loses no try by it; whoever asks for more than a person can type is told to wait and why, which is noted once; others are served
// meanwhile.
func TestBrake(t *testing.T) {
	both(t, func(h *hall) {
		f, code := h.provision("box-1")
		other, otherCode := h.provision("box-2")
		key := h.key()
		wrong := func(n int) enrol.Request { // proved by a key that no code makes
			r, err := enrol.First(f, fmt.Appendf(nil, "%032d", n), key)
			if err != nil {
				h.Fatal(err)
			}
			return r
		}
		one := wrong(1)
		for range 30 { // the answer does not come through
			if a := h.answer("box-1", one); a.Code != enrol.WrongCode || a.Left != MaxMisses-1 {
				h.Fatalf("%q, %d left", a.Code, a.Left)
			}
		}
		for n := 2; n <= MaxMisses; n++ {
			if a := h.answer("box-1", wrong(n)); a.Code != enrol.WrongCode || a.Left != MaxMisses-n {
				h.Errorf("wrong code %d: %q, %d left", n, a.Code, a.Left)
			}
		}
		var last enrol.Answer
		for n := MaxMisses + 1; n <= mostRequests; n++ {
			if last = h.answer("box-1", wrong(n)); last.Code != enrol.UsedUp {
				h.Errorf("request %d: %q", n, last.Code)
			}
		}
		h.now = h.now.Add(time.Minute)
		for n := range 50 {
			a := h.answer("box-1", wrong(100+n))
			if a.Code != enrol.Locked || a.Wait != int((perTime-time.Minute)/time.Second) {
				h.Fatalf("%q, wait %d s", a.Code, a.Wait)
			}
		}
		h.ask("box-2", h.first(other, otherCode, key), key, enrol.OK)
		locked := 0
		entries, err := h.db.Audits(h.Context(), 1000)
		if err != nil {
			h.Fatal(err)
		}
		for _, e := range entries {
			if strings.Contains(e.What, "box-1 locked") {
				locked++
			}
		}
		if locked != 1 {
			h.Errorf("noted %d times, want once", locked)
		}
		h.now = h.now.Add(perTime)
		h.ask("box-1", h.first(f, code, key), key, enrol.UsedUp)
	})
}

// TestBrakeForgets: what is remembered of devices does not grow without end.
func TestBrakeForgets(t *testing.T) {
	var b brake
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for n := range mostDevices + 10 {
		b.check(fmt.Sprint("box-", n), []byte("x"), now.Add(time.Duration(n)*time.Millisecond))
		if n > mostDevices+2 && len(b.devices) > mostDevices {
			t.Fatalf("%d devices remembered", len(b.devices))
		}
	}
	if _, there := b.devices["box-0"]; there || b.devices[fmt.Sprint("box-", mostDevices+9)] == nil {
		t.Error("the newest were forgotten, not the oldest")
	}
}
