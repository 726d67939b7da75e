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

// owners tells of each physical address (hexadecimal) which process maps it and as what: "ADDRESS: NAME[PID] MAPPING". Nobody is the kernel, or free memory.
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
	for _, dir := range dirs {
		name, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue // it has ended
		}
		who := strings.TrimSpace(string(name)) + "[" + filepath.Base(dir) + "]"
		if err := mapped(dir, func(frame uint64, mapping string) {
			if a, ok := want[frame]; ok {
				fmt.Fprintf(out, "%s: %s %s\n", a, who, mapping)
			}
		}); err != nil {
			fmt.Fprintf(out, "%s: %v\n", who, err)
		}
	}
	return nil
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
