// SPDX-License-Identifier: Apache-2.0

// Package browser tries the simulator as a visitor would: a headless Chromium opens the page, a mouse clicks keys and
// cards, and the eyes are screenshots. It holds only tests; it needs Debian's chromium, which `make setup` installs.
//
//	go test ./cmd/simulator/browser -args -pictures DIR    # also writes what was seen
package browser
