// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func typedCode(t testing.TB, digits string) *Code {
	t.Helper()
	c, err := NewCode()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Wipe)
	for i := range len(digits) {
		if !c.Append(digits[i]) {
			t.Fatalf("Append(%q) = false", digits[i])
		}
	}
	return c
}

// known is the hash of 31415926 with the salt 0123456789abcdef, made with
// OpenSSL (Python cryptography), so that package and format are checked from outside.
const known = "$argon2id$v=19$m=7168,t=5,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Y2tvCg5qeAYD5FrjgOtAiUB1Y4wwkY8EOzBSUFcx15E"

func TestCode(t *testing.T) {
	c := typedCode(t, "31415926")
	if !c.Matches(known) {
		t.Error("a known hash does not match")
	}
	h, err := c.Hash()
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Hash()
	if err != nil || again == h {
		t.Errorf("two hashes of one code are equal, or %v", err)
	}
	if parsed, err := ParseHash(string(h)); err != nil || parsed != h {
		t.Errorf("ParseHash(%s) = %s, %v", h, parsed, err)
	}
	if !c.Matches(h) || !c.Matches(again) {
		t.Error("a code does not match its own hash")
	}
	if typedCode(t, "31415927").Matches(h) || typedCode(t, "3141592").Matches(h) {
		t.Error("another code matches")
	}
	for _, bad := range []Hash{"", "31415926", h[:len(h)-1], "x" + h} {
		if c.Matches(bad) {
			t.Errorf("a code matches %q", bad)
		}
	}
	c.Wipe()
	if c.Matches(h) {
		t.Error("a wiped code matches")
	}
	if _, err := c.Hash(); err == nil {
		t.Error("a wiped code was hashed")
	}
	short := typedCode(t, "123")
	if short.Matches(h) || short.Fault() != FaultTooShort {
		t.Error("three digits are a code")
	}
	if _, err := short.Hash(); err == nil {
		t.Error("three digits were hashed")
	}
}

func TestCodeTakesDigits(t *testing.T) {
	c := typedCode(t, "12345678")
	if c.Append('9') || c.Len() != 8 || c.Fault() != FaultNone {
		t.Errorf("a ninth digit was taken: %d, %s", c.Len(), c.Fault())
	}
	c.DeleteLast()
	if c.Append('A') || c.Append('/') || c.Append(':') || c.Len() != 7 {
		t.Error("something else than a digit was taken")
	}
	c.Clear()
	if c.Len() != 0 || c.DeleteLast() {
		t.Error("Clear left something")
	}
	var none *Code
	none.Wipe()
	none.Clear()
	if none.Append('1') || none.DeleteLast() || none.Len() != 0 || none.Fault() == FaultNone || none.Matches(known) {
		t.Error("a nil code does something")
	}
}

// Wipe while Matches runs: the answer is no longer asked for, but nothing
// crashes and the page comes back.
func TestWipeWhileMatching(t *testing.T) {
	c := typedCode(t, "31415926")
	done := make(chan bool)
	go func() { done <- c.Matches(known) }()
	for deadline := time.Now().Add(10 * time.Second); ; {
		mu.Lock()
		busy := c.p.h.busy
		mu.Unlock()
		if busy || time.Now().After(deadline) {
			break
		}
	}
	c.Wipe()
	<-done
	clean(t)
}

func TestParseHash(t *testing.T) {
	const salt, key = "AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	for _, tt := range []struct{ name, in, want string }{
		{"ours", "$argon2id$v=19$m=7168,t=5,p=1$" + salt + "$" + key, ""},
		{"stronger", "$argon2id$v=19$m=19456,t=5,p=2$" + salt + "$" + key, ""},
		{"empty", "", "want five parts, each after a $, got 0"},
		{"cut", "$argon2id$v=19$m=7168,t=5,p=1$" + salt, "want five parts, each after a $, got 4"},
		{"bcrypt", "$2b$12$a$b$c", "the method is not argon2id"},
		{"argon2i", "$argon2i$v=19$m=7168,t=5,p=1$" + salt + "$" + key, "the method is not argon2id"},
		{"old version", "$argon2id$v=16$m=7168,t=5,p=1$" + salt + "$" + key, "the version is not v=19"},
		{"little memory", "$argon2id$v=19$m=1024,t=5,p=1$" + salt + "$" + key, "want m=7168 to 65536"},
		{"few passes", "$argon2id$v=19$m=7168,t=1,p=1$" + salt + "$" + key, "want t=5 to 16"},
		{"much memory", "$argon2id$v=19$m=1048576,t=5,p=1$" + salt + "$" + key, "want m=7168 to 65536"},
		{"order", "$argon2id$v=19$t=5,m=7168,p=1$" + salt + "$" + key, "want m=7168 to 65536"},
		{"missing number", "$argon2id$v=19$m=7168,t=5$" + salt + "$" + key, "want m=…,t=…,p=…"},
		{"leading zero", "$argon2id$v=19$m=07168,t=5,p=1$" + salt + "$" + key, "want m=7168 to 65536"},
		{"short salt", "$argon2id$v=19$m=7168,t=5,p=1$AAEC$" + key, "want a salt of 16 to 128 bytes, got 3"},
		{"short key", "$argon2id$v=19$m=7168,t=5,p=1$" + salt + "$AAEC", "want a key of 32 to 64 bytes, got 3"},
		{"padding", "$argon2id$v=19$m=7168,t=5,p=1$" + salt + "==$" + key, "the salt is not unpadded base64"},
		{"stray bits", "$argon2id$v=19$m=7168,t=5,p=1$" + salt[:21] + "x$" + key, "the salt is not unpadded base64"},
		{"newline", "$argon2id$v=19$m=7168,t=5,p=1$" + salt + "$" + key + "\n", "the key is not unpadded base64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseHash(tt.in)
			if tt.want == "" {
				if err != nil || string(got) != tt.in {
					t.Errorf("ParseHash = %s, %v", got, err)
				}
				return
			}
			if !errors.Is(err, ErrHash) || !strings.HasSuffix(err.Error(), tt.want) || got != "" {
				t.Errorf("ParseHash = %s, %v, want …%s", got, err, tt.want)
			}
			if len(tt.in) > 20 && strings.Contains(err.Error(), key) {
				t.Errorf("%v shows the key", err)
			}
		})
	}
}

// FuzzParseHash promises: what is accepted is written back letter by letter.
func FuzzParseHash(f *testing.F) {
	f.Add(known)
	f.Add("$argon2id$v=19$m=7168,t=5,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHash(s)
		if err == nil && string(h) != s {
			t.Errorf("ParseHash(%q) = %q", s, h)
		}
	})
}

// randomCode types random digits without keeping them anywhere else.
func randomCode(t *testing.T) *Code {
	t.Helper()
	c := typedCode(t, "")
	for c.Len() < FormCode.Max() {
		c.Append('0' + byte(rand.IntN(10)))
	}
	return c
}

func BenchmarkMatches(b *testing.B) {
	c := typedCode(b, "31415926")
	for b.Loop() {
		if !c.Matches(known) {
			b.Fatal("no match")
		}
	}
}
