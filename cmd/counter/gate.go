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

	"madoguchi/device/slots"
)

// gateOpts are what the gate waits for and looks at.
type gateOpts struct {
	Units    []string
	Cgroups  string        // folder of the units' control groups
	Proc     string        // folder of processes
	Baseline slots.Notes   // the profile of the slot in force
	Soak     time.Duration // the profile must be well for so long without a break
	Within   time.Duration // and that much after the start at the latest
	Every    time.Duration
	Sleep    func(time.Duration)
}

// systemGate is the box's. Five minutes hold a whole reconnection of the link; the unit starts the board again when the gate fails.
var systemGate = gateOpts{
	Units: []string{"counter", "link"}, Cgroups: "/sys/fs/cgroup/system.slice", Proc: "/proc", Baseline: noteFile(slotBaseline),
	Soak: 2 * time.Minute, Within: 12 * time.Minute, Every: 5 * time.Second, Sleep: time.Sleep,
}

// gate runs once after each start. In the slot in force it tells of a trial that failed, and when all was well for the soak it writes down how
// the programs do. On trial it compares with that: well for the soak, and the slot comes into force; not so in time, and it notes why and fails.
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
	seen, ill := o.soak(want, func() bool { // the update's own gate may be faster
		still, err := s.OnTrial()
		return trial && err == nil && !still
	})
	switch {
	case ill == nil && trial:
		if err := s.SetState(s.Current(), true); err != nil {
			return err
		}
		fmt.Fprintln(out, "slots: slot", s.Current(), "is in force")
		return nil
	case ill == nil:
		b, err := json.Marshal(seen)
		if err != nil {
			return err
		}
		return o.Baseline.Write(b)
	case trial:
		return errors.Join(fmt.Errorf("slot %s: %w", s.Current(), ill), s.Refuse(ill.Error()))
	}
	fmt.Fprintln(out, "slots: no baseline:", ill) // the slot in force is not judged: there is nothing better
	return nil
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

// soak looks until the units were well for long enough, or decided says that it no longer matters; its error is what was wrong last.
func (o gateOpts) soak(want slots.Profile, decided func() bool) (slots.Profile, error) {
	var last slots.Profile
	well, ill := time.Duration(0), error(errors.New("never well"))
	for spent := time.Duration(0); spent < o.Within; spent += o.Every {
		if decided() {
			return last, nil
		}
		is := o.look()
		err := is.Against(want, last)
		last = is
		if err != nil {
			well, ill = 0, err
		} else if well += o.Every; well > o.Soak {
			return is, nil
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
