// SPDX-License-Identifier: Apache-2.0

package pin_test

import (
	"errors"
	"sync"
	"testing"

	"madoguchi/pinpad/pin"
)

// TestWipeMeetsSend: a Wipe from another goroutine comes before the command is built, and then nothing goes out, or after it. A command that says "no
// characters" never goes out: to a card that is another command.
func TestWipeMeetsSend(t *testing.T) {
	rounds := 20000
	if testing.Short() {
		rounds = 2000
	}
	sent := 0
	for range rounds {
		p, err := pin.New()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []byte("7391") {
			p.Append(c)
		}
		var both sync.WaitGroup
		start := make(chan struct{})
		both.Go(func() { <-start; p.Wipe() })
		both.Go(func() {
			<-start
			_, err := p.Send(0, 0x24, 1, 0x80, func(apdu []byte) ([]byte, error) {
				sent++
				if len(apdu) != 9 {
					t.Errorf("a command of %d bytes for a PIN of 4", len(apdu))
				}
				return nil, nil
			})
			if err != nil && !errors.Is(err, pin.ErrWiped) {
				t.Error(err)
			}
		})
		close(start)
		both.Wait()
	}
	t.Logf("%d of %d were sent before the wipe", sent, rounds)
	if n := pin.InUse(); n != 0 {
		t.Errorf("%d pages in use", n)
	}
}
