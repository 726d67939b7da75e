// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"

	"madoguchi/card"
)

// status is the first byte of KindCard: 0, or why there is no response. The
// order is part of the protocol.
var statuses = []error{
	nil,
	card.ErrNoCard,
	card.ErrNoReader,
	card.ErrRemoved,
	card.ErrReset,
	card.ErrMute,
	card.ErrBusy,
}

// errLink stands for every cause without a number of its own.
var errLink = errors.New("card link failed")

const statusLink = 0xff

// statusOf finds the number of a cause.
func statusOf(err error) byte {
	if err == nil {
		return 0
	}
	for i, s := range statuses[1:] {
		if errors.Is(err, s) {
			return byte(i + 1)
		}
	}
	return statusLink
}

// causeOf is the way back.
func causeOf(b byte) (error, error) {
	switch {
	case b == statusLink:
		return errLink, nil
	case int(b) < len(statuses):
		return statuses[b], nil
	}
	return nil, &FrameError{KindCard, int(b), fmt.Sprintf("unknown status %d", b)}
}
