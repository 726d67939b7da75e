// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"fmt"
	"os"
	"path/filepath"

	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
)

// One case from its journal to city hall's receipt.
func Example() {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ob, aside, err := outbox.Open(filepath.Join(dir, "outbox.db"), outbox.Opts{Device: "box-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ob.Close()
	if aside != nil {
		fmt.Println("a damaged file was set aside:", aside.Path, aside.Cause)
	}

	week, _ := record.NewWeek(2026, 47)
	r, _ := record.NewPO(record.PinChange, record.Done, week, 7)
	fmt.Println(ob.SetJournal([]byte("a case is open")))
	fmt.Println(ob.Finish(r)) // now "done" may be shown
	ob.Release(outbox.All)
	b, _ := ob.Next(record.MaxRecords)
	fmt.Println(b.First, len(b.Records)) // over the wall, to city hall, and back comes a signed receipt
	fmt.Println(ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Upto: b.Last(), Durable: b.Last()}))
	fmt.Println(ob.Stats().Out)
	// Output:
	// <nil>
	// <nil>
	// 1 1
	// <nil>
	// 0
}
