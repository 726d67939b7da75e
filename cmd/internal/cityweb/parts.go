// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"slices"
	"strings"
	"time"

	"madoguchi/cmd/internal/store"
)

// lineDown is what a device finds of its line while it is down, see cmd/counter's README.
var lineDown = []string{"LK5", "LK7", "LK8"}

// illParts are the devices that found something wrong when they looked at their
// parts, one alert each, until a later look finds it well: in the morning
// somebody can be on the way before the counter opens. What was found of the
// line of a device that is connected is over.
func illParts(l tongue, devices []store.Device) (list []alert) {
	for _, d := range devices {
		codes := strings.Fields(d.Check)
		codes = slices.DeleteFunc(codes, func(c string) bool { return c == "ok" || d.Online && slices.Contains(lineDown, c) })
		if len(codes) == 0 {
			continue
		}
		for i, c := range codes {
			codes[i] = l.say("ill_part", l.name("parts", c[:2]), c)
		}
		day := ""
		if !d.Contact.IsZero() {
			day = d.Contact.In(japan).Format(time.DateOnly)
		}
		list = append(list, alert{Name: "ill_parts", Where: d.ID, Text: l.say("ill_parts", strings.Join(codes, l.say("ill_and"))), Day: day})
	}
	return list
}
