// SPDX-License-Identifier: Apache-2.0

package pin_test

import (
	"fmt"
	"log"

	"madoguchi/pinpad/pin"
)

func Example() {
	p, err := pin.New()
	if err != nil {
		log.Fatal(err) // names RLIMIT_MEMLOCK
	}
	defer p.Wipe()
	p.First('2')  // group ABC2 …
	p.Second('3') // … third position
	p.Append('7')
	fmt.Println(p.Len(), p.Fault(pin.FormNewPassword), p)
	fmt.Printf("%s %q %x %#v\n", p, p, p, *p)
	// Output:
	// 2 too_short PIN(redacted)
	// PIN(redacted) PIN(redacted) PIN(redacted) PIN(redacted)
}

func ExampleCode() {
	c, err := pin.NewCode()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Wipe()
	for _, d := range []byte("27182818") {
		c.Append(d)
	}
	h, err := c.Hash()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(h[:30]), c.Matches(h))
	// Output: $argon2id$v=19$m=7168,t=5,p=1$ true
}
