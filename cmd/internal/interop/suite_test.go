// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package interop

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

func equal(t testing.TB, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in process and through pcscd differ (-in process +pcscd):\n%s", diff)
	}
}

// TestBoards: every sample card's board, and the commands it took.
func TestBoards(t *testing.T) {
	onBoth(t, func(s *stage) {
		for _, sample := range simcard.Samples(today) {
			c := simcard.New(sample.Spec)
			s.put(c)
			s.session(func(cd *card.Card, _ card.Link) {
				b, err := cd.Board()
				s.note("%s: %+v, %s", sample.ID, b, fate(err))
			})
			s.note("%v, misuse %v", c.Log(), c.Misuse())
			s.take()
		}
	})
}

// TestPINs: wrong, right, locked and changed, every kind of PIN.
func TestPINs(t *testing.T) {
	next := map[card.Kind]string{card.KindLogin: "5678", card.KindSigning: "XYZ789", card.KindCardInfo: "0000", card.KindRegister: "4321"}
	onBoth(t, func(s *stage) {
		for _, k := range card.Kinds() {
			c := sample(s.t, "adult")
			s.put(c)
			now, wrong := "1234", "9999"
			if k == card.KindSigning {
				now, wrong = "ABC123", "ABC124"
			}
			s.session(func(cd *card.Card, _ card.Link) {
				s.note("%v wrong: %s", k, fate(cd.Verify(k, typed(s.t, wrong))))
				s.note("%v right: %s", k, fate(cd.Verify(k, typed(s.t, now))))
				s.note("signing certificate until %v", cd.SigningEnds())
				if want := k == card.KindSigning; cd.SigningEnds().IsZero() == want {
					s.t.Errorf("after the %v PIN the signing certificate ends %v", k, cd.SigningEnds())
				}
				s.note("%v change: %s", k, fate(cd.Change(k, typed(s.t, now), typed(s.t, next[k]))))
				s.note("%v new: %s", k, fate(cd.Verify(k, typed(s.t, next[k]))))
				s.note("%v old: %s", k, fate(cd.Verify(k, typed(s.t, now))))
				for range 6 {
					s.note("%v wrong: %s", k, fate(cd.Verify(k, typed(s.t, wrong))))
				}
			})
			s.note("%v, misuse %v", c.Log(), c.Misuse())
			s.take()
		}
	})
}

// TestSessionEnds: what was verified in one session is void in the next.
func TestSessionEnds(t *testing.T) {
	onBoth(t, func(s *stage) {
		c := sample(s.t, "adult")
		s.put(c)
		ask := func(l card.Link, apdu ...byte) {
			resp, err := l.Transmit(apdu)
			s.note("% X: % X, %s", apdu[:4], resp, fate(err))
		}
		jpki := append([]byte{0x00, 0xA4, 0x04, 0x0C, 0x0A}, card.KindLogin.Info().Refs[0].AP...)
		file, change := []byte{0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x18}, []byte("\x00\x24\x01\x80\x045678")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		// Without the session's own end: power alone must do.
		l, err := s.reader.Connect(ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := card.New(l).Verify(card.KindLogin, typed(s.t, "1234")); err != nil {
			s.t.Fatal(err)
		}
		s.note("second session meanwhile: %s", fate(func() error { _, err := s.reader.Connect(ctx); return err }()))
		if err := l.Close(); err != nil {
			s.t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			s.t.Errorf("closed twice: %v", err)
		}
		s.session(func(_ *card.Card, l card.Link) {
			ask(l, file...) // no application is current either
			ask(l, jpki...)
			ask(l, file...)
			ask(l, change...)
		})
		s.take()
		_, err = s.reader.Connect(ctx)
		s.note("without a card: %s", fate(err))
	})
}

// TestRemovalAtEveryCommand: the card is pulled before and after each command
// of a change; the error says what may have happened, the next insertion what did.
func TestRemovalAtEveryCommand(t *testing.T) {
	onBoth(t, func(s *stage) {
		for at := 1; at <= 7; at++ {
			for _, pull := range []simcard.Pull{simcard.PullBefore, simcard.PullAfter} {
				c := sample(s.t, "adult")
				s.put(c)
				c.Inject(simcard.Fault{At: at, Pull: pull})
				var err error
				s.session(func(cd *card.Card, _ card.Link) {
					err = cd.Change(card.KindLogin, typed(s.t, "1234"), typed(s.t, "5678"))
				})
				s.take()
				c.ClearFaults()
				s.put(c)
				s.session(func(cd *card.Card, _ card.Link) {
					left, terr := cd.Tries(card.KindLogin)
					old := cd.Verify(card.KindLogin, typed(s.t, "1234"))
					s.note("command %d, pull %d: %s; then %d left (%s), old PIN: %s", at, pull, fate(err), left, fate(terr), fate(old))
				})
				s.take()
			}
		}
	})
}

// TestFirstCommand: a card whose first answer is 6F00 is asked once again.
func TestFirstCommand(t *testing.T) {
	onBoth(t, func(s *stage) {
		c := simcard.New(simcard.Spec{Sluggish: true, PINs: map[card.Kind]string{card.KindLogin: "1234"}, Ends: today})
		s.put(c)
		for range 2 {
			s.session(func(cd *card.Card, _ card.Link) {
				s.note("%s", fate(cd.Verify(card.KindLogin, typed(s.t, "1234"))))
			})
		}
		s.note("%v", c.Log())
	})
}

// TestBadAnswers: answers that no card gives, at each command of a change: too
// short, too long, as long as the line can carry, and without an end. They come to
// the same end through pcscd, and the next session says what is true.
func TestBadAnswers(t *testing.T) {
	endless := []byte{0x61, 0x00}
	bad := []struct {
		name   string
		answer []byte
		times  int // in a row
	}{
		{"one byte", []byte{0x90}, 1},
		{"257 bytes and a status", append(make([]byte, 257), 0x90, 0x00), 1},
		{"64 KiB", make([]byte, 1<<16-1), 1},
		{"status 0000", []byte{0x00, 0x00}, 1},
		{"6F00", []byte{0x6F, 0x00}, 1},
		{"61 without end", endless, 40},
		{"data and 61 without end", append(make([]byte, 255), 0x61, 0xFF), 40},
	}
	onBoth(t, func(s *stage) {
		c := sample(s.t, "adult")
		whole := c.State()
		s.put(c)
		for _, b := range bad {
			for at := 1; at <= 7; at++ {
				for i := range b.times {
					c.Inject(simcard.Fault{At: at + i, Answer: b.answer})
				}
				var err error
				s.session(func(cd *card.Card, _ card.Link) {
					err = cd.Change(card.KindLogin, typed(s.t, "1234"), typed(s.t, "5678"))
				})
				c.ClearFaults()
				s.session(func(cd *card.Card, _ card.Link) {
					left, terr := cd.Tries(card.KindLogin)
					old := cd.Verify(card.KindLogin, typed(s.t, "1234"))
					s.note("%s at %d: %s; then %d left (%s), old PIN: %s", b.name, at, fate(err), left, fate(terr), fate(old))
					if left != 3 || terr != nil {
						s.t.Errorf("%s at %d: %d tries left, %v", b.name, at, left, terr)
					}
				})
				if err := c.Restore(whole); err != nil {
					s.t.Fatal(err)
				}
			}
		}
		s.note("%v", c.Misuse())
	})
}
