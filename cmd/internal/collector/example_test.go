// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "cityhall")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	b, err := broker.Start(broker.Opts{City: "nabari"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Stop()
	key, _, err := collector.OpenKey(dir) // made on the first start
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, err := store.Open(ctx, filepath.Join(dir, "cityhall.db"), store.Opts{DigestKey: collector.DigestKey(key)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	c, err := collector.New(db, collector.Opts{City: "nabari", Broker: b.URL(), Password: b.Password(), SignKey: key})
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	for changed := c.Changed(); !c.Status().Broker; changed = c.Changed() {
		<-changed
	}
	fmt.Println("city hall takes records")
	cancel()
	fmt.Println(<-done)
	// Output:
	// city hall takes records
	// <nil>
}
