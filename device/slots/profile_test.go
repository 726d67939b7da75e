// SPDX-License-Identifier: Apache-2.0

package slots

import "testing"

func TestAgainst(t *testing.T) {
	was := Profile{"counter": {true, 100, 20 << 20}, "link": {true, 110, 15 << 20}, "chrony": {}}
	for _, tc := range []struct {
		name        string
		is, earlier Profile
		want        string
	}{
		{"as before", Profile{"counter": {true, 90, 21 << 20}, "link": {true, 95, 15 << 20}}, nil, ""},
		{"as before, twice", Profile{"counter": {true, 90, 21 << 20}, "link": {true, 95, 15 << 20}}, Profile{"counter": {true, 90, 1}, "link": {true, 95, 1}}, ""},
		{"one is missing", Profile{"counter": {true, 90, 0}}, nil, "link does not run"},
		{"what did not run is not asked for", Profile{"counter": {true, 90, 0}, "link": {true, 95, 0}, "chrony": {true, 96, 0}}, nil, ""},
		{"started again", Profile{"counter": {true, 300, 0}, "link": {true, 95, 0}}, Profile{"counter": {true, 90, 0}, "link": {true, 95, 0}}, "counter was started again"},
		{"first seen late", Profile{"counter": {true, 300, 0}, "link": {true, 95, 0}}, Profile{"link": {true, 95, 0}}, ""},
		{"leaks", Profile{"counter": {true, 90, 70 << 20}, "link": {}}, nil, "counter takes 70 MiB instead of 20, link does not run"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			if err := tc.is.Against(was, tc.earlier); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
