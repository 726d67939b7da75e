// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
)

// TestParseFeatures: lists as drivers give them. The control codes are those of
// pcsc-lite, 0x42330000 and the tag.
func TestParseFeatures(t *testing.T) {
	code := "\x42\x33\x00\x00"
	for _, r := range []struct {
		name, list string
		want       OwnPad
		err        error
	}{
		{"nothing", "", OwnPad{}, nil},
		{"reader without a pad", "\x12\x04" + code + "\x13\x04" + code, OwnPad{}, nil},
		{"pad", "\x06\x04" + code + "\x07\x04" + code + "\x0A\x04" + code + "\x12\x04" + code, OwnPad{Verify: true, Change: true}, nil},
		{"pad that only checks", "\x06\x04" + code, OwnPad{Verify: true}, nil},
		{"pad in steps", "\x01\x04" + code + "\x02\x04" + code + "\x03\x04" + code + "\x04\x04" + code, OwnPad{Verify: true, Change: true}, nil},
		{"a tag nobody knows", "\xEE\x04" + code, OwnPad{}, nil},
		{"cut", "\x06\x04\x42\x33", OwnPad{}, errFeatures},
		{"cut behind a pad", "\x06\x04" + code + "\x07", OwnPad{}, errFeatures},
		{"another length", "\x06\x02\x42\x33\x00\x00", OwnPad{}, errFeatures},
	} {
		got, err := parseFeatures([]byte(r.list))
		if diff := cmp.Diff(r.want, got); diff != "" || !errors.Is(err, r.err) {
			t.Errorf("%s: error %v, want %v (-want +got):\n%s", r.name, err, r.err, diff)
		}
	}
}

// FuzzFeatures: a list is read whole or not at all.
func FuzzFeatures(f *testing.F) {
	f.Add([]byte("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07"))
	f.Fuzz(func(t *testing.T, list []byte) {
		p, err := parseFeatures(list)
		if err != nil && p.Any() || err == nil && len(list)%6 != 0 {
			t.Errorf("% X: %+v, %v", list, p, err)
		}
	})
}

// TestOwnPad asks readers with and without a pad, one that is in use and one that
// hangs, with and without a card. Nothing is sent to a card.
func TestOwnPad(t *testing.T) {
	s := newService("Pad 00 00", "Plain 00 00")
	s.features = map[string][]byte{"Pad 00 00": []byte("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07"), "Odd": {1}}
	s.flags["Pad 00 00"], s.flags["Plain 00 00"] = 0x10, 0x10
	s.answer = func(apdu []byte) ([]byte, error) { t.Errorf("% X was sent", apdu); return nil, card.ErrMute }
	bench(t, s, nil, func(t *testing.T, r *Reader) {
		ask := func(reader string, want OwnPad, wantErr error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if got, err := r.OwnPad(ctx, reader); got != want || !errors.Is(err, wantErr) {
				t.Errorf("%s: %+v, %v, want %+v, %v", reader, got, err, want, wantErr)
			}
		}
		expect(t, r, "no card", card.Empty)
		ask("Pad 00 00", OwnPad{true, true}, nil)
		ask("Plain 00 00", OwnPad{}, nil)
		ask("Odd", OwnPad{}, errFeatures)
		s.set("Pad 00 00", flagPresent, 1)
		ask("Pad 00 00", OwnPad{true, true}, nil)
		s.refuse = card.ErrBusy
		ask("Pad 00 00", OwnPad{}, card.ErrBusy)
		s.refuse, s.hold = nil, make(chan struct{})
		ask("Pad 00 00", OwnPad{}, context.DeadlineExceeded)
		close(s.hold)
		told(r)
	})
	if len(s.faults) > 0 {
		t.Errorf("faults %v", s.faults)
	}
}

// TestDescribe names the reader with the card, else the first, and says what is known of its pad.
func TestDescribe(t *testing.T) {
	pad := []byte("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07")
	for _, tt := range []struct {
		name    string
		readers []string
		card    string // in which
		want    string
		own     bool
		err     error
	}{
		{"with a pad", []string{"Pad 00 00", "Plain 00 00"}, "", "Pad 00 00", true, nil},
		{"the one with the card", []string{"Pad 00 00", "Plain 00 00"}, "Plain 00 00", "Plain 00 00", false, nil},
		{"none", nil, "", "", false, card.ErrNoReader},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(tt.readers...)
			s.features = map[string][]byte{"Pad 00 00": pad}
			for _, r := range tt.readers {
				s.flags[r] = 0x10
			}
			if tt.card != "" {
				s.flags[tt.card] = 0x20
			}
			bench(t, s, nil, func(t *testing.T, r *Reader) {
				<-r.Events() // the slots are known
				name, own, err := r.Describe(t.Context())
				if name != tt.want || own != tt.own || !errors.Is(err, tt.err) {
					t.Errorf("%q, %v, %v", name, own, err)
				}
			})
		})
	}
}
