// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madoguchi/device/bundle"
)

// The PIN side hands over a bundle that it has verified. Here nobody is at the other end.
func Example() {
	c := bundle.NewClient("/run/nobody/install.sock")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	_, err := c.Install(ctx, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8", func(percent int) { fmt.Println(percent, "%") })
	var fault *bundle.Error
	if errors.As(err, &fault) {
		fmt.Println(fault.Code)
	}
	// Output: service
}
