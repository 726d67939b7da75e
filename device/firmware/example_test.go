// SPDX-License-Identifier: Apache-2.0

package firmware_test

import (
	"context"
	"fmt"
	"time"

	"madoguchi/device/bundle"
	"madoguchi/device/firmware"
)

// The agent is given the slots as its installer of firmware. Where nobody installs, it is told so in time.
func Example() {
	s := firmware.New(bundle.NewClient("/run/nobody/install.sock"), firmware.Opts{Dir: "/data/counter", Step: time.Millisecond})
	if _, err := s.Running(context.Background()); err != nil {
		fmt.Println(s.Fault().Code)
	}
	// Output: service
}
