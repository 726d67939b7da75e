// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/pinpad/pin"
)

func Example() {
	reader := simcard.NewReader() // or pcsc.Open
	defer reader.Close()
	s, _ := simcard.SampleByID("adult", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	reader.Insert(simcard.New(s.Spec))

	link, err := reader.Connect(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer link.Close() // powers the card off
	c := card.New(link)
	defer c.End()

	board, err := c.Board()
	fmt.Println(board.Species, board.Of(card.KindLogin).Left, board.AuthEnds.Format(time.DateOnly), err)

	p, err := pin.New() // from the key-pad, as a rule
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 4 {
		p.Append('9')
	}
	err = c.Verify(card.KindLogin, p) // wipes p
	var try *card.TryError
	if errors.As(err, &try) {
		fmt.Println("tries left:", try.Left)
	}
	// Output:
	// my_number 3 2029-12-01 <nil>
	// tries left: 2
}
