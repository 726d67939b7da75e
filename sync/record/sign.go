// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// AckType is the payload type of a signed acknowledgement. It is signed with the payload, so no other signed message can pass for one.
const AckType = "madoguchi.ack/1"

// ErrSignature means that an envelope is not signed by the expected key.
var ErrSignature = errors.New("signature does not verify")

// Sign signs a payload as a DSSE envelope (https://github.com/secure-systems-lab/dsse) of the given type with one Ed25519 signature, at most max bytes. It is the form of all bare messages
// of city hall: receipts and the answers about claims.
func Sign(key ed25519.PrivateKey, typ string, payload []byte, max int) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("signing key has %d bytes, want %d", len(key), ed25519.PrivateKeySize)
	}
	signer, err := dsse.NewEnvelopeSigner(signingKey(key))
	if err != nil {
		return nil, err
	}
	env, err := signer.SignPayload(context.Background(), typ, payload)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(env)
	if err != nil {
		return nil, err
	}
	if len(text) > max {
		return nil, fmt.Errorf("%d bytes are more than %d", len(text), max)
	}
	return text, nil
}

// Open verifies what Sign made and gives the payload. Nothing of the payload is looked at before its signature is known to be good.
func Open(key ed25519.PublicKey, typ string, text []byte, max int) ([]byte, error) {
	if len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("verifying key has %d bytes, want %d", len(key), ed25519.PublicKeySize)
	}
	if len(text) > max {
		return nil, fmt.Errorf("%d bytes are more than %d", len(text), max)
	}
	var env dsse.Envelope
	if err := json.Unmarshal(text, &env); err != nil {
		return nil, err
	}
	// One signature, and no spelling but ours: the library would also take unknown fields, several signatures and two base64 alphabets.
	if again, err := json.Marshal(env); err != nil || !bytes.Equal(again, text) || len(env.Signatures) != 1 {
		return nil, fmt.Errorf("envelope: %w", ErrNotCanonical)
	}
	if env.PayloadType != typ {
		return nil, fmt.Errorf("payload type %q is not %s", clip(env.PayloadType), typ)
	}
	verifier, err := dsse.NewEnvelopeVerifier(verifyingKey(key))
	if err != nil {
		return nil, err
	}
	_, payload, err := verifier.VerifyAndDecode(context.Background(), &env)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return payload, nil
}

// SignAck signs an acknowledgement, at most MaxAckSize bytes.
func SignAck(key ed25519.PrivateKey, a Ack) ([]byte, error) {
	payload, err := a.encode()
	if err != nil {
		return nil, fmt.Errorf("signing acknowledgement: %w", err)
	}
	text, err := Sign(key, AckType, payload, MaxAckSize)
	if err != nil {
		return nil, fmt.Errorf("signing acknowledgement: %w", err)
	}
	return text, nil
}

// OpenAck verifies a signed acknowledgement and then reads it.
func OpenAck(key ed25519.PublicKey, text []byte) (Ack, error) {
	payload, err := Open(key, AckType, text, MaxAckSize)
	if err != nil {
		return Ack{}, fmt.Errorf("opening acknowledgement: %w", err)
	}
	a, err := decodeAck(payload)
	if err != nil {
		return Ack{}, fmt.Errorf("opening acknowledgement: %w", err)
	}
	return a, nil
}

// signingKey and verifyingKey are the two halves of an Ed25519 key as the envelope library wants them. They have no key id: a box knows one key, and a key id
// would take 50 of the 512 bytes.
type (
	signingKey   ed25519.PrivateKey
	verifyingKey ed25519.PublicKey
)

var (
	_ dsse.Signer   = signingKey{}
	_ dsse.Verifier = verifyingKey{}
)

func (k signingKey) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(ed25519.PrivateKey(k), data), nil
}

func (k signingKey) KeyID() (string, error) { return "", nil }

func (k verifyingKey) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(ed25519.PublicKey(k), data, sig) {
		return ErrSignature
	}
	return nil
}

func (k verifyingKey) KeyID() (string, error) { return "", nil }

func (k verifyingKey) Public() crypto.PublicKey { return ed25519.PublicKey(k) }
