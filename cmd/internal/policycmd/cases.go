// SPDX-License-Identifier: Apache-2.0

package policycmd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"madoguchi/device/policy"
	"madoguchi/device/procedure"
)

// lineLimit is far above any case that a person writes.
const lineLimit = 1 << 20

// eachLine calls do for every line that is not blank.
func eachLine(r io.Reader, do func(n int, raw []byte) error) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, lineLimit)
	for n := 1; scan.Scan(); n++ {
		if len(bytes.TrimSpace(scan.Bytes())) == 0 {
			continue
		}
		if err := do(n, scan.Bytes()); err != nil {
			return err
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("reading cases: %w", err)
	}
	return nil
}

type answer struct {
	ID       string              `json:"id"`
	Decision *procedure.Decision `json:"decision,omitempty"`
	Error    string              `json:"error,omitempty"`
}

// decide answers every line; a line that cannot be decided has its error in its place, and the others are still answered.
func (s *streams) decide() error {
	set, err := s.load()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(s.out)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	failed := false
	err = eachLine(s.in, func(_ int, raw []byte) error {
		l, err := procedure.ParseLine(raw, set)
		a := answer{ID: l.Case.ID}
		if err == nil {
			p, _ := set.City(l.Case.Municipality)
			a.Decision, err = procedure.Decide(p, &l.Case)
		}
		if err != nil {
			a.Error, failed = err.Error(), true
		}
		return e.Encode(a)
	})
	if flush := w.Flush(); err == nil {
		err = flush
	}
	if err == nil && failed {
		err = ErrFindings
	}
	return err
}

// check compares every line with what it expects.
func (s *streams) check(files []string) error {
	set, err := s.load()
	if err != nil {
		return err
	}
	cases, bad := 0, 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = eachLine(f, func(n int, raw []byte) error {
			cases++
			id, diffs, err := compare(raw, set)
			if err != nil {
				bad++
				fmt.Fprintf(s.out, "%s:%d: %s: %v\n", name, n, id, err)
			} else if len(diffs) > 0 {
				bad++
				for _, d := range diffs {
					fmt.Fprintf(s.out, "%s:%d: %s: %v\n", name, n, id, d)
				}
			}
			return nil
		})
		f.Close()
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "%d cases, %d as expected, %d not\n", cases, cases-bad, bad)
	if bad > 0 {
		return ErrFindings
	}
	return nil
}

func compare(raw []byte, set *policy.Set) (string, []procedure.Difference, error) {
	l, err := procedure.ParseLine(raw, set)
	if err != nil {
		return l.Case.ID, nil, err
	}
	if l.Expect == nil {
		return l.Case.ID, nil, &procedure.FactError{Where: "expect", What: "missing"}
	}
	p, _ := set.City(l.Case.Municipality)
	d, err := procedure.Decide(p, &l.Case)
	if err != nil {
		return l.Case.ID, nil, err
	}
	diffs, err := procedure.Compare(l.Expect, d, p)
	return l.Case.ID, diffs, err
}

// explain tells how the cases of standard input, or the one of an id, are decided.
func (s *streams) explain(args []string) error {
	set, err := s.load()
	if err != nil {
		return err
	}
	told := 0
	err = eachLine(s.in, func(_ int, raw []byte) error {
		l, err := procedure.ParseLine(raw, set)
		if len(args) == 1 && l.Case.ID != args[0] {
			return nil
		}
		if err != nil {
			return fmt.Errorf("case %s: %w", l.Case.ID, err)
		}
		if told++; told > 1 {
			fmt.Fprintln(s.out)
		}
		p, _ := set.City(l.Case.Municipality)
		return procedure.Explain(s.out, p, &l.Case)
	})
	if err == nil && told == 0 {
		err = fmt.Errorf("no such case on standard input")
	}
	return err
}
