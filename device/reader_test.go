// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/device"
	"madoguchi/pinpad"
)

// described is a reader whose driver says so much of it.
type described struct {
	device.Reader
	name string
	own  bool
	err  error
}

func (d described) Describe(ctx context.Context) (string, bool, error) {
	if errors.Is(d.err, context.DeadlineExceeded) {
		<-ctx.Done()
		return "", false, ctx.Err()
	}
	return d.name, d.own, d.err
}

// TestStrangeReader: what the service menu and the check say of a reader that nobody has looked at: its name as it is, that its pad is not known, and that it is well, for it
// takes cards; and of one that is missing, that hangs, or whose name is too long for the panel. Cards are taken all the same.
func TestStrangeReader(t *testing.T) {
	for name, tt := range map[string]struct {
		name        string
		own         bool
		err         error
		says, check string // on the reader's page, in the check
	}{
		"known, with a pad":  {"ACS ACR38", true, nil, "あり(使いません)", "RD0"},
		"of an unknown kind": {"Foo Bar 3000 00 00", false, errors.New("control code is not supported"), "分かりません", "RD0"},
		"an unknown name":    {"読取機 ﾘｰﾀﾞ \x00 of a very long name that no panel has room for 00 00", false, errors.New("no"), "分かりません", "RD0"},
		"none is there":      {"", false, card.ErrNoReader, "分かりません", "RD2"},
		"it hangs":           {"", false, context.DeadlineExceeded, "分かりません", "RD9"},
		"it fails unnamed":   {"", false, errors.New("internal error"), "分かりません", "RD9"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.hw = func(hw *device.Hardware) { hw.Reader = described{hw.Reader, tt.name, tt.own, tt.err} }
			}, func(r *rig) {
				r.service()
				r.press(pinpad.Key3)
				r.until("service.reader")
				r.says(tt.says)
				r.press(pinpad.KeyCancel, pinpad.Key9)
				r.until("service.check")
				time.Sleep(15 * time.Second)
				r.says(tt.check)
				r.press(pinpad.KeyCancel, pinpad.KeyCancel)
				r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
				r.until("resident.pin.login")
				r.press(pinpad.KeyCancel, pinpad.KeyCancel)
				r.rests()
			})
		})
	}
}
