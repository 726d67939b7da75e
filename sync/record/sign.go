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

// SignAck signs an acknowledgement as a DSSE envelope (https://github.com/secure-systems-lab/dsse) with one Ed25519 signature, at most MaxAckSize bytes.
func SignAck(key ed25519.PrivateKey, a Ack) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("signing acknowledgement: key has %d bytes, want %d", len(key), ed25519.PrivateKeySize)
	}
	payload, err := a.encode()
	if err != nil {
		return nil, fmt.Errorf("signing acknowledgement: %w", err)
	}
	signer, err := dsse.NewEnvelopeSigner(signingKey(key))
	if err != nil {
		return nil, fmt.Errorf("signing acknowledgement: %w", err)
	}
	env, err := signer.SignPayload(context.Background(), AckType, payload)
	if err != nil {
		return nil, fmt.Errorf("signing acknowledgement: %w", err)
	}
	text, err := json.Marshal(env)
	if err != nil {
		return nil, fmt.Errorf("signing acknowledgement: %w", err)
	}
	if len(text) > MaxAckSize {
		return nil, fmt.Errorf("signing acknowledgement: %d bytes are more than %d", len(text), MaxAckSize)
	}
	return text, nil
}

// OpenAck verifies a signed acknowledgement and then reads it. Nothing of the payload is looked at before its signature is known to be good.
func OpenAck(key ed25519.PublicKey, text []byte) (Ack, error) {
	if len(key) != ed25519.PublicKeySize {
		return Ack{}, fmt.Errorf("opening acknowledgement: key has %d bytes, want %d", len(key), ed25519.PublicKeySize)
	}
	if len(text) > MaxAckSize {
		return Ack{}, fmt.Errorf("opening acknowledgement: %d bytes are more than %d", len(text), MaxAckSize)
	}
	var env dsse.Envelope
	if err := json.Unmarshal(text, &env); err != nil {
		return Ack{}, fmt.Errorf("opening acknowledgement: %w", err)
	}
	// One signature, and no spelling but ours: the library would also take unknown fields, several signatures and two base64 alphabets.
	if again, err := json.Marshal(env); err != nil || !bytes.Equal(again, text) || len(env.Signatures) != 1 {
		return Ack{}, fmt.Errorf("opening acknowledgement: envelope: %w", ErrNotCanonical)
	}
	if env.PayloadType != AckType {
		return Ack{}, fmt.Errorf("opening acknowledgement: payload type %q is not %s", clip(env.PayloadType), AckType)
	}
	verifier, err := dsse.NewEnvelopeVerifier(verifyingKey(key))
	if err != nil {
		return Ack{}, fmt.Errorf("opening acknowledgement: %w", err)
	}
	_, payload, err := verifier.VerifyAndDecode(context.Background(), &env)
	if err != nil {
		return Ack{}, fmt.Errorf("opening acknowledgement: %w: %w", ErrSignature, err)
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
