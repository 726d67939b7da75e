// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/device/slots"
)

// gateOpts are what the gate waits for and looks at.
type gateOpts struct {
	Units    []string
	Cgroups  string        // folder of the units' control groups
	Proc     string        // folder of processes
	Baseline slots.Notes   // the profile of the slot in force
	Trial    string        // the box's notes: a slot that it has on trial is brought into force by nobody else
	Case     string        // the file that the box locks while a case is open
	Soak     time.Duration // the profile must be well for so long without a break
	Within   time.Duration // and that much after the start at the latest
	Verdict  time.Duration // after the start, for the box's own: its probes take as long as the release's signer wants
	Patience time.Duration // for a case to end before the board starts again
	Every    time.Duration
	Ask      time.Duration // between looks whether the slot has come into force meanwhile: each mounts a partition
	Sleep    func(time.Duration)
}

// systemGate is the box's. Five minutes hold a whole reconnection of the link; the unit starts the board again when the gate fails.
var systemGate = gateOpts{
	Units: []string{"counter", "link"}, Cgroups: "/sys/fs/cgroup/system.slice", Proc: "/proc", Baseline: noteFile(slotBaseline),
	Trial: boxTrial, Case: boxCase,
	Soak: 2 * time.Minute, Within: 12 * time.Minute, Verdict: time.Hour, Patience: 30 * time.Minute, Every: 5 * time.Second, Ask: 30 * time.Second, Sleep: time.Sleep,
}

// gate runs once after each start. In the slot in force it tells of a trial that failed, and when all was well for the soak it writes down how
// the programs do. On trial it compares with that. Not well in time, and it notes why and fails, as soon as no case is open. Well for the soak,
// and the slot comes into force; but if the box itself has put it on trial, it looks at more than whether programs run, and only its word
// counts: the gate then waits for it, and fails without it.
func gate(s *slots.Slots, o gateOpts, out io.Writer) error {
	why, err := s.Settle()
	if err != nil {
		return err
	}
	trial, err := s.OnTrial()
	if err != nil {
		return err
	}
	if why != "" && !trial {
		fmt.Fprintln(out, "slots: fell back to slot", s.Current()+":", why)
	}
	want, err := o.baseline(trial)
	if err != nil {
		return err
	}
	if !trial {
		seen, ill := o.soak(want, nil)
		if ill != nil {
			fmt.Fprintln(out, "slots: no baseline:", ill) // the slot in force is not judged: there is nothing better
			return nil
		}
		b, err := json.Marshal(seen)
		if err != nil {
			return err
		}
		return errors.Join(s.Told(), o.Baseline.Write(b))
	}
	w := &watch{own: o.own(s.Current()), on: s.OnTrial, every: o.Ask}
	if _, ill := o.soak(want, w); ill != nil {
		o.patient()
		if over, err := s.OnTrial(); err == nil && !over { // the box has spoken while a case was waited for
			return nil
		}
		return errors.Join(fmt.Errorf("slot %s: %w", s.Current(), ill), s.Refuse(ill.Error()))
	}
	if !w.over {
		if err := s.SetState(s.Current(), true); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "slots: slot", s.Current(), "is in force")
	return nil
}

// watch looks whether the slot on trial has come into force meanwhile.
type watch struct {
	own   bool // nobody but the box brings it into force
	on    func() (bool, error)
	every time.Duration
	next  time.Duration // of the time that was spent
	over  bool
}

// decided tells whether it has.
func (w *watch) decided(spent time.Duration) bool {
	if w == nil || w.over || spent < w.next {
		return w != nil && w.over
	}
	w.next = spent + w.every
	still, err := w.on()
	w.over = err == nil && !still
	return w.over
}

// own tells whether the box itself has a slot on trial, as its notes say.
func (o gateOpts) own(current slots.Name) bool {
	b, err := os.ReadFile(o.Trial)
	var notes struct {
		Trial slots.Name `json:"trial"`
	}
	return err == nil && json.Unmarshal(b, &notes) == nil && notes.Trial == current
}

// patient waits until no case is open, or for as long as a case may reasonably take.
func (o gateOpts) patient() {
	for spent := time.Duration(0); spent < o.Patience && o.inCase(); spent += o.Every {
		o.Sleep(o.Every)
	}
}

// inCase tells whether the box holds the lock that it holds during a case. One that has died holds none.
func (o gateOpts) inCase() bool {
	f, err := os.OpenFile(o.Case, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close() // and with it the lock
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// baseline is what to compare with. Without one every unit must run.
func (o gateOpts) baseline(trial bool) (slots.Profile, error) {
	p := slots.Profile{}
	b, err := o.Baseline.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the baseline: %w", err)
	}
	if !trial || json.Unmarshal(b, &p) != nil || len(p) == 0 {
		p = slots.Profile{}
		for _, u := range o.Units {
			p[u] = slots.Unit{Runs: true, Memory: 1 << 40}
		}
	}
	return p, nil
}

// soak looks until the units were well for long enough, or w says that the slot has come into force; its error is what was wrong last. If the box has the last word, well
// is not enough, and ill for a whole soak is too much.
func (o gateOpts) soak(want slots.Profile, w *watch) (slots.Profile, error) {
	var last slots.Profile
	own := w != nil && w.own
	within, since, waits := o.Within, time.Duration(0), false
	well, ill := time.Duration(0), error(errors.New("never well"))
	for spent := time.Duration(0); spent < within; spent += o.Every {
		if w.decided(spent) {
			return last, nil
		}
		is := o.look()
		err := is.Against(want, last)
		last = is
		switch {
		case err != nil:
			well, ill = 0, err
			if waits && spent-since > o.Soak {
				return nil, ill
			}
		default:
			if well += o.Every; well > o.Soak && !own {
				return is, nil
			}
			if well > o.Soak {
				within, since, waits, ill = o.Verdict, spent, true, errors.New("the box has not said that it is well")
			}
		}
		o.Sleep(o.Every)
	}
	return nil, ill
}

// look reads the units' control groups.
func (o gateOpts) look() slots.Profile {
	p := slots.Profile{}
	for _, u := range o.Units {
		dir := filepath.Join(o.Cgroups, u+".service")
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		first, _, _ := bytes.Cut(b, []byte("\n"))
		if err != nil || len(first) == 0 {
			p[u] = slots.Unit{}
			continue
		}
		unit := slots.Unit{Runs: true, Started: o.started(string(first))}
		if b, err := os.ReadFile(filepath.Join(dir, "memory.current")); err == nil {
			unit.Memory, _ = strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
		}
		p[u] = unit
	}
	return p
}

// started is field 22 of a process's stat; the second may hold spaces and ends with the last parenthesis.
func (o gateOpts) started(pid string) uint64 {
	b, err := os.ReadFile(filepath.Join(o.Proc, pid, "stat"))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 20 {
		return 0
	}
	n, _ := strconv.ParseUint(string(fields[19]), 10, 64)
	return n
}
