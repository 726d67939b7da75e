// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
)

// slowSlot takes its time, tells how far it is, and is full in the end.
type slowSlot struct {
	otherSlot
	follow func(int)
}

func (s *slowSlot) Install(context.Context, string, update.Manifest) error {
	for _, percent := range []int{10, 30, 40, 99} {
		s.follow(percent)
		time.Sleep(time.Minute)
	}
	return errors.New("full")
}

// TestUpdateDetail: how far the writing of firmware is goes to city hall by quarters, and why it failed in more than the code's one word.
func TestUpdateDetail(t *testing.T) {
	var f *fleet
	slot := &slowSlot{}
	bubble(t, func(r *rig) {
		f = newFleet(r)
		r.update.Firmware = slot
		r.update.Follow = func(f func(int)) { slot.follow = f }
		r.update.Detail = func(code string) string { return "said of " + code }
	}, func(r *rig) {
		r.until("idle")
		p := f.peer()
		time.Sleep(15 * time.Minute) // firmware waits until the counter has been quiet for a while
		p.desires(f.assign(f.release(update.Firmware, "2", []byte("a bundle"))))
		var seen []int
		for range 60 {
			time.Sleep(5 * time.Second)
			if v := r.box.About().Update; v.State == update.Installing && !slices.Contains(seen, v.Percent) {
				seen = append(seen, v.Percent)
			}
		}
		if !slices.Equal(seen, []int{0, 25, 75}) {
			t.Errorf("percentages %v", seen)
		}
		time.Sleep(time.Hour)
		if v := r.box.About().Update; v.Code != "install" || v.Detail != "said of install" || v.Percent != 0 {
			t.Errorf("%+v", v)
		}
		if last, _ := p.told(); !strings.Contains(last, `"code":"install","detail":"said of install"`) {
			t.Errorf("told %s", last)
		}
	})
}
