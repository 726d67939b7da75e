// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/enrol"
)

// Lives of certificates.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	boxLife       = 2 * 365 * 24 * time.Hour
	listLife      = 7 * 24 * time.Hour
	early         = time.Hour // clocks differ
)

// MaxMisses is how many wrong codes use a provisioning file up.
const MaxMisses = 5

// Store is where files and certificates are noted; *store.Store is one.
type Store interface {
	AddProvision(ctx context.Context, p store.Provision, office string, first store.Certificate) error
	Provisions(ctx context.Context) ([]store.Provision, error)
	Missed(ctx context.Context, serial string, most int) error
	Certify(ctx context.Context, serial string, c store.Certificate, now time.Time) error
	Recertify(ctx context.Context, old string, c store.Certificate) error
	Certificates(ctx context.Context, device string) ([]store.Certificate, error)
	Note(ctx context.Context, who, action, what string) error
}

var _ Store = (*store.Store)(nil)

// NewAuthority makes the certificate of a city's authority, DER.
func NewAuthority(city string, key ed25519.PrivateKey, now time.Time) ([]byte, error) {
	t := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "Madoguchi " + city}, NotBefore: now.Add(-early), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making authority: %w", err)
	}
	return der, nil
}

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

// Registrar is a city's. Its methods may be called from any goroutine.
type Registrar struct {
	ca  *x509.Certificate
	key ed25519.PrivateKey
	db  Store
	now func() time.Time

	brake brake
}

// New makes a registrar of an authority's certificate and key.
func New(authority []byte, key ed25519.PrivateKey, db Store, now func() time.Time) (*Registrar, error) {
	ca, err := x509.ParseCertificate(authority)
	if err != nil {
		return nil, fmt.Errorf("opening authority: %w", err)
	}
	if public, ok := ca.PublicKey.(ed25519.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, errors.New("opening authority: the key is not its certificate's")
	}
	return &Registrar{ca: ca, key: key, db: db, now: now}, nil
}

// certify signs a certificate for a device's key.
func (r *Registrar) certify(device string, public any, life time.Duration) (store.Certificate, error) {
	now := r.now().UTC().Truncate(time.Second)
	t := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: device}, NotBefore: now.Add(-early), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, t, r.ca, public, r.key)
	if err != nil {
		return store.Certificate{}, fmt.Errorf("certifying %s: %w", device, err)
	}
	return store.Certificate{Serial: t.SerialNumber.Text(16), Device: device, DER: der, Until: t.NotAfter}, nil
}

// Provision completes a file (serial, authority, first certificate and key, times), seals it, notes it, and returns it with the one-time code, which is kept nowhere.
func (r *Registrar) Provision(ctx context.Context, f enrol.File, life time.Duration) (sealed []byte, whole enrol.File, code string, err error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, f, "", fmt.Errorf("drawing first key: %w", err)
	}
	first, err := r.certify(f.Device, public, life)
	if err != nil {
		return nil, f, "", err
	}
	if f.Key, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, f, "", fmt.Errorf("writing first key: %w", err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	f.Serial, f.Authority, f.Certificate = hex.EncodeToString(id), r.ca.Raw, first.DER
	f.NotBefore, f.Expires = r.now().UTC().Truncate(time.Second), first.Until
	if sealed, err = f.Seal(r.key); err != nil {
		return nil, f, "", err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1e10))
	if err != nil {
		return nil, f, "", fmt.Errorf("drawing code: %w", err)
	}
	digits := fmt.Sprintf("%0*d", enrol.CodeDigits, n)
	code = digits[:3] + "-" + digits[3:6] + "-" + digits[6:]
	secret, err := enrol.CodeKey(code, f.Serial)
	if err != nil {
		return nil, f, "", err
	}
	return sealed, f, code, r.db.AddProvision(ctx, store.Provision{Serial: f.Serial, Device: f.Device, Secret: secret, Expires: f.Expires}, f.Office, first)
}

// Handle answers a request that came from a device. An error is the database's: the box asks again. What is given or refused stands in the audit log. A device that asks too often
// is told to wait, and nothing of it is looked at.
func (r *Registrar) Handle(ctx context.Context, device string, raw []byte) ([]byte, error) {
	again, wait, note := r.brake.check(device, raw, r.now())
	switch {
	case again != nil:
		return again, nil
	case wait > 0:
		if note {
			if err := r.db.Note(ctx, "registrar", "certify", fmt.Sprintf("%s locked: %d requests within %v", device, mostRequests, perTime)); err != nil {
				return nil, err
			}
		}
		req, _ := enrol.DecodeRequest(raw) // of one that cannot be read the box learns nothing
		a := enrol.NewAnswer(req, enrol.Locked, nil)
		a.Wait = int((wait + time.Second - 1) / time.Second)
		return a.Encode()
	}
	answer, err := r.look(ctx, device, raw)
	if err == nil {
		r.brake.keep(device, raw, answer)
	}
	return answer, err
}

func (r *Registrar) look(ctx context.Context, device string, raw []byte) ([]byte, error) {
	req, csr, err := enrol.ParseRequest(raw, device)
	if err != nil {
		return enrol.NewAnswer(req, enrol.BadRequest, nil).Encode()
	}
	given, err := r.db.Certificates(ctx, device)
	if err != nil {
		return nil, err
	}
	for _, c := range given { // the answer was lost
		old, err := x509.ParseCertificate(c.DER)
		if err == nil && c.Revoked.IsZero() && bytes.Equal(old.RawSubjectPublicKeyInfo, csr.RawSubjectPublicKeyInfo) {
			return enrol.NewAnswer(req, enrol.OK, c.DER).Encode()
		}
	}
	code, cert, left := enrol.OK, store.Certificate{}, 0
	if req.Serial != "" {
		code, cert, left, err = r.first(ctx, device, req, csr)
	} else {
		code, cert, err = r.renew(ctx, device, req, csr, given)
	}
	if errors.Is(err, store.ErrStale) {
		code, err = enrol.UsedUp, nil
	}
	if err != nil {
		return nil, err
	}
	what := "certificate " + cert.Serial
	if code != enrol.OK {
		what = "refused: " + string(code)
	}
	if err := r.db.Note(ctx, "registrar", "certify", device+" "+what); err != nil {
		return nil, err
	}
	if code != enrol.OK {
		cert.DER = nil
	}
	a := enrol.NewAnswer(req, code, cert.DER)
	a.Left = left
	return a.Encode()
}

// first answers a request by a one-time code; with WrongCode it says how many tries the file has left.
func (r *Registrar) first(ctx context.Context, device string, req enrol.Request, csr *x509.CertificateRequest) (enrol.Code, store.Certificate, int, error) {
	list, err := r.db.Provisions(ctx)
	if err != nil {
		return "", store.Certificate{}, 0, err
	}
	i := slices.IndexFunc(list, func(p store.Provision) bool { return p.Serial == req.Serial && p.Device == device })
	switch {
	case i < 0:
		return enrol.Unknown, store.Certificate{}, 0, nil
	case list[i].Used:
		return enrol.UsedUp, store.Certificate{}, 0, nil
	case r.now().After(list[i].Expires):
		return enrol.TooLate, store.Certificate{}, 0, nil
	case !hmac.Equal(enrol.CodeProof(list[i].Secret, req.CSR), req.Proof):
		return enrol.WrongCode, store.Certificate{}, max(0, MaxMisses-1-list[i].Misses), r.db.Missed(ctx, req.Serial, MaxMisses)
	}
	cert, err := r.certify(device, csr.PublicKey, boxLife)
	if err != nil {
		return "", cert, 0, err
	}
	return enrol.OK, cert, 0, r.db.Certify(ctx, req.Serial, cert, r.now())
}

// renew answers a request by the old key.
func (r *Registrar) renew(ctx context.Context, device string, req enrol.Request, csr *x509.CertificateRequest, given []store.Certificate) (enrol.Code, store.Certificate, error) {
	code := enrol.Unknown
	for _, c := range slices.Backward(given) {
		old, err := x509.ParseCertificate(c.DER)
		if err != nil || !req.SignedBy(old.PublicKey) {
			continue
		}
		switch {
		case !c.Revoked.IsZero():
			code = enrol.Revoked
			continue
		case c.Until.Sub(old.NotBefore) < boxLife/2: // of a provisioning file: it asks by its code
			continue
		case r.now().Before(enrol.RenewAt(old)):
			return enrol.TooEarly, store.Certificate{}, nil
		}
		cert, err := r.certify(device, csr.PublicKey, boxLife)
		if err != nil {
			return "", cert, err
		}
		return enrol.OK, cert, r.db.Recertify(ctx, c.Serial, cert)
	}
	return code, store.Certificate{}, nil
}

// Revoked is the list of revoked certificates that have not expired, signed, PEM: what the broker reads.
func (r *Registrar) Revoked(ctx context.Context) ([]byte, error) {
	list, err := r.db.Certificates(ctx, "")
	if err != nil {
		return nil, err
	}
	now := r.now().UTC()
	t := &x509.RevocationList{Number: big.NewInt(now.Unix()), ThisUpdate: now, NextUpdate: now.Add(listLife)}
	for _, c := range list {
		if n, ok := new(big.Int).SetString(c.Serial, 16); ok && !c.Revoked.IsZero() && c.Until.After(now) {
			t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: n, RevocationTime: c.Revoked})
		}
	}
	der, err := x509.CreateRevocationList(rand.Reader, t, r.ca, r.key)
	if err != nil {
		return nil, fmt.Errorf("signing list of revoked certificates: %w", err)
	}
	return enrol.PEMList(der), nil
}
