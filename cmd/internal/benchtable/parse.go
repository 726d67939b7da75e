// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A result is one benchmark's figures by unit: "ns/op", "allocs/op", and whatever it reports itself.
type result map[string]float64

// cores is the suffix that the testing package puts behind a benchmark's name.
var cores = regexp.MustCompile(`-\d+$`)

// parse reads what benchmarks print, one line each: name, number of runs, then pairs of value and unit.
func parse(out []byte) map[string]result {
	all := map[string]result{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(f[1]); err != nil {
			continue
		}
		r := result{}
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				break
			}
			r[f[i+1]] = v
		}
		all[cores.ReplaceAllString(f[0], "")] = r
	}
	return all
}

// format writes a figure with its unit, times in the unit that suits them.
func format(v float64, unit string) string {
	if strings.HasSuffix(unit, "ns/op") || strings.HasSuffix(unit, "-ns") {
		switch {
		case v >= 1e9:
			return fmt.Sprintf("%.2f s", v/1e9)
		case v >= 1e6:
			return fmt.Sprintf("%.2f ms", v/1e6)
		case v >= 1e3:
			return fmt.Sprintf("%.1f µs", v/1e3)
		}
		return fmt.Sprintf("%.0f ns", v)
	}
	name := strings.ReplaceAll(unit, "_", " ")
	for _, u := range []string{"MiB", "ms", "µs", "%"} {
		if strings.HasSuffix(unit, "-"+u) {
			name = u
		}
	}
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f %s", v, name)
	case v >= 10:
		return fmt.Sprintf("%.1f %s", v, name)
	}
	return fmt.Sprintf("%.2f %s", v, name)
}
