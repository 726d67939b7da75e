// SPDX-License-Identifier: Apache-2.0

package buzzer_test

import (
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"madoguchi/display/buzzer"
)

// piezo writes down when it sounds.
type piezo struct {
	gpio.PinIO
	mu    sync.Mutex
	start time.Time
	log   []string
	noPWM bool
	fail  error
}

func (p *piezo) Name() string { return "GPIO12" }

func (p *piezo) note(what string) {
	p.log = append(p.log, fmt.Sprint(time.Since(p.start).Milliseconds(), " ", what))
}

func (p *piezo) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log
}

func (p *piezo) Out(l gpio.Level) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(l.String())
	return p.fail
}

func (p *piezo) PWM(d gpio.Duty, f physic.Frequency) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.noPWM {
		return errors.New("PWM() not implemented")
	}
	p.note(fmt.Sprint(d, " ", f))
	return p.fail
}

func rig(t *testing.T, p *piezo) *buzzer.Buzzer {
	t.Helper()
	p.start = time.Now()
	b, err := buzzer.New(p)
	if err != nil {
		t.Fatal(err)
	}
	p.log = nil
	return b
}

func TestTone(t *testing.T) {
	for _, tt := range []struct {
		name  string
		noPWM bool
		do    func(*buzzer.Buzzer)
		want  []string
	}{
		{"off by default", false, func(b *buzzer.Buzzer) { b.Click() }, nil},
		{"one click", false, func(b *buzzer.Buzzer) {
			b.Enable(true)
			time.Sleep(123 * time.Millisecond)
			b.Click()
		}, []string{"500 50% 2kHz", "540 Low"}},
		{"an active buzzer", true, func(b *buzzer.Buzzer) {
			b.Enable(true)
			time.Sleep(123 * time.Millisecond)
			b.Click()
		}, []string{"500 High", "540 Low"}},
		{"clicks before one step are one tone", false, func(b *buzzer.Buzzer) {
			b.Enable(true)
			for range 4 {
				time.Sleep(110 * time.Millisecond)
				b.Click()
			}
			time.Sleep(500 * time.Millisecond)
			b.Click()
		}, []string{"500 50% 2kHz", "540 Low", "1000 50% 2kHz", "1040 Low"}},
		{"turned off before the step", false, func(b *buzzer.Buzzer) {
			b.Enable(true)
			b.Click()
			time.Sleep(100 * time.Millisecond)
			b.Enable(false)
			b.Enable(true)
			time.Sleep(500 * time.Millisecond)
			b.Click()
		}, []string{"100 Low", "1000 50% 2kHz", "1040 Low"}},
		{"halted while it sounds", false, func(b *buzzer.Buzzer) {
			b.Enable(true)
			b.Click()
			time.Sleep(510 * time.Millisecond)
			_ = b.Halt()
			b.Click()
		}, []string{"500 50% 2kHz", "510 Low"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &piezo{noPWM: tt.noPWM}
				b := rig(t, p)
				tt.do(b)
				time.Sleep(2 * time.Second)
				if diff := cmp.Diff(tt.want, p.heard()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Whenever keys come, tones begin on the grid and last the same: two rhythms with
// clicks in the same steps sound alike.
func TestGridHidesRhythm(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	for range 20 {
		steps := make([]int, 10) // clicks in each step
		for i := range steps {
			steps[i] = rng.IntN(4)
		}
		listen := func() (heard []string) {
			synctest.Test(t, func(t *testing.T) {
				p := &piezo{}
				b := rig(t, p)
				b.Enable(true)
				for i, n := range steps {
					for range n {
						time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
						if time.Since(p.start)%buzzer.Grid > buzzer.Length { // while a tone sounds it is one with it
							b.Click()
						}
					}
					if n > 0 {
						time.Sleep(time.Duration(i)*buzzer.Grid + 400*time.Millisecond - time.Since(p.start))
						b.Click()
					}
					time.Sleep(time.Duration(i+1)*buzzer.Grid + time.Millisecond - time.Since(p.start))
				}
				time.Sleep(time.Second)
				heard = p.heard()
			})
			return heard
		}
		if diff := cmp.Diff(listen(), listen()); diff != "" {
			t.Fatalf("clicks %v: two rhythms told apart:\n%s", steps, diff)
		}
	}
}

func TestFailures(t *testing.T) {
	if _, err := buzzer.New(gpio.INVALID); err == nil {
		t.Error("New took a line that cannot be driven")
	}
	synctest.Test(t, func(t *testing.T) {
		p := &piezo{}
		b := rig(t, p)
		p.fail = errors.New("line gone")
		b.Enable(true)
		b.Click()
		time.Sleep(time.Second)
		if err := b.Halt(); err == nil || err.Error() != "sounding the buzzer: line gone" {
			t.Errorf("Halt: %v", err)
		}
		if err := b.Halt(); err != nil {
			t.Errorf("the second Halt: %v", err)
		}
		if got := b.String(); got != "buzzer.Buzzer{GPIO12}" {
			t.Errorf("String() = %s", got)
		}
	})
}

func Example() {
	b, err := buzzer.New(&piezo{}) // a real line on the box
	if err != nil {
		log.Fatal(err)
	}
	defer b.Halt()
	b.Click() // silent until somebody turns it on
	b.Enable(true)
	fmt.Println(b)
	// Output: buzzer.Buzzer{GPIO12}
}
