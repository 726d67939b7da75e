// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"madoguchi/card"
)

// ramAt is where the machine's memory begins for the guest.
const ramAt = 0x40000000

// voltages is how long after the last byte for it the panel has surely been put to rest, also by a loaded guest.
const voltages = 5 * time.Second

// A found secret is where it stands in the guest's memory.
type found struct {
	what string
	at   int64 // in the file, and behind ramAt for the guest
}

// search stops the machine and looks through all its memory for byte strings, by name.
func (m *machine) search(secrets map[string][]byte) (out []found) {
	m.t.Helper()
	// A guest that stands still cannot take the drive voltages off the panel. It does so after 2 s.
	for end := time.Now().Add(patience); m.board.Quiet() < voltages; time.Sleep(20 * time.Millisecond) {
		m.lives()
		if time.Now().After(end) {
			m.fail("the panel is never left alone")
		}
	}
	m.qmp.do("stop", nil)
	defer m.qmp.do("cont", nil)
	f, err := os.Open(m.ram)
	must(m.t, err)
	defer f.Close()
	const overlap = 64
	buf := make([]byte, 4<<20)
	for at := int64(0); ; at += int64(len(buf) - overlap) {
		n, err := f.ReadAt(buf, at)
		for what, s := range secrets {
			for from := 0; ; {
				i := bytes.Index(buf[from:n], s)
				if i < 0 {
					break
				}
				if from += i; n < len(buf) || from < len(buf)-overlap { // else it comes again
					out = append(out, found{what, at + int64(from)})
				}
				from++
			}
		}
		if err == io.EOF {
			return out
		}
		must(m.t, err)
	}
}

// forms are the byte strings in which a change's PINs might stand in memory, by name. Four digits alone stand everywhere in so much memory; a command with
// them does not. Of a drawn password any six characters in a row are looked for, whatever stands around them.
func forms(ch change) map[string][]byte {
	out := map[string][]byte{}
	for _, p := range []string{ch.now, ch.next} {
		for ins, name := range map[byte]string{0x20: "VERIFY", 0x24: "CHANGE"} {
			for _, p1 := range []byte{0, 1} {
				out[fmt.Sprintf("%s %02X with %s", name, p1, p)] = append([]byte{0x00, ins, p1, 0x80, byte(len(p))}, p...)
			}
		}
	}
	const window = 6
	for i := 0; ch.kind == card.KindSigning && i+window <= len(ch.next); i++ {
		out[fmt.Sprintf("characters %d to %d of %s", i+1, i+window, ch.next)] = []byte(ch.next[i : i+window])
	}
	return out
}

// secrets looks for the PINs of a change in the whole guest, after its case. In the box's own processes there may be none; what others keep is told, and
// whose it is. A word that another program holds must be found, or the search itself is blind.
func (m *machine) secrets(ch change) {
	m.t.Helper()
	control := rand.Text()
	m.sh("mkfifo /run/control; (word=" + control + "; read -r end </run/control; rm /run/control; : $word) >/dev/null 2>&1 &")
	defer m.sh("echo >/run/control")
	wanted := forms(ch)
	wanted["control"] = []byte(control)
	hits := m.search(wanted)
	seen := len(hits)
	hits = slices.DeleteFunc(hits, func(f found) bool { return f.what == "control" })
	if seen == len(hits) {
		m.t.Errorf("the word %s, which a program in the guest holds, is not found in its memory", control)
	}
	if len(hits) == 0 {
		m.t.Logf("          %s: no trace of either PIN in %d MiB of the guest's memory, in %d forms; a word that another program holds is found", ch.id, memory, len(wanted)-1)
		return
	}
	args := []string{"/usr/libexec/bench/agent", "owner"}
	for _, h := range hits {
		args = append(args, fmt.Sprintf("%x", ramAt+h.at))
	}
	out, _ := m.run(args...)
	for _, h := range hits {
		owner := "nobody knows"
		for line := range strings.Lines(out) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), fmt.Sprintf("%x: ", ramAt+h.at)); ok {
				owner = rest
			}
		}
		m.t.Logf("          %s stands at %#x: %s", h.what, ramAt+h.at, owner)
		if strings.HasPrefix(owner, "counter[") || strings.HasPrefix(owner, "link[") {
			m.t.Errorf("%s is left in %s", h.what, owner)
		}
	}
}
