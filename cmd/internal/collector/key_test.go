// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenKey(t *testing.T) {
	dir := t.TempDir()
	first, created, err := OpenKey(dir)
	if err != nil || !created {
		t.Fatalf("created %t, %v", created, err)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	if err := os.Remove(filepath.Join(dir, publicFile)); err != nil {
		t.Fatal(err)
	}
	again, created, err := OpenKey(dir)
	if err != nil || created || !again.Equal(first) {
		t.Errorf("second opening: created %t, same %t, %v", created, again.Equal(first), err)
	}
	text, err := os.ReadFile(filepath.Join(dir, publicFile))
	if err != nil || strings.TrimSpace(string(text)) != PublicKey(first) {
		t.Errorf("public key file holds %q, %v; want %q", text, err, PublicKey(first))
	}
	if bytes.Equal(DigestKey(first), first.Seed()) || len(DigestKey(first)) != 32 {
		t.Error("the digest key is not derived")
	}
}

func TestOpenKeyRefuses(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		text []byte
		mode os.FileMode
		want string
	}{
		{"others may read it", []byte("x"), 0o640, "mode 0640"},
		{"empty", nil, 0o600, "EOF"},
		{"no PEM", []byte("hello"), 0o600, "no PEM private key"},
		{"another kind of key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600, "want an Ed25519 key"},
		{"damaged", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:20]}), 0o600, "asn1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, keyFile)
			if err := os.WriteFile(path, c.text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			if _, _, err := OpenKey(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, c.text) {
				t.Error("the file was changed")
			}
		})
	}
	if _, _, err := OpenKey(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing folder was taken")
	}
}
