// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"madoguchi/sync/record"
)

// FileName is the provisioning file's name on the FAT partition.
const FileName = "madoguchi.provision"

// MaxFile is the longest provisioning file, in bytes.
const MaxFile = 128 << 10

const (
	fileSchema = "madoguchi.provision/1"
	fileType   = "application/vnd.madoguchi.provision+json"
)

// Network is how the box reaches the broker. The zero value is DHCP.
type Network struct {
	Address string   `json:"address,omitempty"` // with its prefix, such as 192.0.2.7/24; empty: DHCP
	Gateway string   `json:"gateway,omitempty"`
	DNS     []string `json:"dns,omitempty"`
	NTP     []string `json:"ntp,omitempty"`
}

// File is what a new box is told. Office, network and broker come into force as they are; Root is the first root of its updates.
type File struct {
	Schema      string    `json:"s"`
	Serial      string    `json:"serial"` // used once
	City        string    `json:"city"`
	Device      string    `json:"device"`
	Office      string    `json:"office"`          // group, such as g01
	Name        string    `json:"name,omitempty"`  // of the window, as it stands on the panel at rest; empty: Office
	Place       string    `json:"place,omitempty"` // code of the window in the rules; empty: any
	Broker      string    `json:"broker"`          // tls://host:port
	Network     Network   `json:"network"`
	Authority   []byte    `json:"authority"`             // certificate, DER
	Root        []byte    `json:"root"`                  // TUF root, as it was signed
	LogKey      string    `json:"log_key"`               // of the transparency log, as package note writes it; empty: none
	AckKey      []byte    `json:"ack_key,omitempty"`     // by which city hall signs its receipts, Ed25519
	IssuerKey   []byte    `json:"issuer_key,omitempty"`  // of the issuer link, Ed25519; empty: there is none
	IssuerSeal  []byte    `json:"issuer_seal,omitempty"` // of the issuer link, X25519
	Panel       string    `json:"panel,omitempty"`       // model; empty: the 4.2 inch one
	Clerk       string    `json:"clerk,omitempty"`       // hash of the first clerk's code
	Label       string    `json:"label,omitempty"`       // that goes with it
	Certificate []byte    `json:"certificate"`           // of Key, for the first connection; DER
	Key         []byte    `json:"key"`                   // PKCS #8
	NotBefore   time.Time `json:"not_before"`            // of the file
	Expires     time.Time `json:"expires"`               // of the file, and of the one-time code
}

// Errors of Open.
var (
	ErrUsed    = errors.New("provisioning file was used before")
	ErrExpired = errors.New("provisioning file has expired")
	ErrForged  = errors.New("provisioning file is not what its authority signed")
)

// Seal signs a file by the authority that it names.
func (f File) Seal(key ed25519.PrivateKey) ([]byte, error) {
	f.Schema = fileSchema
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("sealing provisioning file: %w", err)
	}
	ca, err := x509.ParseCertificate(f.Authority)
	if err != nil {
		return nil, fmt.Errorf("sealing provisioning file: authority: %w", err)
	}
	if public, ok := ca.PublicKey.(ed25519.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, errors.New("sealing provisioning file: the key is not the authority's")
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("sealing provisioning file: %w", err)
	}
	text, err = record.Sign(key, fileType, text, MaxFile)
	if err != nil {
		return nil, fmt.Errorf("sealing provisioning file: %w", err)
	}
	return text, nil
}

// Open checks a file as a new box can: it is whole and as its own authority signed it, its first certificate is that authority's and for this device, it was not used
// before, and it has not expired by a clock that is believed. That the authority is the city's the technician sees by Words.
func Open(raw []byte, now time.Time, trusted bool, used func(serial string) bool) (File, error) {
	f, err := peek(raw)
	if err != nil {
		return File{}, fmt.Errorf("opening provisioning file: %w", err)
	}
	switch {
	case used(f.Serial):
		return File{}, fmt.Errorf("opening provisioning file %s: %w", f.Serial, ErrUsed)
	case trusted && now.After(f.Expires):
		return File{}, fmt.Errorf("opening provisioning file %s: on %s: %w", f.Serial, f.Expires.Format(time.DateOnly), ErrExpired)
	}
	return f, nil
}

// envelope is as much of DSSE as is read before the key is known.
type envelope struct {
	Payload []byte `json:"payload"`
}

func peek(raw []byte) (File, error) {
	var e envelope
	var claimed struct {
		Authority []byte `json:"authority"`
	}
	if len(raw) > MaxFile || json.Unmarshal(raw, &e) != nil || json.Unmarshal(e.Payload, &claimed) != nil {
		return File{}, ErrForged
	}
	ca, err := x509.ParseCertificate(claimed.Authority)
	if err != nil {
		return File{}, ErrForged
	}
	public, ok := ca.PublicKey.(ed25519.PublicKey)
	if !ok || !ca.IsCA || ca.CheckSignatureFrom(ca) != nil {
		return File{}, ErrForged
	}
	text, err := record.Open(public, fileType, raw, MaxFile)
	if err != nil {
		return File{}, errors.Join(ErrForged, err)
	}
	var f File
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return File{}, errors.Join(ErrForged, err)
	}
	if err := f.check(); err != nil {
		return File{}, errors.Join(ErrForged, err)
	}
	leaf, err := x509.ParseCertificate(f.Certificate)
	if err != nil || leaf.CheckSignatureFrom(ca) != nil || leaf.Subject.CommonName != f.Device {
		return File{}, errors.Join(ErrForged, errors.New("its certificate is not the authority's for this device"))
	}
	return f, nil
}

func (f File) check() error {
	switch {
	case f.Schema != fileSchema:
		return fmt.Errorf("schema %q, want %q", f.Schema, fileSchema)
	case len(f.Serial) != 32:
		return fmt.Errorf("serial of %d characters, want 32", len(f.Serial))
	case !record.ValidDevice(f.City) || !record.ValidDevice(f.Device):
		return fmt.Errorf("city %q, device %q: want a–z 0–9 -", f.City, f.Device)
	case f.Office == "" || f.Broker == "" || len(f.Root) == 0 || len(f.Key) == 0:
		return errors.New("office, broker, root or key is missing")
	case !f.Expires.After(f.NotBefore):
		return errors.New("it expires before it begins")
	case len(f.AckKey) != 0 && len(f.AckKey) != ed25519.PublicKeySize:
		return fmt.Errorf("key of receipts of %d bytes", len(f.AckKey))
	case len(f.IssuerKey) != len(f.IssuerSeal) || len(f.IssuerKey) != 0 && len(f.IssuerKey) != 32:
		return fmt.Errorf("issuer's keys of %d and %d bytes", len(f.IssuerKey), len(f.IssuerSeal))
	case (f.Clerk == "") != (f.Label == ""):
		return errors.New("the first clerk's code and label belong together")
	}
	return f.Network.check()
}

func (n Network) check() error {
	for _, host := range n.NTP { // each becomes a line of a configuration
		if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") != "" {
			return fmt.Errorf("time server %q: want a name or an address", host)
		}
	}
	if n.Address == "" {
		if n.Gateway != "" {
			return errors.New("a gateway without an address")
		}
		return nil
	}
	prefix, err := netip.ParsePrefix(n.Address)
	if err != nil {
		return fmt.Errorf("network address: %w", err)
	}
	gateway, err := netip.ParseAddr(n.Gateway)
	if err != nil || !prefix.Contains(gateway) {
		return fmt.Errorf("gateway %q is not in %s", n.Gateway, n.Address)
	}
	for _, s := range n.DNS {
		if _, err := netip.ParseAddr(s); err != nil {
			return fmt.Errorf("name server: %w", err)
		}
	}
	return nil
}

// digest stands for what a technician must be sure of: whose box this becomes, and what it will believe.
func (f File) digest() [sha256.Size]byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte("madoguchi provision 1"), f.Authority, f.Root, []byte(f.LogKey), []byte(f.City), []byte(f.Device), []byte(f.Serial)} {
		fmt.Fprintf(h, "%d\n%s", len(part), part)
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// PEM is a certificate as other programs want it.
func PEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// PEMList is a list of revoked certificates as other programs want it.
func PEMList(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}
