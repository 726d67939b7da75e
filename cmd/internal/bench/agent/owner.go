// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// page is the kernel's page size.
const page = 4096

// owners tells of each physical address (hexadecimal) which process maps it and as what, "ADDRESS: NAME[PID] MAPPING"; of one that no process maps, what the
// kernel uses its page for: "ADDRESS: kernel FLAGS".
func owners(addresses []string, out io.Writer) error {
	want := map[uint64]string{}
	for _, a := range addresses {
		n, err := strconv.ParseUint(a, 16, 64)
		if err != nil {
			return fmt.Errorf("address %q: %w", a, err)
		}
		want[n/page] = a
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	mappedBy := map[uint64]bool{}
	for _, dir := range dirs {
		name, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue // it has ended
		}
		who := strings.TrimSpace(string(name)) + "[" + filepath.Base(dir) + "]"
		if err := mapped(dir, func(frame uint64, mapping string) {
			if a, ok := want[frame]; ok {
				fmt.Fprintf(out, "%s: %s %s\n", a, who, mapping)
				mappedBy[frame] = true
			}
		}); err != nil {
			fmt.Fprintf(out, "%s: %v\n", who, err)
		}
	}
	for frame, a := range want {
		if mappedBy[frame] {
			continue
		}
		use, err := usedFor(frame)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: kernel %s\n", a, use)
	}
	return nil
}

// flags are the bits of /proc/kpageflags that tell what a page is for (Documentation/admin-guide/mm/pagemap.rst).
var flags = map[int]string{5: "lru", 7: "slab", 10: "free", 11: "mmap", 12: "anonymous", 13: "swapcache", 15: "compound-head", 16: "compound-tail", 26: "page-table", 32: "reserved"}

// usedFor tells what the kernel says of a page.
func usedFor(frame uint64) (string, error) {
	f, err := os.Open("/proc/kpageflags")
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b [8]byte
	if _, err := f.ReadAt(b[:], int64(8*frame)); err != nil {
		return "", fmt.Errorf("flags of page %#x: %w", frame, err)
	}
	bits := binary.LittleEndian.Uint64(b[:])
	var names []string
	for i := range 64 {
		if name, ok := flags[i]; ok && bits>>i&1 == 1 {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("%s (%#x)", strings.Join(names, " "), bits), nil
}

// mapped calls f for each page of a process that lies in memory (Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bits 0–54 the frame).
func mapped(dir string, f func(frame uint64, mapping string)) error {
	maps, err := os.Open(filepath.Join(dir, "maps"))
	if err != nil {
		return nil
	}
	defer maps.Close()
	pagemap, err := os.Open(filepath.Join(dir, "pagemap"))
	if err != nil {
		return err
	}
	defer pagemap.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		from, to, _ := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 != nil || err2 != nil || end-start > 1<<40 {
			continue
		}
		mapping := "anonymous"
		if len(fields) > 5 {
			mapping = fields[5]
		}
		const batch = 4096
		buf := make([]byte, 8*batch)
		for at := start / page; at < end/page; {
			n, err := pagemap.ReadAt(buf[:8*min(batch, end/page-at)], int64(8*at))
			if n < 8 || err != nil {
				break
			}
			for i := 0; i+8 <= n; i += 8 {
				if e := binary.LittleEndian.Uint64(buf[i:]); e>>63 == 1 {
					f(e&(1<<55-1), mapping)
				}
			}
			at += uint64(n / 8)
		}
	}
	return lines.Err()
}
