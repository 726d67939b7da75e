// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/card"
	"madoguchi/device/session"
)

// examineLimit is how long a part may take to answer the check; it is well below the 20 s in which the whole check ends.
const examineLimit = 10 * time.Second

// freeLeast is what the data folder must have free, in bytes: a day of records is well below 1 MiB, an update's journal above it.
const freeLeast = 16 << 20

// examine looks at the parts of the box beside the loop.
func (d *Device) examine(e session.Examine) {
	d.spawn("check", func() {
		d.send(d.ctx, session.Event{Kind: session.Examined, No: e.No, Findings: d.findings(d.ctx, e.Ask)})
	})
}

// findings are what only the box can see of its parts: reader and storage, side by side; the rest the session knows. A part that does not answer is 9, and so it
// is at the next check if it hangs still.
func (d *Device) findings(ctx context.Context, ask bool) session.Findings {
	var f session.Findings
	if d.linkBad {
		f[session.PartLink] = 6
	}
	due, stop := d.clock.Timer(examineLimit)
	defer stop()
	type found struct {
		part session.Part
		n    uint8
	}
	answers, open := make(chan found, 2), 0
	begin := func(p session.Part, look func() uint8) {
		f[p] = 9
		if !d.examining[p].CompareAndSwap(false, true) {
			return
		}
		open++
		d.loose("check", func() {
			n := look()
			d.examining[p].Store(false)
			answers <- found{p, n}
		})
	}
	begin(session.PartStorage, d.examineStorage)
	if ask {
		begin(session.PartReader, func() uint8 { return d.examineReader(ctx) })
	}
	for ; open > 0; open-- {
		select {
		case a := <-answers:
			f[a.part] = a.n
		case <-due:
			return f
		case <-ctx.Done():
			return f
		}
	}
	return f
}

func (d *Device) examineStorage() uint8 {
	free, err := CheckStorage(d.cfg.DataDir)
	var low *LowError
	switch {
	case errors.As(err, &low):
		d.log.Error("check: storage", "free", free)
		return 3
	case errors.Is(err, ErrNoFolder):
		d.log.Error("check: storage", "cause", err)
		return 1
	case err != nil:
		d.log.Error("check: storage", "cause", err)
		return 2
	case d.box.Stats().Full:
		return 3
	case d.quarantined != nil:
		return 4
	}
	return 0
}

// examineReader asks the driver what the reader is, if it can be asked: an answer shows that the card service and the reader are alive.
func (d *Device) examineReader(ctx context.Context) uint8 {
	r, ok := d.hw.Reader.(interface {
		Describe(context.Context) (name string, ownPad bool, err error)
	})
	if !ok {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, describeLimit)
	defer cancel()
	switch name, _, err := r.Describe(ctx); {
	case errors.Is(err, card.ErrNoReader):
		return 2
	case errors.Is(err, context.DeadlineExceeded):
		return 9
	case err != nil && name == "":
		d.log.Error("check: reader", "cause", err)
		return 9
	}
	return 0 // a reader that does not say whether it has a PIN pad is none the worse
}

// LowError says that a folder has little room left.
type LowError struct{ Free uint64 }

func (e *LowError) Error() string { return fmt.Sprintf("only %d MiB are free", e.Free>>20) }

// ErrNoFolder says that the data folder cannot be found.
var ErrNoFolder = errors.New("no data folder")

// CheckStorage writes, syncs and removes a small file in the data folder. free is in bytes; below 16 MiB the error is a *LowError; without the folder it is ErrNoFolder.
func CheckStorage(dir string) (free uint64, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("%w: looking at %s: %w", ErrNoFolder, dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "selftest"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = f.WriteString("selftest\n")
	err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
	if free = fs.Bavail * uint64(fs.Bsize); err == nil && free < freeLeast {
		err = &LowError{free}
	}
	return free, err
}

// noteCheck keeps what the session's latest check found, and has it reported.
func (d *Device) noteCheck() {
	if now := d.state.Check(); now != "" && now != d.checkedLast() {
		d.checked.Store(&now)
		d.log.Info("check", "found", now)
		d.line.retell()
	}
}

// checkedLast is what the latest check found, "" before the first.
func (d *Device) checkedLast() string {
	if s := d.checked.Load(); s != nil {
		return *s
	}
	return ""
}
