// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"madoguchi/cmd/internal/world"
)

// TestNewBoxByHand enrols a box that comes from its maker over the front panel's HTTP: the words of the letter stand on its panel, a wrong code is told with the tries left, the power
// goes after the right one was typed, and the box comes up as its window's without anybody at it; a case can be opened with the clerk of the file.
func TestNewBoxByHand(t *testing.T) {
	w, v := openWorld(t, world.Opts{New: true})
	v.until("service.enrol.words")
	l := w.Switches().Letter
	if l == nil {
		t.Fatal("the page shows no letter")
	}
	v.says("service.enrol.words", strings.Join(l.Words[:], " "))
	v.says("service.enrol.words", "指紋 "+l.Fingerprint)
	digits := strings.ReplaceAll(l.Code, "-", "")
	typed := func(code string) {
		v.until("service.enrol.code")
		for _, d := range code {
			v.press(string(d))
		}
		v.press("enter")
	}
	v.press("enter")
	typed(digits[:9] + string('0'+(digits[9]-'0'+1)%10))
	v.says("service.enrol.code", "違いました。あと4回")

	v.post("/api/line", `{"up":false}`)
	typed(digits)
	v.says("service.enrol.wait", "市役所から返事がありません。")
	v.post("/api/power", `{"cut":true}`)
	v.until("power.off")
	v.post("/api/power", `{"cut":false}`)
	v.until("service.enrol.wait")
	v.post("/api/line", `{"up":true}`)
	v.until("idle")
	if w.Switches().Letter != nil {
		t.Error("the page still shows the letter")
	}
	v.press("enter")
	v.until("clerk.code")
	v.press("2", "4", "6", "8", "enter")
	v.until("clerk.procedure")
	v.press("cancel")
	v.until("idle")
	v.post("/api/power", `{"cut":true}`)
	v.until("power.off")
	v.post("/api/power", `{"cut":false}`)
	v.until("idle")
	if w.Letter() == nil {
		t.Error("the letter is not kept")
	}
}
