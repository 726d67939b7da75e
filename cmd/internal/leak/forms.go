// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"crypto/md5"  //nolint:gosec // looked for, not relied on
	"crypto/sha1" //nolint:gosec // looked for, not relied on
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf16"
)

// MinForm is the length in bytes below which a form is not looked for in an image.
const MinForm = 4

// A Form is one way in which a secret may stand in memory.
type Form struct {
	Name  string // what it is, for the report: "utf-16le"
	Bytes []byte // at least [MinForm] bytes
}

// Forms lists every form of secret that is looked for. secret is ASCII: a PIN's characters.
func Forms(secret string) []Form {
	var out []Form
	add := func(name string, b []byte) {
		if len(b) >= MinForm && !slices.ContainsFunc(out, func(f Form) bool { return string(f.Bytes) == string(b) }) {
			out = append(out, Form{Name: name, Bytes: b})
		}
	}
	plain := []byte(secret)
	reversed := slices.Clone(plain)
	slices.Reverse(reversed)
	lower := []byte(strings.ToLower(secret))

	add("plain", plain)
	add("lower case", lower)
	add("reversed", reversed)
	add("key numbers", keyNumbers(secret))
	add("key codes", shifted(keyNumbers(secret), 1))
	add("presses", presses(secret))
	add("presses as key codes", shifted(presses(secret), 1))
	add("presses in text", shifted(presses(secret), '0'))
	add("inverted", inverted(plain))
	add("utf-16le", utf16Bytes(secret, binary.LittleEndian))
	add("utf-16be", utf16Bytes(secret, binary.BigEndian))
	add("utf-32le", utf32Bytes(secret, binary.LittleEndian))
	add("full width", []byte(fullWidth(secret)))
	add("full width utf-16le", utf16Bytes(fullWidth(secret), binary.LittleEndian))
	add("hex", []byte(hex.EncodeToString(plain)))
	add("HEX", []byte(strings.ToUpper(hex.EncodeToString(plain))))
	for shift := range 3 {
		add("base64", base64At(plain, shift))
	}
	add("bcd", bcd(secret))
	if b := bcd(secret); b != nil {
		for _, apdu := range [][]byte{{0x00, 0x20, 0x00, 0x80}, {0x00, 0x24, 0x01, 0x80}} {
			add("bcd in an apdu", append(append(slices.Clone(apdu), byte(len(b))), b...))
		}
	}
	m, s1, s2 := md5.Sum(plain), sha1.Sum(plain), sha256.Sum256(plain)
	add("md5", m[:])
	add("sha-1", s1[:])
	add("sha-256", s2[:])
	add("sha-256 in hex", []byte(hex.EncodeToString(s2[:])))
	return out
}

// keyNumbers is the secret as the values 0 to 9 a key-pad driver would keep; nil when it has letters.
func keyNumbers(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return nil
		}
		out = append(out, c-'0')
	}
	return out
}

// legend is the table of two-press entry, by key; package pin has it too, but does not tell it to searchers.
var legend = [10]string{"0", "1", "ABC2", "DEF3", "GHI4", "JKL5", "MNO6", "PQRS7", "TUV8", "WXYZ9"}

// presses are the keys, 0 to 9, that make the secret when each character is two presses; nil when one is in no group.
func presses(s string) []byte {
	var out []byte
	for _, c := range []byte(s) {
		key := slices.IndexFunc(legend[:], func(group string) bool { return strings.IndexByte(group, c) >= 0 })
		if key < 0 {
			return nil
		}
		out = append(out, byte(key), byte(strings.IndexByte(legend[key], c)+1))
	}
	return out
}

// shifted adds n to each byte.
func shifted(b []byte, n byte) []byte {
	out := slices.Clone(b)
	for i := range out {
		out[i] += n
	}
	return out
}

// inverted is the complement, as a panel holds white on black.
func inverted(b []byte) []byte {
	out := slices.Clone(b)
	for i := range out {
		out[i] = ^out[i]
	}
	return out
}

// bcd packs two digits in a byte; nil when the secret has letters.
func bcd(s string) []byte {
	n := keyNumbers(s)
	if n == nil {
		return nil
	}
	out := make([]byte, 0, (len(n)+1)/2)
	for i := 0; i < len(n); i += 2 {
		b := n[i]<<4 | 0x0f
		if i+1 < len(n) {
			b = n[i]<<4 | n[i+1]
		}
		out = append(out, b)
	}
	return out
}

func utf16Bytes(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func utf32Bytes(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, r := range s {
		out = order.AppendUint32(out, uint32(r))
	}
	return out
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '！' }, s)
}

// base64At is what of the secret's base64 does not depend on its neighbours when it starts shift bytes into a
// group of three.
func base64At(b []byte, shift int) []byte {
	enc := base64.StdEncoding.EncodeToString(append(make([]byte, shift), b...))
	enc = strings.TrimRight(enc, "=")
	from := (shift*8 + 5) / 6 // first character that holds bits of the secret alone
	to := (shift + len(b)) * 8 / 6
	return []byte(enc[from:to])
}
