// SPDX-License-Identifier: Apache-2.0

package issuer_test

import (
	"fmt"

	"madoguchi/sync/issuer"
)

// The box says how an authorised operation ended.
func Example() {
	b, err := issuer.Encode(issuer.Result{Token: issuer.Token{1}, Done: true, Status: 0x9000})
	fmt.Println(string(b), err)
	m, err := issuer.Decode(b)
	if r, ok := m.(issuer.Result); ok {
		fmt.Println(r.Done, err)
	}
	// Output:
	// {"done":true,"s":"madoguchi.issuer/1","status":"9000","token":"01000000000000000000000000000000","type":"result"} <nil>
	// true <nil>
}
