// SPDX-License-Identifier: Apache-2.0

package store

import "testing"

// TestAnyBytes holds that text of a form, which may be any bytes, is written
// into the audit log on both databases, and reads back as what was hashed.
func TestAnyBytes(t *testing.T) { both(t, testAnyBytes) }

func testAnyBytes(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	for _, what := range []string{"r1 \xff\xfe", "r1 \x00", "r1 \xe6\x97"} {
		if err := s.Note(t.Context(), "joho", "rollout stop", what); err != nil {
			t.Errorf("%q: %v", what, err)
		}
	}
	if n, _, err := s.VerifyAudit(t.Context()); err != nil || n != 3 {
		t.Errorf("%d lines, %v", n, err)
	}
}
