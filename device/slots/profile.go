// SPDX-License-Identifier: Apache-2.0

package slots

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Profile is how the box's programs do: by the name of their unit. It is measured in the slot in force while all is well, and again
// in the slot on trial.
type Profile map[string]Unit

// A Unit is one program.
type Unit struct {
	Runs bool `json:"runs"`
	// Started is when its process began, in clock ticks after the start of the board: the same number twice is the same process.
	Started uint64 `json:"started,omitempty"`
	Memory  int64  `json:"memory,omitempty"` // bytes, with all that is charged to the unit
}

// Growth is how much more memory a unit may take than in the slot in force before it counts as ill: three times, and less than this is never
// too much. A release may grow; a leak shows as a multiple within the time of a trial.
const (
	growth = 3
	little = 24 << 20
)

// Against compares what is seen on trial with what was seen before: what ran must run, as the process that it was at the last look, within its
// memory. What did not run before is not asked for. earlier is the profile of the last look, nil at the first.
func (p Profile) Against(baseline, earlier Profile) error {
	var ill []string
	for _, name := range slices.Sorted(maps.Keys(baseline)) {
		was, is := baseline[name], p[name]
		switch {
		case !was.Runs:
		case !is.Runs:
			ill = append(ill, name+" does not run")
		case earlier[name].Runs && earlier[name].Started != is.Started:
			ill = append(ill, name+" was started again")
		case is.Memory > max(little, growth*was.Memory):
			ill = append(ill, fmt.Sprintf("%s takes %d MiB instead of %d", name, is.Memory>>20, was.Memory>>20))
		}
	}
	if len(ill) > 0 {
		return &IllError{ill}
	}
	return nil
}

// IllError says what is worse than before.
type IllError struct{ What []string }

// Error lists it.
func (e *IllError) Error() string { return strings.Join(e.What, ", ") }
