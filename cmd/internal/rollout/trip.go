// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// tripped tells why the rollout must stop; nil: it need not.
func (r *Rollout) tripped() *Cause {
	bad, tried, canary := 0, 0, 0
	codes := map[string]int{}
	for _, m := range r.Members {
		switch m.State {
		case Failed, Silent:
			bad++
			codes[m.Code]++
			if m.Wave < 2 {
				canary++
			}
			tried++
		case Done:
			tried++
		}
	}
	low := wilson(bad, tried)
	switch {
	case r.Wave < 2 && canary >= r.Plan.MaxCanary:
		return &Cause{Early, []string{strconv.Itoa(bad), strconv.Itoa(tried), most(codes)}}
	case bad >= 2 && low > r.Plan.MaxRate:
		return &Cause{Rate, []string{strconv.Itoa(bad), strconv.Itoa(tried), fmt.Sprintf("%.1f", 100*r.Plan.MaxRate), most(codes)}}
	}
	return nil
}

// most names the codes, the most frequent first.
func most(codes map[string]int) string {
	names := make([]string, 0, len(codes))
	for c := range codes {
		names = append(names, c)
	}
	slices.SortFunc(names, func(a, b string) int {
		if codes[a] != codes[b] {
			return codes[b] - codes[a]
		}
		return slices.Compare([]byte(a), []byte(b))
	})
	out := ""
	for i, c := range names {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%s ×%d", c, codes[c])
	}
	return out
}

// wilson is the lower end of the 90 % Wilson score interval of bad out of n.
func wilson(bad, n int) float64 {
	if n == 0 {
		return 0
	}
	const z = 1.6449 // two-sided 90 %
	p, f := float64(bad)/float64(n), float64(n)
	return (p + z*z/(2*f) - z*math.Sqrt(p*(1-p)/f+z*z/(4*f*f))) / (1 + z*z/f)
}
