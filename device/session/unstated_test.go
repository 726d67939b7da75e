// SPDX-License-Identifier: Apache-2.0

package session

import (
	"strings"
	"testing"

	"madoguchi/sync/record"
)

// TestUnstated: where the page gives no fee, the decision's first page says that the fee is to be confirmed, and with whom; no decision says it of a fee that is stated.
func TestUnstated(t *testing.T) {
	for _, tt := range []struct {
		city      string
		procedure record.Procedure
		want      bool
	}{
		{"nabari", record.PinChange, true},
		{"nabari", record.CertRenewal, false},
	} {
		t.Run(tt.city+" "+tt.procedure.String(), func(t *testing.T) {
			w := newWorld(t)
			w.under(tt.city, "")
			w.code(true)
			w.choose(tt.procedure)
			w.press(Key1)
			if w.s.step == stepKind {
				w.press(Key1)
			}
			w.usual(stepDecision)
			f := w.s.screen.Facts
			fee, said := "", false
			for _, p := range f.Paras {
				if p.Code == "fee" {
					fee = p.Word
				}
				said = said || p.Code == "default" && strings.HasPrefix(p.Text, "料金は、担当課に")
			}
			if (fee == "unknown") != tt.want || said != tt.want || f.Pages > 1 {
				t.Errorf("fee %q, said %v of %d pages: %+v", fee, said, f.Pages, f.Paras)
			}
		})
	}
}
