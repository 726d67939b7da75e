// SPDX-License-Identifier: Apache-2.0

package device

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"madoguchi/sync/issuer"
	"madoguchi/sync/record"
)

// linkedProcedures are what an issuer link can carry out.
var linkedProcedures = map[record.Procedure]issuer.Procedure{
	record.PinReset: issuer.ResetCase, record.CertNewIssue: issuer.IssueCase, record.CertRenewal: issuer.RenewalCase, record.SuspensionRelease: issuer.ReleaseCase,
}

// issuerSeedFile is the name of the box's own seed under the data folder: what it signs messages to the issuer with. 64 hex digits, mode 0600, drawn by the box.
const issuerSeedFile = "issuer.seed"

// checkIssuer finds every field of the issuer link that cannot be used.
func (c Config) checkIssuer(bad func(key, format string, args ...any)) {
	sign, err := c.issuerKey()
	if err != nil {
		bad("issuer_key", "%v", err)
	}
	_, err = c.issuerSeal()
	if err != nil {
		bad("issuer_seal", "%v", err)
	}
	switch {
	case c.IssuerKey != "" && c.IssuerSeal == "":
		bad("issuer_seal", "is missing: `cityhall issuer keys` prints it beside issuer_key")
	case c.IssuerKey == "" && c.IssuerSeal != "":
		bad("issuer_key", "is missing: `cityhall issuer keys` prints it beside issuer_seal")
	case sign != nil && c.AckKey == "":
		bad("issuer_key", "needs a line to city hall: set ack_key")
	case c.IssuerKey != "" && c.IssuerKey == c.IssuerSeal:
		bad("issuer_seal", "is the same as issuer_key; the authority has one key that signs and another that seals")
	}
	for i, code := range c.IssuerFor {
		p, err := record.ParseProcedure(code)
		if _, ok := linkedProcedures[p]; err != nil || !ok {
			bad("issuer_for", "%q is not one of %s", code, strings.Join(linkedCodes(), ", "))
		}
		if slices.Contains(c.IssuerFor[:i], code) {
			bad("issuer_for", "%q stands twice", code)
		}
	}
}

func linkedCodes() []string {
	var codes []string
	for p := range linkedProcedures {
		codes = append(codes, p.String())
	}
	slices.Sort(codes)
	return codes
}

// issuerKey is the key that the authority signs with; nil if no issuer link is configured.
func (c Config) issuerKey() (ed25519.PublicKey, error) {
	b, err := keyOf32(c.IssuerKey)
	if b == nil || err != nil {
		return nil, err
	}
	return ed25519.PublicKey(b), nil
}

// issuerSeal is the key that messages to the authority are sealed under.
func (c Config) issuerSeal() (issuer.SealKey, error) {
	b, err := keyOf32(c.IssuerSeal)
	if b == nil || err != nil {
		return issuer.SealKey{}, err
	}
	k, err := ecdh.X25519().NewPublicKey(b)
	if err != nil {
		return issuer.SealKey{}, errors.New("is no key for X25519")
	}
	if own, err := ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return issuer.SealKey{}, err
	} else if _, err := own.ECDH(k); err != nil { // a point of low order seals nothing
		return issuer.SealKey{}, errors.New("is no key for X25519")
	}
	return issuer.SealKey(b), nil
}

// keyOf32 reads a public key of 32 bytes in base64; nil for none.
func keyOf32(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("is not base64")
	}
	if len(b) != 32 {
		return nil, fmt.Errorf("has %d bytes, want 32", len(b))
	}
	return b, nil
}

// issuerFor are the procedures that the box carries out over the issuer link; none without one.
func (c Config) issuerFor() (all []record.Procedure) {
	if c.IssuerKey == "" {
		return nil
	}
	codes := c.IssuerFor
	if codes == nil {
		codes = linkedCodes()
	}
	for _, code := range codes {
		if p, err := record.ParseProcedure(code); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// IssuerKey is the key with which a box of this data folder signs what goes to the issuer, drawn on the first call. Its public half is enrolled with the authority. It
// is the PIN side's own: the network side has another one.
func IssuerKey(dataDir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dataDir, issuerSeedFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		if err := writeFile(path, []byte(hex.EncodeToString(seed)+"\n")); err != nil { // CreateTemp's mode is 0600
			return nil, fmt.Errorf("keeping the key for the issuer link: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), nil
	case err != nil:
		return nil, fmt.Errorf("reading the key for the issuer link: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("reading the key for the issuer link: %s has mode %04o, others may read it; want 0600", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key for the issuer link: %w", err)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("reading the key for the issuer link: %s is not of 64 hex digits", path)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
