// SPDX-License-Identifier: Apache-2.0

package words_test

import (
	"fmt"

	"madoguchi/display/words"
)

func Example() {
	c, err := words.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, lang := range []string{"ja", "en"} {
		s, err := c.Text(lang, "tries.left", struct{ Left int }{2}, 2)
		fmt.Println(s, err)
	}
	// Output:
	// 残り2回 <nil>
	// 2 tries left <nil>
}
