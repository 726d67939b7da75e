// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The end of a certificate stands among its first 200 bytes, behind the issuer
// and before the holder. No more is read than is needed to find it: the rest says
// who the holder is, and takes time on a slow reader.

// maxCert bounds a certificate; physical ones have 1.3 to 2 KB.
const maxCert = 8192

// beforeHolder is how much of a signing certificate is read at first: with the
// present issuer's name the validity begins at byte 165 and the holder's name not
// before byte 197.
const beforeHolder = 176

// jst is Japan's time; it has had no summer time since 1951.
var jst = time.FixedZone("JST", 9*60*60)

// usualValidity is the length of two UTCTimes to the second and their header, as
// every certificate until 2049 has them. The public key alone, which comes later,
// is longer.
const usualValidity = 32

// needs is how many of a certificate's first bytes it takes to tell its end.
type needs int

// Error gives the number.
func (n needs) Error() string { return fmt.Sprintf("%d bytes needed", int(n)) }

// errDER is what is no certificate. It never quotes the bytes.
var errDER = errors.New("not a certificate")

// walk goes through DER of which only the beginning may be there. After an
// error, which is needs or errDER, nothing moves any more.
type walk struct {
	b          []byte
	pos, limit int // next element; end of the one around it
	err        error
}

// at tells whether the next element has this tag.
func (w *walk) at(tag asn1.Tag) bool {
	switch {
	case w.err != nil:
	case w.pos >= w.limit:
		w.err = errDER
	case w.pos >= len(w.b):
		w.has(w.pos + 1)
	default:
		return w.b[w.pos] == byte(tag)
	}
	return false
}

// header reads the next element's: where its content begins and ends.
func (w *walk) header(tag asn1.Tag) (start, end int) {
	if !w.at(tag) {
		if w.err == nil {
			w.err = errDER
		}
		return w.pos, w.pos
	}
	// One byte of length, or one that says how many follow; two are enough.
	start, size, more := w.pos+2, 0, 0
	if w.has(start) {
		if size = int(w.b[start-1]); size > 0x80 {
			more, size = size&0x7F, 0
		}
		start += more
	}
	if more <= 2 && w.has(start) {
		for _, d := range w.b[start-more : start] {
			size = size<<8 | int(d)
		}
	}
	end = start + size
	short := more == 0 && size < 0x80 || more == 1 && size >= 0x80 || more == 2 && size >= 0x100
	if w.err == nil && (!short || end > w.limit) {
		w.err = errDER
	}
	return start, end
}

// has fails unless the bytes before end are there.
func (w *walk) has(end int) bool {
	if w.err == nil && end > w.limit {
		w.err = errDER
	}
	if w.err == nil && end > len(w.b) {
		w.err = needs(min(max(end, w.pos+longestHeader), w.limit))
	}
	return w.err == nil
}

// longestHeader is that of an element below 64 KiB: tag and length.
const longestHeader = 4

// enter goes into the next element, skip over it.
func (w *walk) enter(tag asn1.Tag) { w.pos, w.limit = w.header(tag) }
func (w *walk) skip(tag asn1.Tag)  { _, w.pos = w.header(tag) }

// notAfter finds the end of an X.509 certificate in its first bytes. The error is
// needs if there are too few of them, else errDER. Every certificate that
// crypto/x509 reads has the same end here.
func notAfter(b []byte) (time.Time, error) {
	w := walk{b: b, limit: maxCert}
	w.enter(asn1.SEQUENCE) // Certificate
	w.enter(asn1.SEQUENCE) // TBSCertificate
	if version := asn1.Tag(0).ContextSpecific().Constructed(); w.at(version) {
		w.skip(version)
	}
	w.skip(asn1.INTEGER)  // serial number
	w.skip(asn1.SEQUENCE) // algorithm
	w.skip(asn1.SEQUENCE) // issuer
	w.has(w.pos + usualValidity)
	w.enter(asn1.SEQUENCE) // validity
	if !w.has(w.limit) {
		return time.Time{}, w.err
	}
	validity := cryptobyte.String(b[w.pos:w.limit])
	var from, until time.Time
	if !instant(&validity, &from) || !instant(&validity, &until) || !validity.Empty() {
		return time.Time{}, errDER
	}
	return until, nil
}

// instant reads either form of a time.
func instant(s *cryptobyte.String, t *time.Time) bool {
	if s.PeekASN1Tag(asn1.UTCTime) {
		return s.ReadASN1UTCTime(t)
	}
	return s.ReadASN1GeneralizedTime(t)
}

// certEnds reads the last day in Japan of the certificate in the current file,
// as midnight UTC of that date, from its first bytes d and as many more as that
// takes. It wipes d and whatever it reads.
func (c *Card) certEnds(ef uint16, d []byte) (time.Time, error) {
	step := fmt.Sprintf("reading end of certificate %04X", ef)
	defer func() { clear(d) }()
	for {
		until, err := notAfter(d)
		var want needs
		if !errors.As(err, &want) {
			if err != nil {
				return time.Time{}, &MalformedError{step, err.Error()}
			}
			y, m, day := until.In(jst).Date()
			return time.Date(y, m, day, 0, 0, 0, 0, time.UTC), nil
		}
		whole := append(make([]byte, 0, int(want)), d...)
		clear(d)
		d = whole
		for len(d) < int(want) {
			more, err := c.read(ef, len(d), min(maxData, int(want)-len(d)))
			if err == nil && len(more) == 0 {
				err = &MalformedError{step, fmt.Sprintf("ends after %d of %d bytes", len(d), int(want))}
			}
			if err != nil {
				return time.Time{}, err
			}
			d = append(d, more...)
			clear(more)
		}
	}
}

// absent tells an answer that says that there is no such certificate, or none
// to read, from one that says nothing.
func absent(err error) bool {
	var odd *StatusError
	return errors.As(err, &odd) && (odd.SW == swNotFound || odd.SW == swProtected || odd.SW == swOffset)
}

// authEnds reads the last day of the login certificate. No certificate, or one
// that wants a PIN, is the zero day.
func (c *Card) authEnds() (time.Time, error) {
	d, short, err := c.head(efAuthCert, maxData)
	if absent(err) || err == nil && len(d) == 0 {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	if _, err := notAfter(d); short && err != nil {
		// More to read: by its whole name, so that nothing hangs on what is current.
		clear(d)
		if d, err = c.file(efAuthCert, maxData); err != nil {
			return time.Time{}, err
		}
	}
	return c.certEnds(efAuthCert, d)
}

// readSigningEnds notes when the signing certificate ends, while its password is
// verified. That the password was right stands in any case: whatever goes wrong
// here is told by the next command, and the date stays unknown.
func (c *Card) readSigningEnds() {
	c.signingEnds = time.Time{}
	d, err := c.file(efSignCert, beforeHolder)
	if err != nil {
		clear(d)
		return
	}
	c.signingEnds, _ = c.certEnds(efSignCert, d)
}

// SigningEnds is the last day of the signing certificate in Japan, as midnight
// UTC of that date. The card tells it only while the signing password is
// verified, so it is known after a right [Card.Verify] or [Card.Change] of
// [KindSigning] and until [Card.End]; the zero time means that it is not. Nothing
// else of that certificate is kept, and its bytes behind the date, which say who
// the holder is and where they live, are not read.
func (c *Card) SigningEnds() time.Time { return c.signingEnds }
