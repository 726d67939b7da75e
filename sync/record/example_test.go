// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"madoguchi/sync/record"
)

// A case ends at the counter, travels, and is confirmed by city hall.
func Example() {
	japan := time.FixedZone("JST", 9*60*60)
	year, number := time.Date(2026, time.November, 18, 10, 30, 0, 0, japan).ISOWeek()
	week, err := record.NewWeek(year, number)
	if err != nil {
		fmt.Println(err)
		return
	}
	group, _ := record.ParseGroup("g07") // from the configuration
	r, err := record.NewPO(record.PinChange, record.Done, week, group)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := record.Batch{Epoch: 0x5eed, First: 1, Records: []record.Record{r}}.Encode()
	if err != nil {
		fmt.Println(err)
		return
	}

	got, err := record.DecodeBatch(text) // at city hall
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range got.Records {
		fmt.Println(r.Week(), r.Group(), r.Procedure(), r.Outcome())
	}
	public, private, _ := ed25519.GenerateKey(nil)
	receipt, err := record.SignAck(private, record.Ack{Device: "box-1", Epoch: got.Epoch, Upto: got.Last()})
	if err != nil {
		fmt.Println(err)
		return
	}
	ack, err := record.OpenAck(public, receipt) // at the counter
	fmt.Println(ack.Upto, err)
	// Output:
	// 2026-W47 g07 pin_change done
	// 1 <nil>
}
