// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// ramAt is where the machine's memory begins for the guest.
const ramAt = 0x40000000

// A found secret is where it stands in the guest's memory.
type found struct {
	what string
	at   int64 // in the file, and behind ramAt for the guest
}

// search stops the machine and looks through all its memory for byte strings, by name.
func (m *machine) search(secrets map[string][]byte) (out []found) {
	m.t.Helper()
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

// verify and change are the commands with which a login PIN reaches the card. Four digits alone stand everywhere in so much memory; a command with them does not.
func verify(pin string) []byte { return append([]byte{0x00, 0x20, 0x00, 0x80, byte(len(pin))}, pin...) }
func change(pin string) []byte { return append([]byte{0x00, 0x24, 0x01, 0x80, byte(len(pin))}, pin...) }

// pins looks for PINs in the whole guest after a case. In the box's own processes there may be none; what others keep is told, and whose it is.
func (m *machine) pins(pins ...string) {
	m.t.Helper()
	secrets := map[string][]byte{}
	for _, p := range pins {
		secrets["VERIFY "+p], secrets["CHANGE "+p] = verify(p), change(p)
	}
	hits := m.search(secrets)
	if len(hits) == 0 {
		m.t.Logf("          no command with a PIN stands anywhere in %d MiB of memory", memory)
		return
	}
	args := []string{"/usr/libexec/bench/agent", "owner"}
	for _, h := range hits {
		args = append(args, fmt.Sprintf("%x", ramAt+h.at))
	}
	out, _ := m.run(args...)
	for _, h := range hits {
		owner := "the kernel or nobody"
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
