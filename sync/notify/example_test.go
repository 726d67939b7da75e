// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"context"
	"fmt"
	"log"

	"madoguchi/sync/notify"
)

// A program says that it is ready when its loop answers, and feeds its watchdog the same way.
func ExampleManager_Run() {
	m, err := notify.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop() // told to end
	err = m.Run(ctx, func(context.Context) error { return nil })
	fmt.Println(err)
	// Output: <nil>
}
