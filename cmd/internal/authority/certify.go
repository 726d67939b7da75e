// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"

	"madoguchi/device/policy/civil"
	"madoguchi/sync/issuer"
)

// certifier is the fake certification authority: one key for each of the two sorts of certificate, which everybody who knows the seed can compute.
type certifier struct {
	login, signing *ecdsa.PrivateKey
}

func newCertifier(seed [32]byte) (certifier, error) {
	key := func(use string) (*ecdsa.PrivateKey, error) {
		sum := sha256.Sum256(append([]byte("madoguchi fake authority for "+use), seed[:]...))
		sum[0] &= 0x7F // below the order of P-256
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), sum[:])
	}
	login, err := key("user authentication")
	if err != nil {
		return certifier{}, fmt.Errorf("making certification keys: %w", err)
	}
	signing, err := key("digital signature")
	if err != nil {
		return certifier{}, fmt.Errorf("making certification keys: %w", err)
	}
	return certifier{login, signing}, nil
}

// certify makes a certificate for a card's key, as a real one looks but for its names: it ends at 23:59:59 in Japan, its CN names nobody. It holds none of the four attributes: the people of
// a made-up register have none.
func (c certifier) certify(k issuer.Kind, m issuer.Modulus, bond issuer.Bond, now time.Time, ends civil.Date) ([]byte, error) {
	use, key := "user authentication", c.login
	usage, ext := x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if k == issuer.Signing {
		use, key = "digital signature", c.signing
		usage, ext = x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, nil
	}
	serial := int64(binary.BigEndian.Uint64(bond[:]) >> 1)
	parent := &x509.Certificate{Subject: pkix.Name{
		Country: []string{"JP"}, Organization: []string{"MADOGUCHI-TEST"}, OrganizationalUnit: []string{"Fake JPKI for " + use, "Simulated issuer, no real authority"},
	}}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{Country: []string{"JP"}, CommonName: fmt.Sprintf("FAKE%010d00000003A", uint64(serial)%1e10)},
		NotBefore:    now.UTC().Truncate(time.Second),
		NotAfter:     time.Date(ends.Year, time.Month(ends.Month), ends.Day, 14, 59, 59, 0, time.UTC),
		KeyUsage:     usage,
		ExtKeyUsage:  ext,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &rsa.PublicKey{N: new(big.Int).SetBytes(m[:]), E: 65537}, key)
	if err != nil {
		return nil, fmt.Errorf("making certificate: %w", err)
	}
	return der, nil
}
