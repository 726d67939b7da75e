// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"madoguchi/sync/record"
)

// promises is what had been said at a moment.
type promises struct {
	done    map[string]bool // Finish returned
	tried   map[string]bool // Finish was begun
	journal string
	maybe   map[string][][]string // journals of steps that are under way or failed since: each with the records that came with it
	epochs  map[string]bool
	numbers map[string]string // epoch/number → record, as city hall saw it
	stored  map[string]bool   // city hall has it
}

func newPromises() *promises {
	return &promises{done: map[string]bool{}, tried: map[string]bool{}, maybe: map[string][][]string{}, epochs: map[string]bool{}, numbers: map[string]string{}, stored: map[string]bool{}}
}

func (p *promises) hear(t testing.TB, said string) {
	t.Helper()
	verb, arg, _ := strings.Cut(strings.TrimSuffix(said, "\n"), " ")
	switch verb {
	case "journal?":
		p.maybe[arg] = append(p.maybe[arg], nil)
	case "journal!":
		p.journal = arg
		clear(p.maybe)
	case "finish?":
		ids := strings.Split(arg, ",")
		p.maybe[""] = append(p.maybe[""], ids)
		for _, id := range ids {
			p.tried[id] = true
		}
	case "finish!":
		p.journal = ""
		clear(p.maybe)
		for _, id := range strings.Split(arg, ",") {
			p.done[id] = true
		}
	case "stored":
		for _, s := range strings.Split(arg, ",") {
			number, id, _ := strings.Cut(s, "=")
			if old, ok := p.numbers[number]; ok && old != id {
				t.Errorf("number %s came with two records", number)
			}
			epoch, _, _ := strings.Cut(number, "/")
			p.epochs[epoch] = true
			p.numbers[number], p.stored[id] = id, true
		}
	case "quarantined":
		t.Errorf("the child found a damaged file: %s", arg)
	}
}

// keeps opens what a disk held after a cut and compares it with what had been promised: opened, not set aside; every promised record here or at city hall; none
// that nobody offered; no number with another record; journal and records of one case from one transaction.
func (p *promises) keeps(t testing.TB, where string, files map[string][]byte) {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "cut")
	must(t, err)
	defer os.RemoveAll(dir)
	for name, b := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	path := filepath.Join(dir, "outbox.db")
	ob, q, err := Open(path, Opts{Device: "box-1", MaxSize: 1 << 20})
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	defer ob.Close()
	if q != nil {
		t.Errorf("%s: set aside: %v", where, q.Cause)
		return
	}
	if err := ob.Check(); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	p.compare(t, where, ob)
}

// memory is a folder where a sync costs nothing, if this machine has one: the disks to be opened are made up, and there are thousands.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "outbox")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (p *promises) compare(t testing.TB, where string, ob *Outbox) {
	t.Helper()
	here := map[string]bool{}
	for id := range inventory(t, ob) {
		here[id.String()] = true
	}
	claims, err := ob.Claims()
	must(t, err)
	for _, c := range claims {
		here[c.Number.Plain()] = true
	}
	for id := range p.done {
		if !here[id] && !p.stored[id] {
			t.Errorf("%s: %s was promised and is lost", where, id)
		}
	}
	// A step that failed may have come to the disk all the same, but then as a whole: with its records, or without any of them.
	missing := func(id string) bool { return !here[id] && !p.stored[id] }
	journal := string(ob.Journal())
	switch sets, ok := p.maybe[journal]; {
	case journal == p.journal && journal != "":
		for _, ids := range p.maybe[""] {
			if !slices.ContainsFunc(ids, missing) {
				t.Errorf("%s: the records of a case are there, and its journal %q, too", where, journal)
			}
		}
	case journal == p.journal:
	case !ok:
		t.Errorf("%s: journal %q, want %q or one of %v", where, journal, p.journal, p.maybe)
	case !slices.ContainsFunc(sets, func(ids []string) bool { return !slices.ContainsFunc(ids, missing) }):
		t.Errorf("%s: the journal is %q, and the records that came with it are not there: %v; promised was %q", where, journal, sets, p.journal)
	}
	_, err = ob.Release(All)
	must(t, err)
	for {
		b, ok := ob.Next(64)
		if !ok {
			break
		}
		for i, r := range b.Records {
			a, _ := r.Attributes()
			number, id := fmt.Sprintf("%x/%d", b.Epoch, b.First+uint64(i)), r.ID().String()
			if old, was := p.numbers[number]; was && old != id {
				t.Errorf("%s: number %s is %s here and was %s at city hall", where, number, id, old)
			}
			if !p.tried[id] && r.Kind() != record.TB {
				t.Errorf("%s: %s (%v %s) was offered by nobody", where, id, r.Kind(), a)
			}
		}
		if len(p.epochs) > 0 && !p.epochs[fmt.Sprintf("%x", b.Epoch)] {
			t.Errorf("%s: another epoch", where)
		}
		must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Hall: 100, Upto: b.Last(), Durable: b.Last()}))
	}
}
