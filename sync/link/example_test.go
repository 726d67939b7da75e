// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"context"
	"fmt"
	"os"

	"madoguchi/sync/link"
)

// The network side of a box in service; here its broker is a plain one elsewhere, which is refused.
func Example() {
	dir, err := os.MkdirTemp("", "link")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	cfg := link.Config{
		Broker: "tcp://192.0.2.1:1883",
		City:   "nabari", Device: "box-1",
		Wall:    "/run/madoguchi/wall.sock",
		DataDir: dir,
		Spread:  link.DefaultSpread,
	}
	fmt.Println(link.Run(context.Background(), cfg, nil))
	// Output:
	// starting link: broker address "tcp://192.0.2.1:1883": without TLS only a broker on this machine is taken (127.0.0.1, ::1, localhost)
}
