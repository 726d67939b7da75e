// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pcsc

import (
	"errors"
	"fmt"
	"time"

	"github.com/ebfe/scard"

	"madoguchi/card"
)

// built tells that PC/SC is in this program.
const built = true

// native is a context of libpcsclite.
type native struct{ ctx *scard.Context }

var _ session = native{}

// establish opens a context; it fails while pcscd is not there.
func establish() (session, error) {
	ctx, err := scard.EstablishContext()
	if err != nil {
		return nil, fmt.Errorf("reaching card service: %w", translate(err))
	}
	return native{ctx}, nil
}

// Readers implements session.
func (n native) Readers() ([]string, error) {
	names, err := n.ctx.ListReaders()
	if errors.Is(err, scard.ErrNoReadersAvailable) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing readers: %w", translate(err))
	}
	return names, nil
}

// Wait implements session. Only the watching goroutine may call it: the
// binding keeps the names of the readers in a map of the package.
func (n native) Wait(states []state, d time.Duration) error {
	rs := make([]scard.ReaderState, len(states))
	for i, s := range states {
		rs[i] = scard.ReaderState{Reader: s.reader, CurrentState: scard.StateFlag(s.was)}
	}
	if err := n.ctx.GetStatusChange(rs, d); err != nil {
		return fmt.Errorf("waiting at the reader: %w", translate(err))
	}
	for i := range rs {
		states[i].now = flag(rs[i].EventState)
	}
	return nil
}

// Cancel implements session: it ends a Wait.
func (n native) Cancel() error { return n.ctx.Cancel() }

// Release implements session.
func (n native) Release() error { return n.ctx.Release() }

// Connect implements session. The protocol is checked here because the binding
// panics at the first Transmit of any other.
func (n native) Connect(reader string) (handle, error) {
	c, err := n.ctx.Connect(reader, scard.ShareExclusive, scard.ProtocolAny)
	if err != nil {
		return nil, translate(err)
	}
	switch p := c.ActiveProtocol(); p {
	case scard.ProtocolT0, scard.ProtocolT1:
	default:
		_ = c.Disconnect(scard.UnpowerCard)
		return nil, fmt.Errorf("protocol %d: %w", p, card.ErrMute)
	}
	h := nativeCard{c: c}
	if st, err := c.Status(); err == nil {
		h.atr = st.Atr
	}
	return h, nil
}

// getFeatures is CM_IOCTL_GET_FEATURE_REQUEST.
const getFeatures = 3400

// Features implements session: by a connection to the reader, not to its card.
func (n native) Features(reader string) ([]byte, error) {
	c, err := n.ctx.Connect(reader, scard.ShareDirect, scard.ProtocolUndefined)
	if err != nil {
		return nil, translate(err)
	}
	list, err := c.Control(scard.CtlCode(getFeatures), nil)
	_ = c.Disconnect(scard.LeaveCard)
	var code scard.Error
	if errors.As(err, &code) && (code == scard.ErrUnsupportedFeature || code == scard.ErrNotTransacted) {
		return nil, errNoFeatures
	}
	if err != nil {
		return nil, translate(err)
	}
	return list, nil
}

type nativeCard struct {
	c   *scard.Card
	atr []byte
}

// Transmit implements handle.
func (h nativeCard) Transmit(apdu []byte) ([]byte, error) {
	resp, err := h.c.Transmit(apdu)
	if err != nil {
		return nil, translate(err)
	}
	return resp, nil
}

// ATR implements handle.
func (h nativeCard) ATR() []byte { return h.atr }

// Unpower implements handle.
func (h nativeCard) Unpower() error {
	// A card that is out already has no power.
	if err := h.c.Disconnect(scard.UnpowerCard); err != nil && !errors.Is(translate(err), card.ErrRemoved) {
		return translate(err)
	}
	return nil
}

// translate turns PC/SC's codes into the errors of this project, keeping the
// code's own text.
func translate(err error) error {
	var code scard.Error
	if !errors.As(err, &code) {
		return err
	}
	var cause error
	switch code {
	case scard.ErrTimeout:
		cause = errTimeout
	case scard.ErrCancelled:
		cause = errCancelled
	case scard.ErrUnknownReader, scard.ErrReaderUnavailable:
		return fmt.Errorf("%w: %w (%v)", card.ErrNoReader, errRelist, code)
	case scard.ErrNoReadersAvailable:
		cause = card.ErrNoReader
	case scard.ErrNoService, scard.ErrServiceStopped, scard.ErrShutdown:
		return fmt.Errorf("%w: %w (%v)", card.ErrNoReader, ErrNoService, code)
	case scard.ErrNoSmartcard:
		cause = card.ErrNoCard
	case scard.ErrRemovedCard:
		cause = card.ErrRemoved
	case scard.ErrResetCard:
		cause = card.ErrReset
	case scard.ErrSharingViolation:
		cause = card.ErrBusy
	case scard.ErrUnresponsiveCard, scard.ErrUnpoweredCard, scard.ErrUnsupportedCard,
		scard.ErrProtoMismatch, scard.ErrNotTransacted, scard.ErrCommDataLost:
		cause = card.ErrMute
	default:
		return err
	}
	return fmt.Errorf("%w (%v)", cause, code)
}
