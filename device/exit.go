// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"runtime"
	"strings"
)

// Exit codes of the firmware, apart from 0 (ended as asked) and 1 (could not start). The service manager restarts the program after each.
const (
	ExitPanic  = 70 // a fault of the program itself
	ExitReader = 71 // reader and card service hang: only a new process gets rid of the stuck call
	ExitWipe   = 72 // the box is being wiped: the next start goes on with it
)

// ExitError says why Run ended by itself.
type ExitError struct {
	Code int
	Err  error
}

// Error gives the cause.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// PanicError is a panic in one of the box's goroutines: where, and of which sort. The value itself is dropped, because nobody can know what it holds.
type PanicError struct {
	Where string   // the goroutine
	Kind  string   // type of the panic's value
	Stack []string // functions and lines, without arguments
}

// Error names the goroutine, the sort and the innermost function.
func (e *PanicError) Error() string {
	at := ""
	if len(e.Stack) > 0 {
		at = " at " + e.Stack[0]
	}
	return fmt.Sprintf("panic in %s: %s%s", e.Where, e.Kind, at)
}

// recovered makes an error of a panic's value. Call it in the deferred function itself.
func recovered(where string, v any) error {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	e := &PanicError{Where: where, Kind: fmt.Sprintf("%T", v)}
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			e.Stack = append(e.Stack, fmt.Sprintf("%s:%d", f.Function, f.Line))
		}
		if !more {
			break
		}
	}
	return &ExitError{ExitPanic, e}
}

// spawn starts a goroutine of the box. A panic in it ends the box, in order.
func (d *Device) spawn(name string, f func()) {
	d.running.Add(1)
	go func() {
		defer d.running.Done()
		defer func() {
			if v := recover(); v != nil {
				d.fail(recovered(name, v))
			}
		}()
		f()
	}()
}

// loose is spawn for a call that nothing can stop: the box ends without waiting for it.
func (d *Device) loose(name string, f func()) {
	go func() {
		defer func() {
			if v := recover(); v != nil {
				d.fail(recovered(name, v))
			}
		}()
		f()
	}()
}

// fail ends the box.
func (d *Device) fail(err error) {
	select {
	case d.fatal <- err:
	default: // it ends already
	}
}
