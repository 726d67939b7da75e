// SPDX-License-Identifier: Apache-2.0

package simcard_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

func TestSamples(t *testing.T) {
	var ids []string
	for _, s := range simcard.Samples(today) {
		ids = append(ids, s.ID)
		if s.Title.JA == "" || s.Title.EN == "" || s.What.JA == "" || s.What.EN == "" {
			t.Errorf("%s: a text is missing", s.ID)
		}
		c := simcard.New(s.Spec)
		for k, p := range s.PINs {
			if strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
				t.Errorf("%s: %v PIN is not of A–Z and 0–9", s.ID, k)
			}
			if c.Left(k) < 0 {
				t.Errorf("%s: no %v PIN on the card", s.ID, k)
			}
		}
	}
	want := []string{"adult", "one_try_left", "locked", "expiring", "expired", "under_15", "face_auth", "driving_licence"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

// TestState: PINs and counters survive as JSON; what does not fit changes nothing.
func TestState(t *testing.T) {
	c := sample(t, "adult")
	c.Reset(false)
	for _, s := range []string{jpki, login, ask, "002000800431323334", "002401800435363738", "002000800431313131"} {
		send(t, c, unhex(t, s))
	}
	b, err := json.Marshal(c.State())
	if err != nil {
		t.Fatal(err)
	}
	var st simcard.State
	if err := json.Unmarshal(b, &st); err != nil {
		t.Fatal(err)
	}
	d := sample(t, "adult")
	if err := d.Restore(st); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.State(), d.State()); diff != "" {
		t.Errorf("state (-saved +restored):\n%s", diff)
	}
	if d.Left(card.KindLogin) != 2 {
		t.Errorf("%d tries left, want 2", d.Left(card.KindLogin))
	}
	for name, bad := range map[string]simcard.State{
		"unknown key":    {Keys: map[string]simcard.KeyState{"00:0018": {Left: 1}}},
		"too many tries": {Keys: map[string]simcard.KeyState{"d392f000260100000001:0018": {Left: 4}}},
		"negative tries": {Keys: map[string]simcard.KeyState{"d392f000260100000001:0018": {Left: -1}}},
	} {
		if err := d.Restore(bad); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	if diff := cmp.Diff(st, d.State()); diff != "" {
		t.Errorf("a refused state changed the card (-want +got):\n%s", diff)
	}
}

// TestMisuse: each of these is flagged, and no flag shows data.
func TestMisuse(t *testing.T) {
	open := []string{jpki, login}
	for _, r := range []struct{ name, want, cmd string }{
		{"no question first", "without asking", "002000800431323334"},
		{"letters in a PIN of digits", "against its rules", "002000800441424344"},
		{"tries with a fifth byte", "wrong length", "0020008000"},
		{"change without VERIFY", "without VERIFY", "002401800431323334"},
		{"issuer's command", "no such instruction", "002C000000"},
		{"class", "no such class", "A0A4000000"},
		{"channel", "logical channel", "01A4000000"},
		{"lengths", "lengths", "00A4040C0AD3"},
		{"reading a PIN", "no bytes", "00B0000001"},
	} {
		c := sample(t, "adult")
		c.Reset(false)
		for _, s := range open {
			send(t, c, unhex(t, s))
		}
		if m := c.Misuse(); len(m) > 0 {
			t.Fatalf("%s: flagged before: %v", r.name, m)
		}
		send(t, c, unhex(t, r.cmd))
		m := strings.Join(c.Misuse(), "; ")
		if !strings.Contains(m, r.want) {
			t.Errorf("%s: flagged %q, want %q", r.name, m, r.want)
		}
		if strings.Contains(m, "1234") || strings.Contains(m, "ABCD") || strings.Contains(m, "31323334") {
			t.Errorf("%s: the flag shows data: %q", r.name, m)
		}
	}
	c := sample(t, "adult")
	if _, err := c.Transmit(unhex(t, ask)); err == nil || len(c.Misuse()) != 1 {
		t.Errorf("command without power: error %v, flags %v", err, c.Misuse())
	}
}

// TestFaults: odd answers, slow ones, and removal before and after the card acts.
func TestFaults(t *testing.T) {
	c := sample(t, "adult")
	c.Reset(false)
	c.Inject(simcard.Fault{At: 2, SW: 0x6F00}, simcard.Fault{At: 3, Answer: []byte{0x90}})
	var got []string
	for range 4 {
		resp := send(t, c, unhex(t, jpki))
		got = append(got, string(resp))
	}
	if diff := cmp.Diff([]string{"\x90\x00", "\x6F\x00", "\x90", "\x90\x00"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	c.Inject(simcard.Fault{At: 1, INS: 0x20, SW: 0x6F00})
	if got := string(send(t, c, unhex(t, jpki))) + string(send(t, c, unhex(t, login))) + string(send(t, c, unhex(t, "00200080"))); got != "\x90\x00\x90\x00\x6F\x00" {
		t.Errorf("a fault at the first VERIFY: answers %x", got)
	}
	for _, p := range []simcard.Pull{simcard.PullBefore, simcard.PullAfter} {
		c := sample(t, "adult")
		c.Reset(false)
		send(t, c, unhex(t, jpki))
		send(t, c, unhex(t, login))
		c.Inject(simcard.Fault{At: 1, Pull: p})
		_, err := c.Transmit(unhex(t, "002000800439393939"))
		if !errors.Is(err, card.ErrRemoved) {
			t.Errorf("pull %d: error %v", p, err)
		}
		want := 3
		if p == simcard.PullAfter {
			want = 2
		}
		if n := c.Left(card.KindLogin); n != want || c.Powered() {
			t.Errorf("pull %d: %d tries left, want %d; powered %v", p, n, want, c.Powered())
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c := sample(t, "adult")
		c.Reset(false)
		hold := make(chan struct{})
		c.Inject(simcard.Fault{At: 1, Delay: 3 * time.Second, Hold: hold})
		start := time.Now()
		time.AfterFunc(5*time.Second, func() { close(hold) })
		send(t, c, unhex(t, jpki))
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("answered after %v, want 5s", d)
		}
	})
}

// TestReader: events, one link at a time, removal under a running command.
func TestReader(t *testing.T) {
	ctx := context.Background()
	r := simcard.NewReader()
	r.Now = func() time.Time { return today }
	c := sample(t, "adult")
	expect := func(p card.Presence) {
		t.Helper()
		ev := <-r.Events()
		if ev.Presence != p {
			t.Fatalf("event %v, want %v", ev.Presence, p)
		}
	}
	expect(card.Empty)
	if _, err := r.Connect(ctx); !errors.Is(err, card.ErrNoCard) {
		t.Errorf("connecting to an empty reader: %v", err)
	}
	r.Insert(c)
	expect(card.Present)
	l, err := r.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Connect(ctx); !errors.Is(err, card.ErrBusy) {
		t.Errorf("second link: %v", err)
	}
	hold, reached := make(chan struct{}), make(chan struct{})
	c.Inject(simcard.Fault{At: 1, Hold: hold, Reached: reached})
	failed := make(chan error)
	go func() {
		_, err := l.Transmit(unhex(t, jpki))
		failed <- err
	}()
	<-reached
	r.Remove()
	close(hold)
	if err := <-failed; !errors.Is(err, card.ErrRemoved) {
		t.Errorf("command under removal: %v", err)
	}
	expect(card.Empty)
	if _, err := l.Transmit(unhex(t, jpki)); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("command after removal: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}

	r.Insert(c)
	expect(card.Present)
	if l, err = r.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	r.ResetByOther()
	if _, err := l.Transmit(unhex(t, jpki)); !errors.Is(err, card.ErrReset) {
		t.Errorf("command after a reset by others: %v", err)
	}
	r.Unplug()
	expect(card.NoReader)
	if _, err := r.Connect(ctx); !errors.Is(err, card.ErrNoReader) {
		t.Errorf("connecting without a reader: %v", err)
	}
	r.Plug()
	expect(card.Present)
	if l, err = r.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	c.Inject(simcard.Fault{At: 1, Pull: simcard.PullAfter})
	if _, err := l.Transmit(unhex(t, jpki)); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("planned removal: %v", err)
	}
	expect(card.Empty)
	r.Insert(simcard.New(simcard.Spec{Mute: true}))
	expect(card.Mute)
	if _, err := r.Connect(ctx); !errors.Is(err, card.ErrMute) {
		t.Errorf("connecting to a mute card: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := <-r.Events(); ok {
		t.Error("events go on after Close")
	}
}
