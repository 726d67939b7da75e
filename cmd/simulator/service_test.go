// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/world"
)

// says waits for a screen with a line.
func (v *visitor) says(screen, line string) {
	v.t.Helper()
	v.await(screen+" with "+line, func() bool {
		if s := v.state(); s.Screen != screen || s.Busy {
			return false
		}
		res, err := http.Get(v.url + "/api/panel.txt")
		if err != nil {
			v.t.Fatal(err)
		}
		defer res.Body.Close()
		words, err := io.ReadAll(res.Body)
		if err != nil {
			v.t.Fatal(err)
		}
		return slices.Contains(strings.Split(string(words), "\n"), line)
	})
}

// TestServiceMenuByHand opens the service menu over the front panel's HTTP, looks at queue and reader while line and card come and go, changes the clerk code
// and opens a case with it.
func TestServiceMenuByHand(t *testing.T) {
	_, v := openWorld(t, world.Opts{})
	v.until("idle")
	v.post("/api/key", `{"down":["menu"]}`)
	v.post("/api/key", `{"down":["cancel"]}`)
	v.until("service.code")
	v.post("/api/key", `{"up":["menu","cancel"]}`)
	v.press("2", "4", "6", "8", "enter")
	v.until("service.menu")

	v.press("4")
	v.says("service.queue", "回線 つながっています")
	v.post("/api/line", `{"up":false}`)
	v.says("service.queue", "回線 切れています")
	v.post("/api/line", `{"up":true}`)
	v.press("cancel", "3")
	v.says("service.reader", "名前 Simulated reader")
	v.post("/api/card", `{"insert":"adult"}`)
	v.says("service.reader", "カード あり")
	v.post("/api/card", `{"remove":true}`)
	v.says("service.reader", "カード なし")

	v.press("cancel", "8")
	for _, e := range [][]string{{"service.oldcode", "2", "4", "6", "8"}, {"service.newcode", "5", "0", "9", "3"}, {"service.newcode.again", "5", "0", "9", "3"}} {
		v.until(e[0])
		v.press(append(e[1:], "enter")...)
	}
	v.until("service.newcode.saved")
	v.press("enter", "cancel")
	v.until("idle")
	for _, code := range []struct{ digits, leads string }{{"2468", "clerk.code.wrong"}, {"5093", "clerk.procedure"}} {
		v.press("enter")
		v.until("clerk.code")
		for _, d := range code.digits {
			v.press(string(d))
		}
		v.press("enter")
		v.until(code.leads)
		v.press("cancel")
		v.until("idle")
	}
	v.post("/api/lid", `{"open":true}`)
	v.until("fault.lid")
	v.post("/api/lid", `{"open":false}`)
	v.until("idle")
}
