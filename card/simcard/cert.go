// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"embed"
	"fmt"
	"math/big"
	"sync"
	"time"
)

//go:generate go run genkeys.go

//go:embed keys/*.der
var keyFiles embed.FS

// loadKey returns one of the committed keys.
func loadKey(name string) *rsa.PrivateKey {
	b, err := keyFiles.ReadFile("keys/" + name + ".der")
	if err == nil {
		var k *rsa.PrivateKey
		if k, err = x509.ParsePKCS1PrivateKey(b); err == nil {
			return k
		}
	}
	panic(fmt.Sprintf("simcard: embedded key %s: %v", name, err))
}

// authority is one fake issuer.
type authority struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

// The card's keys and the two authorities, made when first needed.
var (
	authKey    = sync.OnceValue(func() *rsa.PrivateKey { return loadKey("auth") })
	signingKey = sync.OnceValue(func() *rsa.PrivateKey { return loadKey("signing") })
	authCA     = sync.OnceValue(func() authority { return newAuthority("auth_ca", "user authentication", 1) })
	signingCA  = sync.OnceValue(func() authority { return newAuthority("signing_ca", "digital signature", 2) })
)

// name is a distinguished name under the fake authority.
func name(ou, cn string) pkix.Name {
	return pkix.Name{
		Country:            []string{"JP"},
		Organization:       []string{"MADOGUCHI-TEST"},
		OrganizationalUnit: []string{ou, "Simulated card, no real authority"},
		CommonName:         cn,
	}
}

func newAuthority(file, use string, serial int64) authority {
	k := loadKey(file)
	t := &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               name("Fake JPKI for "+use, "Fake JPKI CA for "+use),
		NotBefore:             time.Date(2015, 10, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2064, 12, 31, 14, 59, 59, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	return authority{key: k, cert: issue(t, t, k, k)}
}

// issue signs t; PKCS #1 v1.5 signatures are the same every time.
func issue(t, parent *x509.Certificate, holder, signer *rsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &holder.PublicKey, signer)
	if err == nil {
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(der); err == nil {
			return c
		}
	}
	panic(fmt.Sprintf("simcard: issuing certificate %v: %v", t.SerialNumber, err))
}

// holderCert makes the certificate of a card. Like a real one it ends at
// 23:59:59 in Japan, its CN names nobody, and it comes from the right one of
// two authorities.
func holderCert(s Spec, signing bool) []byte {
	ca, key, serial := authCA(), authKey(), int64(0x01000000+s.Seed*2)
	usage, ext := x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if signing {
		ca, key, serial = signingCA(), signingKey(), serial+1
		usage, ext = x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, nil
	}
	y, m, d := s.Ends.Date()
	ends := time.Date(y, m, d, 14, 59, 59, 0, time.UTC)
	t := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{Country: []string{"JP"}, CommonName: fmt.Sprintf("FAKE%010d00000003A", s.Seed%1e10)},
		NotBefore:    ends.AddDate(-5, 0, 0).Add(-4 * time.Hour),
		NotAfter:     ends,
		KeyUsage:     usage,
		ExtKeyUsage:  ext,
		OCSPServer:   []string{"http://ocsp.madoguchi-test.invalid/"},
		CRLDistributionPoints: []string{
			"http://crl.madoguchi-test.invalid/fake-ken/fake-shi.crl",
		},
	}
	return issue(t, ca.cert, key, ca.key).Raw
}
