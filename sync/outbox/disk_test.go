// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// op is one system call of the traced process that a disk sees, or a line that it said.
type op struct {
	call   string // "create", "write", "sync", "truncate", "rename", "remove", "say"
	file   string // base name; "." for the folder
	to     string // rename
	off    int64  // write; truncate: the size
	data   []byte // write, say
	failed bool
}

// finished is a call that returned. With -xx no string has a parenthesis.
var finished = regexp.MustCompile(`^(\w+)\((.*)\)\s+= (.*)$`)

// parseTrace reads what strace -f -xx wrote. Only the folder dir counts.
func parseTrace(t testing.TB, path, dir string) (ops []op) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 16<<20)
	fds := map[int]string{}
	begun := map[string]string{}
	for sc.Scan() {
		pid, line, ok := strings.Cut(strings.TrimSpace(sc.Text()), " ")
		line = strings.TrimSpace(line)
		if !ok || strings.HasPrefix(line, "+++") || strings.HasPrefix(line, "---") {
			continue
		}
		if head, unfinished := strings.CutSuffix(line, "<unfinished ...>"); unfinished {
			begun[pid] = head
			continue
		}
		if strings.HasPrefix(line, "<...") {
			_, rest, _ := strings.Cut(line, "resumed>")
			line = begun[pid] + rest
			delete(begun, pid)
		}
		m := finished.FindStringSubmatch(line)
		if m == nil {
			continue // it never returned
		}
		ops = traced(t, ops, fds, dir, m[1], m[2], m[3])
	}
	must(t, sc.Err())
	return ops
}

// traced adds what one finished call means.
func traced(t testing.TB, ops []op, fds map[int]string, dir, call, args, result string) []op {
	t.Helper()
	failed := strings.HasPrefix(result, "-1")
	a := splitArgs(args)
	fd, _ := strconv.Atoi(a[0])
	name := func(quoted string) string {
		p := string(unquote(t, quoted))
		if p == dir {
			return "."
		}
		if filepath.Dir(p) == dir {
			return filepath.Base(p)
		}
		return ""
	}
	num := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }
	switch call {
	case "openat":
		n, _, _ := strings.Cut(result, " ")
		got := int(num(n))
		delete(fds, got)
		if file := name(a[1]); file != "" && !failed {
			fds[got] = file
			if strings.Contains(a[2], "O_CREAT") {
				ops = append(ops, op{call: "create", file: file})
			}
		}
	case "write":
		if fd == 1 {
			return append(ops, op{call: "say", data: unquote(t, a[1])})
		}
	case "pwrite64":
		if file := fds[fd]; file != "" {
			ops = append(ops, op{call: "write", file: file, off: num(a[3]), data: unquote(t, a[1]), failed: failed})
		}
	case "fdatasync", "fsync":
		if file := fds[fd]; file != "" {
			ops = append(ops, op{call: "sync", file: file, failed: failed})
		}
	case "ftruncate":
		if file := fds[fd]; file != "" {
			ops = append(ops, op{call: "truncate", file: file, off: num(a[1]), failed: failed})
		}
	case "renameat", "renameat2":
		if !failed {
			ops = append(ops, op{call: "rename", file: name(a[1]), to: name(a[3])})
		}
	case "unlinkat":
		if file := name(a[1]); file != "" && !failed {
			ops = append(ops, op{call: "remove", file: file})
		}
	}
	return ops
}

// splitArgs splits at commas outside quotes; strace -xx writes no quote inside a string.
func splitArgs(args string) (all []string) {
	quoted, from := false, 0
	for i := range len(args) {
		switch {
		case args[i] == '"':
			quoted = !quoted
		case args[i] == ',' && !quoted:
			all = append(all, strings.TrimSpace(args[from:i]))
			from = i + 1
		}
	}
	return append(all, strings.TrimSpace(args[from:]))
}

// unquote reads "\x41\x42".
func unquote(t testing.TB, s string) []byte {
	t.Helper()
	s = strings.Trim(s, `"`)
	b, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil {
		t.Fatalf("string of the trace: %v", err)
	}
	return b
}

// disk is a disk that keeps what was synced, and of the rest what it likes: any sectors of any write since the last sync, in any order, and any beginning of what was done to names since
// the folder was synced. After a sync that failed nothing that it covered is ever sure again, though the process reads it back as if it were (Linux takes the pages for clean).
type disk struct {
	files map[int]*inode
	names map[string]int // as the process sees them
	sure  map[string]int // as they are on the disk
	todo  []op           // renames, creations and removals since the folder was synced
	next  int
}

// inode is a file: what is sure, and what may be there.
type inode struct {
	sure  []byte
	doubt []op // lost or not, for good
	todo  []op // since the last sync
}

func newDisk() *disk {
	return &disk{files: map[int]*inode{}, names: map[string]int{}, sure: map[string]int{}}
}

// do takes one call.
func (d *disk) do(o op) {
	f := d.files[d.names[o.file]]
	switch o.call {
	case "create":
		if f == nil {
			d.next++
			d.files[d.next] = &inode{}
			d.names[o.file] = d.next
			o.off = int64(d.next)
			d.todo = append(d.todo, o)
		}
	case "rename":
		d.names[o.to] = d.names[o.file]
		delete(d.names, o.file)
		d.todo = append(d.todo, o)
	case "remove":
		delete(d.names, o.file)
		d.todo = append(d.todo, o)
	case "write", "truncate":
		if !o.failed && f != nil {
			f.todo = append(f.todo, o)
		}
	case "sync":
		switch {
		case o.file == "." && !o.failed:
			for _, o := range d.todo {
				rename(d.sure, o)
			}
			d.todo = nil
		case o.file == "." || f == nil:
		case o.failed:
			f.doubt, f.todo = append(f.doubt, f.todo...), nil
		default:
			for _, w := range f.todo {
				f.sure = apply(f.sure, w, 0, len(w.data))
				// What is written again and synced is sure: doubt about what lay there before is gone.
				f.doubt = slices.DeleteFunc(f.doubt, func(o op) bool {
					return o.call == w.call && o.off >= w.off && o.off+int64(len(o.data)) <= w.off+int64(len(w.data))
				})
			}
			f.todo = nil
		}
	}
}

func rename(names map[string]int, o op) {
	switch o.call {
	case "create":
		names[o.file] = int(o.off)
	case "rename":
		names[o.to] = names[o.file]
		delete(names, o.file)
	case "remove":
		delete(names, o.file)
	}
}

// apply gives the bytes from to to of a write, or a truncation, to a file's content.
func apply(b []byte, o op, from, to int) []byte {
	if o.call == "truncate" {
		if int64(len(b)) > o.off {
			return b[:o.off]
		}
		return append(b, make([]byte, o.off-int64(len(b)))...)
	}
	if end := int(o.off) + to; end > len(b) {
		b = append(b, make([]byte, end-len(b))...)
	}
	copy(b[int(o.off)+from:], o.data[from:to])
	return b
}

// cut is the disk after the power went: the files of one way in which it may have come out. keep says what becomes of each piece of which nobody is sure.
func (d *disk) cut(keep func() bool, tear *rand.Rand) map[string][]byte {
	names := maps.Clone(d.sure)
	for _, o := range d.todo {
		if !keep() {
			break // a journal keeps the order of names
		}
		rename(names, o)
	}
	files := map[string][]byte{}
	for name, i := range names {
		f := d.files[i]
		if f == nil {
			continue
		}
		b := slices.Clone(f.sure)
		for _, o := range slices.Concat(f.doubt, f.todo) {
			if o.call == "truncate" {
				if keep() {
					b = apply(b, o, 0, 0)
				}
				continue
			}
			if tear != nil && tear.IntN(8) == 0 { // in the middle of a sector
				b = apply(b, o, 0, tear.IntN(len(o.data)+1))
				continue
			}
			for from := 0; from < len(o.data); from += sector {
				if keep() {
					b = apply(b, o, from, min(from+sector, len(o.data)))
				}
			}
		}
		files[name] = b
	}
	return files
}

// sector is what a disk writes wholly or not at all.
const sector = 512

func (o op) String() string {
	return fmt.Sprintf("%s %s%s at %d, %d bytes, failed %v", o.call, o.file, o.to, o.off, len(o.data), o.failed)
}
