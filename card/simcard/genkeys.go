// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Genkeys makes the four RSA keys of the simulated card and its fake
// authorities. They are committed, so that certificates are the same on every
// machine and a card is made in microseconds; run it only to replace them.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"log"
	"os"
	"path/filepath"
)

func main() {
	for _, name := range []string{"auth", "signing", "auth_ca", "signing_ca"} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			log.Fatalf("making key %s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join("keys", name+".der"), x509.MarshalPKCS1PrivateKey(k), 0o644); err != nil {
			log.Fatalf("writing key %s: %v", name, err)
		}
	}
}
