// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func draw(t testing.TB) Number {
	t.Helper()
	n, err := Draw(PrefixOf("box-1"), func(Number) bool { return false })
	must(t, err)
	return n
}

// The proof that every single error and every swap is noticed. A text is accepted if the sum of weight × value is 0 modulo 23, so whether a changed text is accepted depends on the
// change alone: a character a at position i that becomes b changes the sum by (i+1)·(b−a), a swap of a at i and b at j by (i−j)·(b−a). All of these changes are gone
// through, and that the sum is what Parse uses is seen from Parse itself, at every position with every value.
func TestEveryErrorIsNoticed(t *testing.T) {
	p := len(Alphabet)
	value := func(c byte) int { return strings.IndexByte(Alphabet, c) }
	sum := func(text string) (s int) {
		for i := range Len {
			s += (i + 1) * value(text[i])
		}
		return s % p
	}
	// Parse accepts exactly the texts whose sum is 0: every text that differs from a fixed one in at most two positions, in all values.
	base := []byte(draw(t).Plain())
	for i := range Len {
		for j := i; j < Len; j++ {
			for _, a := range []byte(Alphabet) {
				for _, b := range []byte(Alphabet) {
					text := append([]byte(nil), base...)
					text[i], text[j] = a, b
					_, err := Parse(string(text))
					if (err == nil) != (sum(string(text)) == 0) || err != nil && !errors.Is(err, ErrCheck) {
						t.Fatalf("%s: sum %d, %v", text, sum(string(text)), err)
					}
				}
			}
		}
	}
	singles, swaps := 0, 0
	for i := range Len {
		for a := range p {
			for b := range p {
				if a == b {
					continue
				}
				if singles++; (i+1)*(b-a)%p == 0 {
					t.Errorf("position %d: %c for %c goes unnoticed", i+1, Alphabet[b], Alphabet[a])
				}
				for j := range i {
					if swaps++; (i-j)*(b-a)%p == 0 {
						t.Errorf("%c and %c swapped at %d and %d go unnoticed", Alphabet[a], Alphabet[b], j+1, i+1)
					}
				}
			}
		}
	}
	t.Logf("%d wrong characters and %d swaps, each noticed in every number", singles, swaps)
}

// The same on numbers as they are given out.
func TestErrorsInDrawnNumbers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 8))
	for range 200 {
		n := draw(t)
		if back, err := Parse(n.String()); err != nil || back != n {
			t.Fatalf("%v comes back as %v, %v", n, back, err)
		}
		for i := range Len {
			for _, c := range []byte(Alphabet) {
				text := []byte(n.Plain())
				if text[i] == c {
					continue
				}
				text[i] = c
				if got, err := Parse(string(text)); !errors.Is(err, ErrCheck) {
					t.Fatalf("%v for %v: %v, %v", string(text), n, got, err)
				}
			}
			text := []byte(n.Plain())
			j := rng.IntN(Len)
			text[i], text[j] = text[j], text[i]
			if _, err := Parse(string(text)); text[i] != text[j] && !errors.Is(err, ErrCheck) {
				t.Fatalf("%v with %d and %d swapped: %v", n, i, j, err)
			}
		}
	}
}

func TestAlphabet(t *testing.T) {
	p := len(Alphabet)
	for d := 2; d < p; d++ {
		if p%d == 0 {
			t.Fatalf("%d characters: no prime, and the check misses errors", p)
		}
	}
	// Characters that people take for each other: at most one of each row.
	for _, alike := range []string{"0ODQ", "1IL", "2Z", "5S", "8B", "6G", "UV"} {
		n := 0
		for _, c := range alike {
			n += strings.Count(Alphabet, string(c))
		}
		if n > 1 {
			t.Errorf("%d of %s are in the alphabet", n, alike)
		}
	}
}

func TestParse(t *testing.T) {
	n := draw(t)
	plain := n.Plain()
	for _, text := range []string{plain, n.String(), strings.ToLower(plain), plain[:2] + " " + plain[2:6] + " " + plain[6:], "  " + plain, plain[:3] + "　" + plain[3:]} {
		if got, err := Parse(text); err != nil || got != n {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-", plain[:6], plain + "2", "O" + plain[1:], "0" + plain[1:], "é" + plain[2:], strings.Repeat("2", 1000), "２" + plain[1:]} {
		if got, err := Parse(text); !errors.Is(err, ErrForm) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if (Number{}).String() != "" || (Number{}).Plain() != "" {
		t.Error("no number has characters")
	}
}

func TestDraw(t *testing.T) {
	seen := map[Number]bool{}
	p := PrefixOf("box-7")
	for range 5000 {
		n, err := Draw(p, func(n Number) bool { return seen[n] })
		must(t, err)
		if seen[n] || n.Prefix() != p {
			t.Fatalf("%v was drawn twice or is another box's", n)
		}
		seen[n] = true
	}
	if _, err := Draw(p, func(Number) bool { return true }); err == nil {
		t.Error("a number was drawn though every one is taken")
	}
	if _, err := Draw(Prefix{'0', 'O'}, func(Number) bool { return false }); !errors.Is(err, ErrForm) {
		t.Errorf("a prefix outside the alphabet: %v", err)
	}
	prefixes := map[Prefix]int{}
	for i := range 2000 {
		prefixes[PrefixOf("box-"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)))]++
	}
	if len(prefixes) < 400 {
		t.Errorf("%d different prefixes of 529", len(prefixes))
	}
}

func FuzzParse(f *testing.F) {
	f.Add("K7-3F9A-X")
	f.Add(draw(f).String())
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(n.String()); err != nil || again != n {
			t.Errorf("%q was read as %v, which reads as %v, %v", text, n, again, err)
		}
	})
}
