// SPDX-License-Identifier: Apache-2.0

package pinpadtest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pinpadtest"
)

// ready sets all lines as a driver does.
func ready(t *testing.T, m *pinpadtest.Matrix, e gpio.Edge) {
	t.Helper()
	for i := range 4 {
		if err := errors.Join(m.Rows()[i].In(gpio.PullUp, e), m.Cols()[i].In(gpio.PullNoChange, gpio.NoEdge)); err != nil {
			t.Fatal(err)
		}
	}
}

// scan reads the contacts as they look from the lines.
func scan(t *testing.T, m *pinpadtest.Matrix) (mask uint16) {
	t.Helper()
	for c, col := range m.Cols() {
		if err := col.Out(gpio.Low); err != nil {
			t.Fatal(err)
		}
		for r, row := range m.Rows() {
			if row.Read() == gpio.Low {
				mask |= 1 << (r*4 + c)
			}
		}
		if err := col.In(gpio.PullNoChange, gpio.NoEdge); err != nil {
			t.Fatal(err)
		}
	}
	return mask
}

// reach is the same question asked of each pair: is there a path of closed
// contacts from this row to this column?
func reach(mask uint16) (seen uint16) {
	for row := range 4 {
		rows, cols := uint(1)<<row, uint(0)
		for range 8 {
			for bit := range 16 {
				if mask&(1<<bit) == 0 {
					continue
				}
				r, c := uint(1)<<(bit/4), uint(1)<<(bit%4)
				if rows&r != 0 {
					cols |= c
				}
				if cols&c != 0 {
					rows |= r
				}
			}
		}
		seen |= uint16(cols) << (4 * row)
	}
	return seen
}

// Every mask of contacts reads as its transitive closure: single keys and pairs
// as themselves, three corners of a rectangle as four.
func TestGhosts(t *testing.T) {
	m := pinpadtest.NewMatrix()
	ready(t, m, gpio.NoEdge)
	for mask := 0; mask < 1<<16; mask += 1 + rand.IntN(16) {
		m.SetClosed(uint16(mask))
		if got, want := scan(t, m), reach(uint16(mask)); got != want {
			t.Fatalf("contacts %016b read %016b, want %016b", mask, got, want)
		}
	}
	m.SetClosed(0)
	for _, k := range pinpad.Keys() {
		m.Press(k)
		if got := scan(t, m); got != k.Bit() {
			t.Errorf("%s reads %016b", k, got)
		}
		m.Release(k)
	}
	m.SetClosed(1<<0 | 1<<1 | 1<<4)
	if got := scan(t, m); got != 1<<0|1<<1|1<<4|1<<5 {
		t.Errorf("1, 2 and 4 read %016b, want 5 too", got)
	}
	if f := m.Faults(); len(f) != 0 {
		t.Errorf("faults of a well-behaved driver: %q", f)
	}
}

func TestMisuse(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*pinpadtest.Matrix)
		want []string
	}{
		{"column high", func(m *pinpadtest.Matrix) { _ = m.Cols()[0].Out(gpio.High) }, []string{"C1 driven High"}},
		{"row driven", func(m *pinpadtest.Matrix) { _ = m.Rows()[1].Out(gpio.Low) }, []string{"R2 driven Low"}},
		{"row without pull-up", func(m *pinpadtest.Matrix) { _ = m.Rows()[0].In(gpio.Float, gpio.NoEdge) }, []string{"R1 set as input without pull-up"}},
		{"column with pull", func(m *pinpadtest.Matrix) { _ = m.Cols()[3].In(gpio.PullUp, gpio.NoEdge) }, []string{"C4 does not float: PullUp"}},
		{"column with edge", func(m *pinpadtest.Matrix) { _ = m.Cols()[3].In(gpio.PullNoChange, gpio.BothEdges) }, []string{"C4 waits for edges"}},
		{"column read", func(m *pinpadtest.Matrix) { m.Cols()[2].Read() }, []string{"C3 read"}},
		{"two columns", func(m *pinpadtest.Matrix) {
			_, _ = m.Cols()[0].Out(gpio.Low), m.Cols()[1].Out(gpio.Low)
			m.Rows()[0].Read()
		}, []string{"R1 read while several columns are low: whose key is it?"}},
		{"no settling", func(m *pinpadtest.Matrix) {
			m.RequireSettle(time.Hour)
			_ = m.Cols()[0].Out(gpio.Low)
			m.Rows()[0].Read()
		}, []string{"R1 read sooner than 1h0m0s after C1 was driven"}},
		{"WaitForEdge(-1)", func(m *pinpadtest.Matrix) {
			_ = m.Rows()[0].In(gpio.PullUp, gpio.FallingEdge)
			m.Rows()[0].WaitForEdge(-1)
		}, []string{"R1 waited for with time-out -1"}},
		{"WaitForEdge(0)", func(m *pinpadtest.Matrix) {
			_ = m.Rows()[0].In(gpio.PullUp, gpio.FallingEdge)
			m.Rows()[0].WaitForEdge(0)
		}, []string{"R1 waited for with time-out 0"}},
		{"no edge set", func(m *pinpadtest.Matrix) { m.Rows()[0].WaitForEdge(time.Hour) }, []string{"R1 waited for without an edge set"}},
		{"PWM", func(m *pinpadtest.Matrix) { _ = m.Cols()[0].PWM(gpio.DutyHalf, physic.KiloHertz) }, []string{"C1 given PWM"}},
		{"short", func(m *pinpadtest.Matrix) {
			m.Press(pinpad.Key1)
			m.StickRow(0, gpio.High)
			_ = m.Cols()[0].Out(gpio.Low)
		}, []string{"R1 joins a line driven low and a line driven high"}},
		{"against a short", func(m *pinpadtest.Matrix) {
			m.StickCol(0, gpio.High)
			_ = m.Cols()[0].Out(gpio.Low)
		}, []string{"C1 drives against a short"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := pinpadtest.NewMatrix()
			ready(t, m, gpio.NoEdge)
			tt.do(m)
			if diff := cmp.Diff(tt.want, m.Faults()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("before it is set up", func(t *testing.T) {
		m := pinpadtest.NewMatrix()
		m.Rows()[0].Read()
		m.Rows()[0].Read()
		if diff := cmp.Diff([]string{"R1 read before it was an input"}, m.Faults()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("two waiters, and set while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := pinpadtest.NewMatrix()
			ready(t, m, gpio.FallingEdge)
			go m.Rows()[0].WaitForEdge(time.Second)
			synctest.Wait()
			m.Rows()[0].WaitForEdge(time.Second)
			_ = m.Rows()[0].In(gpio.PullUp, gpio.NoEdge)
			time.Sleep(2 * time.Second) // the first waiter ends
			want := []string{"R1 waited for by two goroutines", "R1 set as input while a goroutine waits for its edge"}
			if diff := cmp.Diff(want, m.Faults()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
}

func TestEdges(t *testing.T) {
	m := pinpadtest.NewMatrix() // made outside the bubble, used inside
	synctest.Test(t, func(t *testing.T) {
		ready(t, m, gpio.FallingEdge)
		for _, c := range m.Cols() {
			_ = c.Out(gpio.Low)
		}
		row := m.Rows()[1]
		begun := time.Now()
		wait := func(d time.Duration) (ok bool, took time.Duration) {
			begun = time.Now()
			return row.WaitForEdge(d), time.Since(begun)
		}
		if ok, took := wait(30 * time.Second); ok || took != 30*time.Second {
			t.Errorf("nothing happened: %t after %s", ok, took)
		}
		time.AfterFunc(3*time.Second, func() { m.Press(pinpad.Key5) })
		if ok, took := wait(30 * time.Second); !ok || took != 3*time.Second {
			t.Errorf("a key in its row: %t after %s", ok, took)
		}
		time.AfterFunc(time.Second, func() { m.Release(pinpad.Key5) })
		if ok, _ := wait(2 * time.Second); ok {
			t.Error("a rising edge woke a falling one")
		}
		time.AfterFunc(time.Second, func() { m.Press(pinpad.Key1) })
		if ok, _ := wait(2 * time.Second); ok {
			t.Error("a key of another row woke")
		}
		m.Release(pinpad.Key1)
		for range 20 { // the kernel keeps 16 edges, also over In
			m.Press(pinpad.Key5)
			m.Release(pinpad.Key5)
		}
		_ = row.In(gpio.PullUp, gpio.FallingEdge)
		n := 0
		for ok, _ := wait(time.Second); ok; ok, _ = wait(time.Second) {
			n++
		}
		if n != 16 {
			t.Errorf("%d edges kept, want 16", n)
		}
		_ = row.Halt() // nobody waits: lost
		if ok, took := wait(time.Second); ok || took != time.Second {
			t.Errorf("Halt before the wait: %t after %s", ok, took)
		}
		time.AfterFunc(time.Second, func() { _ = row.Halt() })
		if ok, took := wait(time.Minute); ok || took != time.Second {
			t.Errorf("Halt: %t after %s", ok, took)
		}
		time.AfterFunc(time.Second, func() { m.Break(errors.New("unplugged")) })
		if ok, took := wait(time.Minute); ok || took != time.Second {
			t.Errorf("Break: %t after %s", ok, took)
		}
		if err := row.In(gpio.PullUp, gpio.NoEdge); err == nil || err.Error() != "setting R2 as input: unplugged" {
			t.Errorf("In on a broken line: %v", err)
		}
		if err := m.Cols()[0].Out(gpio.Low); err == nil {
			t.Error("Out on a broken line worked")
		}
		if row.Read() != gpio.Low || row.WaitForEdge(time.Hour) {
			t.Error("a broken line reads high, or waits")
		}
		if f := m.Faults(); len(f) != 0 {
			t.Errorf("faults: %q", f)
		}
	})
}

func TestTraceAndSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := pinpadtest.NewMatrix()
		ready(t, m, gpio.NoEdge)
		const ms = time.Millisecond
		m.Trace(pinpad.Key1, pinpadtest.Contact{Closed: true}, pinpadtest.Contact{After: 2 * ms}, pinpadtest.Contact{After: 3 * ms, Closed: true})
		got := ""
		for range 8 {
			got += fmt.Sprint(m.Closed())
			time.Sleep(ms)
			synctest.Wait()
		}
		if got != "11000111" {
			t.Errorf("trace %s, want 11000111", got)
		}
		m.Trace(pinpad.Key1, pinpadtest.Contact{After: ms}, pinpadtest.Contact{After: ms, Closed: true})
		m.Release(pinpad.Key1) // ends it
		time.Sleep(10 * ms)
		if m.Closed() != 0 {
			t.Error("a trace went on after Release")
		}

		m.Slow(10*time.Microsecond, 30*time.Microsecond)
		m.Press(pinpad.Key1)
		_ = m.Cols()[0].Out(gpio.Low)
		row := m.Rows()[0]
		if row.Read() != gpio.High {
			t.Error("a slow row fell at once")
		}
		time.Sleep(10 * time.Microsecond)
		if row.Read() != gpio.Low {
			t.Error("a slow row did not fall")
		}
		_ = m.Cols()[0].In(gpio.PullNoChange, gpio.NoEdge)
		time.Sleep(20 * time.Microsecond)
		if row.Read() != gpio.Low {
			t.Error("a slow row rose too soon")
		}
		time.Sleep(10 * time.Microsecond)
		if row.Read() != gpio.High {
			t.Error("a slow row did not rise")
		}
		_ = row.In(gpio.PullUp, gpio.FallingEdge)
		begun := time.Now()
		_ = m.Cols()[0].Out(gpio.Low)
		if !row.WaitForEdge(time.Second) || time.Since(begun) != 10*time.Microsecond {
			t.Errorf("the edge of a slow row came after %s", time.Since(begun))
		}
		m.StickRow(1, gpio.Low)
		if m.Rows()[1].Read() != gpio.High {
			t.Error("a shorted slow row fell at once")
		}
		m.Unstick()
	})
}

// Fingers, drivers and readers at once, for the race detector.
func TestManyHands(t *testing.T) {
	m := pinpadtest.NewMatrix()
	ready(t, m, gpio.FallingEdge)
	var all sync.WaitGroup
	for range 4 {
		for _, f := range []func(i int){
			func(i int) { m.Press(pinpad.Keys()[i%16]); m.Release(pinpad.Keys()[i%16]) },
			func(i int) { m.Rows()[i%4].Read(); _ = m.Rows()[i%4].Halt(); m.Rows()[i%4].Pull() },
			func(i int) { m.Rows()[i%4].WaitForEdge(time.Microsecond) },
			func(i int) { _ = m.Cols()[i%4].Out(gpio.Low); _ = m.Cols()[i%4].In(gpio.PullNoChange, gpio.NoEdge) },
			func(i int) { m.Trace(pinpad.Key5, pinpadtest.Contact{After: time.Microsecond, Closed: i%2 == 0}) },
			func(int) { m.Faults(); m.Ops(); m.Driven(); m.Closed() },
		} {
			all.Go(func() {
				for i := range 200 {
					f(i)
				}
			})
		}
	}
	all.Wait()
}

func Example() {
	m := pinpadtest.NewMatrix()
	rows, cols := m.Rows(), m.Cols()
	_ = rows[1].In(gpio.PullUp, gpio.NoEdge)
	_ = cols[1].Out(gpio.Low)
	fmt.Println(rows[1].Read())
	m.Press(pinpad.Key5)
	fmt.Println(rows[1].Read())
	_ = cols[1].Out(gpio.High)
	fmt.Println(m.Faults())
	// Output:
	// High
	// Low
	// [C2 driven High]
}
