// SPDX-License-Identifier: Apache-2.0

package device

import (
	"slices"
	"strings"

	"madoguchi/device/bundle"
	"madoguchi/device/update"
	"madoguchi/display"
)

// updateFaults are the words of display.UpdateFaults by what the agent or RAUC says where they are not the same.
var updateFaults = map[string]string{
	"fell_back": "fell_back", "health": "unwell", "boots": "unwell", "commit": "unwell", "space": "space", "storage": "write",
	string(bundle.Format): "refused", string(bundle.Busy): "service", string(bundle.Silent): "service", string(bundle.Slot): "service",
}

// fault is that the box is to be wiped, or why the last update is not in force, in one of the words that the service menu has; "": nothing is wrong, or a line that comes back by itself.
func (u *updates) fault() string {
	s := u.status.Load()
	if w := u.wiping(); w != "" {
		return w
	}
	if s == nil || s.State != update.Failed && s.State != update.Reverted || s.Code == "line" {
		return ""
	}
	code, _, _ := strings.Cut(s.Code, ".")
	said, _, _ := strings.Cut(s.Detail, ":")
	for _, word := range []string{code, said} {
		if w, ok := updateFaults[word]; ok {
			return w
		}
	}
	if slices.Contains(display.UpdateFaults, said) {
		return said
	}
	return "failed"
}
