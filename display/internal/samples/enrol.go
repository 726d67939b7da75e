// SPDX-License-Identifier: Apache-2.0

package samples

import "madoguchi/display"

// enrols are the screens of a new box.
func enrols() []Sample {
	out := []Sample{
		one(display.ServiceEnrolWords, display.Facts{Text: "かきこ さした つとな", Office: "総合窓口市民課第二係", Title: "sakuragawa / box-17", Fingerprint: "4f2a9c01e"}),
		one(display.ServiceEnrolCode, display.Facts{}),
		named("typed", display.ServiceEnrolCode, display.Facts{Text: "4821"}),
		named("short", display.ServiceEnrolCode, display.Facts{Text: "482", Fault: "too_short"}),
		named("wrong", display.ServiceEnrolCode, display.Facts{Left: 4}),
		one(display.ServiceEnrolDone, display.Facts{}),
		one(display.ServiceWipeAlone, display.Facts{}),
		one(display.ServiceWiped, display.Facts{}),
	}
	out = append(out, reasons(display.ServiceEnrolWait, display.Facts{Text: "mqtt.city.example.lg.jp:8883"})...)
	out = append(out, reasons(display.ServiceWipe, display.Facts{})...)
	return append(out, reasons(display.ServiceEnrolStop, display.Facts{Seconds: 540, Text: "office: 13"})...)
}
