// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"context"
	"errors"
	"fmt"
)

// OwnPad is what a reader has in the way of a PIN pad of its own (PC/SC part 10,
// 2.3 "GET_FEATURE_REQUEST by Host Application").
//
// It is never used. What a reader's pad shows, to whom, how often and how long it
// keeps it is not in our hands: it could not show the tries left before an entry,
// would have no guard before the last one and no letters for the signing
// password, and could not be wiped. A PIN is typed on the box or not at all.
type OwnPad struct {
	Verify, Change bool // the reader can take a PIN itself to check it, to change it
}

// Any tells whether there is one.
func (p OwnPad) Any() bool { return p.Verify || p.Change }

// Features of part 10 that a reader with a PIN pad names; the odd pairs are older
// forms of the same in several steps.
const (
	featureVerifyStart  = 0x01
	featureModifyStart  = 0x03
	featureVerifyDirect = 0x06
	featureModifyDirect = 0x07
)

// errFeatures is a list of features that is none. It is the driver's affair, and
// says nothing about the reader.
var errFeatures = errors.New("list of features is malformed")

// errNoFeatures is a driver that knows no such question, as a reader without
// anything of its own may have.
var errNoFeatures = errors.New("driver tells no features")

// parseFeatures reads tags of one byte, each with a length of 4 and a control
// code, which is not used.
func parseFeatures(list []byte) (p OwnPad, err error) {
	for ; len(list) > 0; list = list[6:] {
		if len(list) < 6 || list[1] != 4 {
			return OwnPad{}, errFeatures
		}
		switch list[0] {
		case featureVerifyStart, featureVerifyDirect:
			p.Verify = true
		case featureModifyStart, featureModifyDirect:
			p.Change = true
		}
	}
	return p, nil
}

// OwnPad asks a reader, by its whole name, for a PIN pad of its own. A card need
// not be in it, and no command goes to one. Errors are card.ErrNoReader, ErrBusy
// while another program has its card for itself, or ctx's.
func (r *Reader) OwnPad(ctx context.Context, reader string) (OwnPad, error) {
	type result struct {
		list []byte
		err  error
	}
	got := make(chan result, 1)
	go func() { // nothing can stop a driver that hangs
		s, err := r.establish()
		if err != nil {
			got <- result{nil, err}
			return
		}
		list, err := s.Features(reader)
		_ = s.Release()
		got <- result{list, err}
	}()
	var p OwnPad
	var err error
	select {
	case g := <-got:
		if p, err = parseFeatures(g.list); g.err != nil {
			p, err = OwnPad{}, g.err
		}
		if errors.Is(err, errNoFeatures) {
			return OwnPad{}, nil
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return OwnPad{}, fmt.Errorf("asking %s for its features: %w", reader, err)
	}
	return p, nil
}
