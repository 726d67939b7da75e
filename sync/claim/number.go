// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Alphabet are the characters of a number, in the order of their values: the digits without 0 and 1, the letters without B D G I L O Q S U V Z. Its
// length is a prime, which the check needs.
const Alphabet = "23456789ACEFHJKMNPRTWXY"

// Lengths of a number in characters.
const (
	Len       = 7
	prefixLen = 2
	randomLen = 4
)

// ErrForm means that a text is no number: another length, or a character that no number has.
var ErrForm = errors.New("not a claim number")

// ErrCheck means that one character is wrong or two are swapped.
var ErrCheck = errors.New("claim number does not check: one character is wrong, or two are swapped")

// Number is a claim number, as values of its characters. The zero value is none. Numbers are comparable.
type Number struct{ s [Len]byte }

// Prefix is the two characters of a box.
type Prefix [prefixLen]byte

// PrefixOf is the prefix of a device. Two boxes of a city may share one: then their numbers differ by chance, as those of one box do.
func PrefixOf(device string) Prefix {
	sum := sha256.Sum256([]byte("madoguchi claim prefix\n" + device))
	n := int(sum[0])<<8 | int(sum[1])
	return Prefix{Alphabet[n%len(Alphabet)], Alphabet[n/len(Alphabet)%len(Alphabet)]}
}

// Draw gives a number of the box that taken does not know. It fails if the box's numbers run out.
func Draw(p Prefix, taken func(Number) bool) (Number, error) {
	for range 1000 {
		var n Number
		copy(n.s[:], p[:])
		for i := range randomLen {
			v, err := rand.Int(rand.Reader, big.NewInt(int64(len(Alphabet))))
			if err != nil {
				return Number{}, fmt.Errorf("drawing claim number: %w", err)
			}
			n.s[prefixLen+i] = Alphabet[v.Int64()]
		}
		c, err := check(n.s[:Len-1])
		if err != nil {
			return Number{}, fmt.Errorf("drawing claim number: %w", err)
		}
		n.s[Len-1] = c
		if !taken(n) {
			return n, nil
		}
	}
	return Number{}, errors.New("drawing claim number: every number that was drawn is taken")
}

// Parse reads a number as people write it: small or large letters, with or without spaces and hyphens. ErrForm and ErrCheck say what is wrong with it; neither costs a try.
func Parse(text string) (Number, error) {
	clean := strings.NewReplacer(" ", "", "-", "", "　", "").Replace(strings.ToUpper(text))
	if len(clean) != Len {
		return Number{}, fmt.Errorf("reading claim number: %w: %d characters, want %d", ErrForm, len(clean), Len)
	}
	sum := 0
	for i := range Len {
		v := strings.IndexByte(Alphabet, clean[i])
		if v < 0 {
			return Number{}, fmt.Errorf("reading claim number: %w: character %d is in no number", ErrForm, i+1)
		}
		sum += (i + 1) * v
	}
	if sum%len(Alphabet) != 0 {
		return Number{}, fmt.Errorf("reading claim number: %w", ErrCheck)
	}
	return Number{[Len]byte([]byte(clean))}, nil
}

// check is the character that makes the weighted sum of a whole number 0: the weights are the positions, 1 to 7.
func check(six []byte) (byte, error) {
	sum := 0
	for i, c := range six {
		v := strings.IndexByte(Alphabet, c)
		if v < 0 {
			return 0, ErrForm
		}
		sum += (i + 1) * v
	}
	for v := range len(Alphabet) {
		if (sum+Len*v)%len(Alphabet) == 0 {
			return Alphabet[v], nil
		}
	}
	return 0, ErrForm // not reached: 7 has an inverse modulo 23
}

// String is n as it is shown and printed, such as "K7-3F9A-X".
func (n Number) String() string {
	if n == (Number{}) {
		return ""
	}
	return string(n.s[:2]) + "-" + string(n.s[2:6]) + "-" + string(n.s[6:])
}

// Plain is n without hyphens, as it travels and is stored.
func (n Number) Plain() string {
	if n == (Number{}) {
		return ""
	}
	return string(n.s[:])
}

// Prefix is the box that gave n.
func (n Number) Prefix() Prefix { return Prefix(n.s[:prefixLen]) }
