// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"fmt"
	"log"

	"madoguchi/card"
	"madoguchi/cmd/internal/wire"
)

// slot is a world with one card that knows only one answer.
type slot struct{}

func (slot) SPI(bool, []byte)                        {}
func (slot) Line(wire.Line, bool)                    {}
func (slot) Busy() bool                              { return false }
func (slot) Observed([]byte)                         {}
func (slot) Connect() (uint32, []byte, error)        { return 1, nil, nil }
func (slot) Transmit(uint32, []byte) ([]byte, error) { return []byte{0x63, 0xc3}, nil }
func (slot) Unpower(uint32)                          {}
func (slot) Scanned(uint16)                          {}

func Example() {
	near, file, err := wire.Pair()
	if err != nil {
		log.Fatal(err)
	}
	world, err := wire.NewWorld(near, slot{}, wire.Hello{Presence: card.Present})
	if err != nil {
		log.Fatal(err)
	}
	defer world.Close()
	go world.Run()

	far, err := wire.FromFile(file) // in the child: os.NewFile(3, "wire")
	if err != nil {
		log.Fatal(err)
	}
	box, err := wire.OpenBox(far, nil)
	if err != nil {
		log.Fatal(err)
	}
	event := <-box.Reader().Events()
	link, err := box.Reader().Connect(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	answer, err := link.Transmit([]byte{0x00, 0x20, 0x00, 0x80})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v % X\n", event.Presence, answer)
	// Output: present 63 C3
}
