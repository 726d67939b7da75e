// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

const (
	mostLines = 40
	longest   = 4096 // bytes of a line; what follows is a line of its own
)

// Tail is a writer that never fails. Its zero value is empty and ready; it may be written to and read from several goroutines.
type Tail struct {
	mu    sync.Mutex
	lines []string
	open  []byte // a line whose end has not come
}

var _ io.Writer = (*Tail)(nil)

// Write takes text of any number of lines, cut anywhere.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for rest := b; len(rest) > 0; {
		n, whole := longest-len(t.open), false
		if end := bytes.IndexByte(rest[:min(n, len(rest))], '\n'); end >= 0 {
			n, whole = end, true
		}
		n = min(n, len(rest))
		t.open = append(t.open, rest[:n]...)
		rest = rest[n:]
		if whole {
			rest = rest[1:]
		}
		if whole || len(t.open) == longest {
			t.lines = append(t.lines, string(t.open))
			t.open = t.open[:0]
		}
	}
	if n := len(t.lines); n > mostLines {
		t.lines = append([]string(nil), t.lines[n-mostLines:]...)
	}
	return len(b), nil
}

// String is the newest forty lines, each indented below the message that they follow; "" while nothing came.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.lines
	if len(t.open) > 0 {
		all = append(all[:len(all):len(all)], string(t.open))
	}
	if len(all) == 0 {
		return ""
	}
	return "\n\t" + strings.Join(all, "\n\t")
}
