// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"

	"madoguchi/pinpad/pin"
)

// What follows is for cards that obey an issuer. No physical card obeys one that
// this project could know: unlocking, resetting and issuing belong to the
// integrated terminal (統合端末), and not one of these commands is ever sent to
// a card that has not said, in bytes that are free to read, that it is simulated:
// maker "MADOGUCHI-TEST" and model "SIMULATED ISSUER" in its token info. Each
// method asks for that first.
//
// An operation is Prove, Authenticate, then what it consists of, then Activate,
// in one session. Nothing takes effect before Activate, and then all of it at
// once; what is cut off earlier leaves the card as it was.

// ErrNoIssuer means that the card says of itself that it obeys no issuer.
// Nothing but reading was tried.
var ErrNoIssuer = errors.New("card obeys no issuer that this program knows")

// ErrNotObeyed means that the card did not take the issuer's word.
var ErrNotObeyed = errors.New("card does not take the issuer's word")

// Steps of an [*InterruptedError] of an issuer's operation. After StepReset
// nothing has changed; after StepActivate the card's next proof says it.
const (
	StepReset    = "reset"
	StepActivate = "activate"
)

// Proof is what the card says of itself to its issuer; it goes there sealed and
// is kept nowhere else.
type Proof [92]byte

// simulatedToken is the beginning of EF 0006 of a card of the simulated issuer:
// label, maker, model, padded with spaces.
const simulatedToken = "JPKIAPICCTOKEN2                 " + "MADOGUCHI-TEST                  " + "SIMULATED ISSUER"

// where an issuer writes the certificates: key file and certificate file.
var issuerFiles = map[Kind]struct{ key, cert uint16 }{
	KindLogin:   {0x0017, efAuthCert},
	KindSigning: {0x001A, efSignCert},
}

// Obeys tells whether the card obeys the simulated issuer. It reads what every
// card lets anybody read and costs no try.
func (c *Card) Obeys() (bool, error) {
	err := c.obey()
	if errors.Is(err, ErrNoIssuer) {
		return false, nil
	}
	return err == nil, err
}

// obey selects the JPKI application of a card that obeys the simulated issuer.
func (c *Card) obey() error {
	if err := c.selectApp(jpkiAP); err != nil {
		return err
	}
	d, err := c.file(efToken, len(simulatedToken))
	if err == nil && string(d) != simulatedToken {
		return ErrNoIssuer
	}
	return err
}

// command sends one command of an issuer's operation.
func (c *Card) command(step string, cmd []byte, want int) ([]byte, error) {
	d, sw, err := c.exchange(step, cmd, maxData)
	switch {
	case err != nil:
		return nil, err
	case sw == 0x6300:
		return nil, fmt.Errorf("%s: %w", step, ErrNotObeyed)
	case sw != swOK:
		return nil, &StatusError{sw, step}
	case len(d) != want:
		return nil, &MalformedError{step, fmt.Sprintf("%d bytes, want %d", len(d), want)}
	}
	return d, nil
}

// Prove asks the card who it is and what an issuer did to it last, over a nonce.
// With its challenge the issuer can authenticate himself.
func (c *Card) Prove(nonce [16]byte) (p Proof, err error) {
	if err = c.obey(); err == nil {
		var d []byte
		d, err = c.command("proving", append(append([]byte{0x00, 0x88, 0x00, 0x80, 16}, nonce[:]...), 0), len(p))
		copy(p[:], d)
		clear(d)
	}
	if err != nil {
		return p, fmt.Errorf("asking card for its proof: %w", err)
	}
	return p, nil
}

// Authenticate gives the card the issuer's word for one operation, over the
// challenge of the proof before. operation and kind are the issuer's numbers.
func (c *Card) Authenticate(bond [16]byte, operation, kind byte, mac [32]byte) error {
	err := c.obey()
	if err == nil {
		cmd := append([]byte{0x00, 0x82, 0x00, 0x01, 50}, bond[:]...)
		_, err = c.command("authenticating the issuer", append(append(cmd, operation, kind), mac[:]...), 0)
	}
	if err != nil {
		return fmt.Errorf("giving card the issuer's word: %w", err)
	}
	return nil
}

// ResetPIN hands the card p as the new PIN k and wipes it, on every path. p's
// form is checked first. It takes effect with [Card.Activate], and with it the
// full count of tries; 住民基本台帳用 then in both its halves.
func (c *Card) ResetPIN(k Kind, p *pin.PIN) error {
	defer p.Wipe()
	err := error(ErrUnsupported)
	if k.Valid() {
		if f := p.Fault(infos[k].NewForm); f != pin.FaultNone {
			err = &FormError{Kind: k, Fault: f, New: true}
		} else if err = c.obey(); err == nil {
			err = c.resetPIN(k, p)
		}
	}
	if err != nil {
		return fmt.Errorf("resetting %v PIN: %w", k, err)
	}
	return nil
}

func (c *Card) resetPIN(k Kind, p *pin.PIN) error {
	defer c.scrub()
	for _, r := range infos[k].Refs {
		if err := c.selectApp(r.AP); err != nil {
			return err
		}
		if err := c.selectFile(r.EF); err != nil {
			return err
		}
		sw, err := c.send(k, StepReset, p, 0x00, 0x2C, 0x02)
		if err != nil {
			return err
		}
		if sw != swOK {
			return &StatusError{sw, "resetting PIN"}
		}
	}
	return nil
}

// Generate makes a new key for the certificate of k, Login or Signing, and
// returns its modulus; the exponent is 65537. The old key stays until
// [Card.Activate].
func (c *Card) Generate(k Kind) (m [256]byte, err error) {
	f, ok := issuerFiles[k]
	if !ok {
		return m, fmt.Errorf("making a key for %v: %w", k, ErrUnsupported)
	}
	if err = c.obey(); err == nil {
		err = c.selectFile(f.key)
	}
	if err == nil {
		var d []byte
		d, err = c.command("generating key", []byte{0x00, 0x46, 0x00, 0x80, 0x00}, len(m))
		copy(m[:], d)
	}
	if err != nil {
		return m, fmt.Errorf("making a key for %v: %w", k, err)
	}
	return m, nil
}

// PutCertificate writes the certificate, DER, that belongs to the new key. The
// old one stays until [Card.Activate].
func (c *Card) PutCertificate(k Kind, der []byte) error {
	f, ok := issuerFiles[k]
	if !ok || len(der) == 0 || len(der) > 0x7FFF {
		return fmt.Errorf("writing certificate of %v, %d bytes: %w", k, len(der), ErrUnsupported)
	}
	err := c.obey()
	if err == nil {
		err = c.selectFile(f.cert)
	}
	const block = 240 // with the head below what every reader takes
	for off := 0; err == nil && off < len(der); off += block {
		part := der[off:min(off+block, len(der))]
		_, err = c.command("writing certificate", append([]byte{0x00, 0xD6, byte(off >> 8), byte(off), byte(len(part))}, part...), 0)
	}
	if err != nil {
		return fmt.Errorf("writing certificate of %v: %w", k, err)
	}
	return nil
}

// Activate lets everything of the operation take effect at once and returns the
// card's proof of it over a nonce. permit is the issuer's word for key and
// certificate, 32 bytes; nil if the operation has none. An [*InterruptedError]
// means that nobody knows whether it took effect: the card's next proof says it.
func (c *Card) Activate(nonce [16]byte, permit []byte) (p Proof, err error) {
	if len(permit) != 0 && len(permit) != 32 {
		return p, fmt.Errorf("activating: permit of %d bytes: %w", len(permit), ErrUnsupported)
	}
	if err = c.obey(); err == nil {
		cmd := append([]byte{0x00, 0x44, 0x00, 0x00, byte(16 + len(permit))}, nonce[:]...)
		var d []byte
		d, err = c.command("activating", append(append(cmd, permit...), 0), len(p))
		var odd *StatusError
		if err != nil && !errors.Is(err, ErrNotObeyed) && !errors.As(err, &odd) {
			err = &InterruptedError{Step: StepActivate, Err: err}
		}
		copy(p[:], d)
		clear(d)
	}
	if err != nil {
		return p, fmt.Errorf("activating: %w", err)
	}
	return p, nil
}
