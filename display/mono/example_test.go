// SPDX-License-Identifier: Apache-2.0

package mono_test

import (
	"fmt"
	"image"

	"madoguchi/display/mono"
)

func Example() {
	glass := mono.New(400, 300)
	next := glass.Clone()
	next.Fill(image.Rect(83, 200, 280, 250), false)

	dirty := mono.Align(glass.Diff(next))
	fmt.Println(dirty, len(next.AppendWindow(nil, dirty)), "bytes")
	// Output: (80,200)-(280,250) 1250 bytes
}
