// SPDX-License-Identifier: Apache-2.0

package enrol_test

import (
	"context"
	"fmt"
	"os"

	"madoguchi/device"
	"madoguchi/device/enrol"
	sent "madoguchi/sync/enrol"
)

// A box whose folder holds a provisioning file and no configuration is new: somebody enrols it at its window, and the next start finds the configuration. Run needs the box's
// key-pad, panel and wall.
func Example() {
	var hw device.Hardware // as cmd/counter opens it
	dir, err := os.MkdirTemp("", "counter")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	folder := sent.Folder(dir)
	if enrol.Waiting(folder) {
		err := enrol.Run(context.Background(), enrol.Opts{Hardware: hw, Disk: folder, Board: enrol.Board{Hardware: "rpi4", GPIOChip: "pinctrl-bcm2711", DataDir: dir}})
		fmt.Println("enrolled:", err)
	}
	fmt.Println("new:", enrol.Waiting(folder))
	if err := folder.Keep(sent.FileName, []byte("what the fleet wrote on the card")); err != nil {
		fmt.Println(err)
	}
	fmt.Println("with the file of the card:", enrol.Waiting(folder))
	// Output:
	// new: false
	// with the file of the card: true
}
