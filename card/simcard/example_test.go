// SPDX-License-Identifier: Apache-2.0

package simcard_test

import (
	"context"
	"fmt"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

func Example() {
	today := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	s, _ := simcard.SampleByID("one_try_left", today)
	r := simcard.NewReader()
	defer r.Close()
	r.Insert(simcard.New(s.Spec))

	link, err := r.Connect(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer link.Close()
	left, err := card.New(link).Tries(card.KindLogin)
	fmt.Println(left, err)
	// Output: 1 <nil>
}
