// SPDX-License-Identifier: Apache-2.0

package update

import (
	"bytes"
	"context"
	"time"
)

// waitForGate waits until the window is open or the deadline past, and cases can be held; they are then. A live kind needs no window: it changes nothing that a case
// has begun.
func (a *Agent) waitForGate(ctx context.Context, kind Kind, m Manifest, order Order) error {
	told := false
	for {
		now := a.o.Now()
		late := !order.Deadline.IsZero() && now.Trusted && now.At.After(order.Deadline)
		open := kind != Firmware || late || now.Trusted && order.Window.Open(now.At)
		if open && a.hold(kind) {
			return nil
		}
		if !told {
			a.tell(Status{State: Waiting, Kind: kind, Version: m.Version})
			told = true
		}
		if err := a.tryWipe(); err != nil { // which need not wait for a window
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case raw := <-a.desired:
			if a.supersedes(raw) {
				return errSuperseded
			}
		case <-a.parts: // of a request that nobody waits for any more
		case <-time.After(a.o.Poll):
		}
	}
}

// hold keeps cases from opening, if they are not kept already.
func (a *Agent) hold(kind Kind) bool {
	if a.release != nil {
		return true
	}
	release, ok := a.o.Hold(kind)
	if ok {
		a.release = release
	}
	return ok
}

// waitForHold waits for nothing but the end of a case: what proved bad is taken back at the first moment that disturbs nobody.
func (a *Agent) waitForHold(ctx context.Context, kind Kind) error {
	for !a.hold(kind) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.parts:
		case <-time.After(a.o.Poll):
		}
	}
	return nil
}

// letGo lets cases open again.
func (a *Agent) letGo() {
	if a.release != nil {
		a.release()
		a.release = nil
	}
}

// supersedes tells whether an assignment takes the place of the one that is being carried out: any but that itself, which comes again with every connection. It is left
// for the next look, unless a newer one lies there already.
func (a *Agent) supersedes(raw []byte) bool {
	if bytes.Equal(raw, a.current) {
		return false
	}
	a.later(raw)
	return true
}

// later leaves an assignment for the next look, unless a newer one lies there.
func (a *Agent) later(raw []byte) {
	select {
	case a.desired <- raw:
	default:
	}
}
