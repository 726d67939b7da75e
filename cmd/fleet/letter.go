// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"madoguchi/cmd/internal/collector"
)

// clerkLine is the letter's line about the first clerk.
func clerkLine(label, code string) string {
	if code == "" {
		return ""
	}
	return fmt.Sprintf("\n  first clerk    %s, code %s: to be changed in the service menu (メニュー and 取消 held at rest)", label, code)
}

// receiptKey is the public key by which city hall signs its receipts, which a box deletes records for.
func (a *app) receiptKey() ([]byte, error) {
	key, _, err := collector.OpenKey(a.data)
	if err != nil {
		return nil, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("reading city hall's key: no Ed25519 key")
	}
	return public, nil
}

// issuerKeys reads the issuer link's public keys.
func issuerKeys(path string) (key, seal []byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading issuer's keys: %w", err)
	}
	lines := strings.Fields(string(text))
	if len(lines) != 2 {
		return nil, nil, fmt.Errorf("reading issuer's keys: %s has %d words, want key and seal", path, len(lines))
	}
	for i, to := range []*[]byte{&key, &seal} {
		if *to, err = base64.StdEncoding.DecodeString(lines[i]); err != nil || len(*to) != 32 {
			return nil, nil, fmt.Errorf("reading issuer's keys: line %d of %s is not 32 bytes in base64", i+1, path)
		}
	}
	return key, seal, nil
}
