// SPDX-License-Identifier: Apache-2.0

package session

import (
	"strings"
	"testing"

	"madoguchi/display"
	"madoguchi/sync/record"
)

// A message into which the beginning of the window is filled reads as one sentence, also where the clerk knows the end only roughly.
func TestWindowInMessage(t *testing.T) {
	w := newWorld(t)
	w.under("matsue", "")
	w.code(true)
	w.choose(record.CertRenewal)
	w.press(Key1)
	w.reply("cert_expires", "later")
	w.usual(stepTell)
	found := false
	for _, p := range w.screen.Screen.Facts.Paras {
		found = found || p.Text == "更新は 有効期限の3か月前 からできます。"
		if strings.Contains(p.Text, "から から") || strings.ContainsAny(p.Text, "{}") {
			t.Errorf("told: %q", p.Text)
		}
	}
	if w.screen.Screen.ID != display.ClerkTell || !found {
		t.Errorf("the beginning of the window is not told: %+v", w.screen.Screen)
	}
}
