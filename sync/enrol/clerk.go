// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/argon2"
)

// firstDigits is the length of a first clerk's code.
const firstDigits = 6

// FirstCode draws a clerk's first code, which is changed at the box, and its hash as a box's configuration has it (Argon2id in PHC string form, the cost and salt of package pin,
// whose checks a test holds it against).
func FirstCode() (code, hash string, err error) {
	for code == "" || easy(code) {
		n, err := rand.Int(rand.Reader, big.NewInt(1e6))
		if err != nil {
			return "", "", fmt.Errorf("drawing first code: %w", err)
		}
		code = fmt.Sprintf("%0*d", firstDigits, n)
	}
	salt := make([]byte, 128)
	rand.Read(salt)
	key := argon2.IDKey([]byte(code), salt, hashTime, hashMemory, 1, 32)
	b64 := base64.RawStdEncoding
	return code, fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, hashMemory, hashTime, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// easy tells whether a code is one of those that are tried first: few digits, or a run up or down.
func easy(code string) bool {
	kinds := map[rune]bool{}
	for _, r := range code {
		kinds[r] = true
	}
	return len(kinds) < 4 || strings.Contains("01234567890", code) || strings.Contains("09876543210", code)
}
