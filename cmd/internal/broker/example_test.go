// SPDX-License-Identifier: Apache-2.0

package broker_test

import (
	"fmt"
	"strings"

	"madoguchi/cmd/internal/broker"
)

func Example() {
	b, err := broker.Start(broker.Opts{Listen: "127.0.0.1:0", City: "nabari"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Stop()
	fmt.Println(strings.HasPrefix(b.URL(), "tcp://127.0.0.1:"), b.Up())
	b.SetUp(false) // the broker goes away …
	fmt.Println(b.Up())
	b.SetUp(true) // … and comes back at the same address, knowing nothing
	fmt.Println(b.Up())
	// Output:
	// true true
	// false
	// true
}
