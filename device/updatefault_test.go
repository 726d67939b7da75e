// SPDX-License-Identifier: Apache-2.0

package device

import (
	"slices"
	"testing"

	"madoguchi/device/bundle"
	"madoguchi/device/update"
	"madoguchi/display"
)

// TestFault: what a technician reads about an update, of what the agent and RAUC say; every code of RAUC's has its word.
func TestFault(t *testing.T) {
	for _, tc := range []struct {
		s    update.Status
		want string
	}{
		{update.Status{State: update.Committed}, ""},
		{update.Status{State: update.Installing}, ""},
		{update.Status{State: update.Failed, Code: "line"}, ""},
		{update.Status{State: update.Failed, Code: "install", Detail: "signature: signature verification failed"}, "signature"},
		{update.Status{State: update.Failed, Code: "check", Detail: "format: Invalid bundle format"}, "refused"},
		{update.Status{State: update.Failed, Code: "install.late", Detail: "silent: the installation does not end"}, "service"},
		{update.Status{State: update.Failed, Code: "check"}, "failed"},
		{update.Status{State: update.Failed, Code: "refused.older"}, "failed"},
		{update.Status{State: update.Failed, Code: "space"}, "space"},
		{update.Status{State: update.Reverted, Code: "fell_back", Detail: "link does not run"}, "fell_back"},
		{update.Status{State: update.Reverted, Code: "health"}, "unwell"},
	} {
		u := &updates{}
		u.status.Store(&tc.s)
		if got := u.fault(); got != tc.want {
			t.Errorf("%+v is shown as %q, want %q", tc.s, got, tc.want)
		}
	}
	for _, code := range bundle.Codes {
		u := &updates{}
		u.status.Store(&update.Status{State: update.Failed, Code: "install", Detail: bundle.Fault(code, "x").Error()})
		if got := u.fault(); !slices.Contains(display.UpdateFaults, got) {
			t.Errorf("%s is shown as %q, which no screen knows", code, got)
		}
	}
}
