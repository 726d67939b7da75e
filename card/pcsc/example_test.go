// SPDX-License-Identifier: Apache-2.0

package pcsc_test

import (
	"context"
	"fmt"
	"time"

	"madoguchi/card"
	"madoguchi/card/pcsc"
)

// With a reader on the machine this prints what lies in it. (No output is
// compared: there may be no reader.)
func Example() {
	reader, err := pcsc.Open(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()
	for ev := range reader.Events() {
		if ev.Presence != card.Present {
			fmt.Println(ev.Presence, ev.Err)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		link, err := reader.Connect(ctx)
		cancel()
		if err != nil {
			fmt.Println(err)
			continue
		}
		board, err := card.New(link).Board()
		link.Close()
		fmt.Println(board.Species, err)
	}
}
