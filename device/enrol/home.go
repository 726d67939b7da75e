// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"strings"

	"madoguchi/device"
	"madoguchi/sync/enrol"
)

// Home is the folder of an enrolled box, in which both its settings and its data lie.
type Home struct{ Disk enrol.Disk }

var _ device.Home = Home{}

// Enrolment implements device.Home.
func (h Home) Enrolment() string {
	list, err := h.Disk.Read(usedFile)
	if err != nil {
		return ""
	}
	all := strings.Fields(string(list))
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// Mark implements device.Home.
func (h Home) Mark(m enrol.Mark) error { return enrol.KeepMark(h.Disk, m) }

// Wiping tells whether a folder is that of a box that is being wiped: whether Forget has something to do.
func Wiping(disk enrol.Disk) bool {
	_, wiping := enrol.ReadMark(disk)
	return wiping
}
