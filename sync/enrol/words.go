// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"encoding/hex"

	"golang.org/x/crypto/argon2"
)

// Cost of the words and of a code: as of a clerk's code, 7 MiB and 5 passes, tens of milliseconds on the box.
const (
	hashMemory = 7 << 10 // KiB
	hashTime   = 5
)

// morae are sixteen that are not mistaken for each other over a telephone.
var morae = [16]string{"か", "き", "こ", "さ", "し", "た", "つ", "と", "な", "の", "は", "ひ", "ま", "む", "ら", "れ"}

// Print is a file's fingerprint: three words of three morae, which a technician reads on the panel and compares with the letter, and the same in hexadecimal.
type Print struct {
	Words [3]string
	Hex   string
}

// Print is the file's fingerprint, of 36 bits. It is made slowly: whoever wants another authority to have the same words would have to try 2^35 files, each of which costs
// what it costs the box.
func (f File) Print() Print {
	digest := f.digest()
	sum := argon2.IDKey(digest[:], []byte("madoguchi words 1"), hashTime, hashMemory, 1, 32)
	var p Print
	for i := range 9 {
		half := sum[i/2] >> 4
		if i%2 == 1 {
			half = sum[i/2] & 15
		}
		p.Words[i/3] += morae[half]
	}
	p.Hex = hex.EncodeToString(sum[:5])[:9]
	return p
}
