// SPDX-License-Identifier: Apache-2.0

package interop

import "madoguchi/card/vpcd"

// contactless shows a card as a contactless reader does.
type contactless struct{ vpcd.Card }

func (contactless) ATR() []byte {
	return []byte{0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x41, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x3B}
}
