// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"crypto/ed25519"
	"fmt"

	"madoguchi/sync/issuer"
)

// A box asks whether an operation may be done; the authority behind city hall can read it, nobody between.
func Example() {
	gate, err := issuer.NewGate("nabari", [32]byte{1}) // a fake authority's keys follow from a seed
	if err != nil {
		fmt.Println(err)
		return
	}
	sign, to := gate.Keys()
	box := ed25519.NewKeyFromSeed(make([]byte, 32))
	line, err := issuer.NewLine("nabari", "box-17", box, sign, to)
	if err != nil {
		fmt.Println(err)
		return
	}
	frame, err := line.Seal(issuer.Open{Token: issuer.NewToken(), Order: issuer.Order{
		Operation: issuer.PinReset, Kind: issuer.Login, Procedure: issuer.ResetCase, Case: issuer.NewCase(), Opener: issuer.LabelOf("A"),
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	letter, err := gate.Open("box-17", box.Public().(ed25519.PublicKey), frame)
	open, ok := letter.Message.(issuer.Open)
	fmt.Println(open.Order.Operation == issuer.PinReset, ok, err)
	// Output: true true <nil>
}
