// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// pictures is an atlas of random cells of this many bytes.
func pictures(size int) []byte {
	atlas := make([]byte, len(alphabet)*size)
	for i := range atlas {
		atlas[i] = byte(rand.Uint32())
	}
	return atlas
}

// cell is the picture of a character.
func cell(atlas []byte, c byte) []byte {
	size := len(atlas) / len(alphabet)
	at := strings.IndexByte(alphabet, c) * size
	return atlas[at : at+size]
}

// picture is what lies in a PIN's page of a picture now.
func picture(p *PIN) []byte {
	mu.Lock()
	defer mu.Unlock()
	return bytes.Clone(p.cells().pic[:])
}

func TestReveal(t *testing.T) {
	for _, size := range []int{1, 8, 512, maxPic} {
		atlas := pictures(size)
		for i := 0; i < len(alphabet); i += maxLen {
			chars := alphabet[i:min(i+maxLen, len(alphabet))]
			p := typed(t, chars)
			for at := range chars {
				shown := 0
				err := p.Reveal(at, atlas, func(pic []byte) {
					shown++
					if !bytes.Equal(pic, cell(atlas, chars[at])) || cap(pic) != size {
						t.Errorf("size %d, place %d: another picture than that of %q", size, at, chars[at])
					}
					if _, err := p.Send(0, 0x20, 0, 0x80, nil); !errors.Is(err, ErrBusy) {
						t.Errorf("Send while a picture is shown: %v", err)
					}
				})
				if err != nil || shown != 1 {
					t.Errorf("size %d, place %d: shown %d times, %v", size, at, shown, err)
				}
				if bytes.ContainsFunc(picture(p), func(r rune) bool { return r != 0 }) {
					t.Errorf("size %d, place %d: the picture stayed in the page", size, at)
				}
			}
			p.Wipe()
		}
	}
	clean(t)
}

func TestRevealRefuses(t *testing.T) {
	atlas := pictures(8)
	half := typed(t, "AB")
	half.First('2')
	wiped := typed(t, "AB")
	wiped.Wipe()
	for _, tt := range []struct {
		name  string
		pin   *PIN
		at    int
		atlas []byte
		want  error // nil: any
	}{
		{"behind the last", typed(t, "AB"), 2, atlas, ErrNoCharacter},
		{"before the first", typed(t, "AB"), -1, atlas, ErrNoCharacter},
		{"nothing typed", typed(t, ""), 0, atlas, ErrEmpty},
		{"half a character", half, 0, atlas, ErrEmpty},
		{"wiped", wiped, 0, atlas, ErrWiped},
		{"nil", nil, 0, atlas, ErrWiped},
		{"no pictures", typed(t, "AB"), 0, nil, nil},
		{"pictures of two sizes", typed(t, "AB"), 0, atlas[1:], nil},
		{"pictures that are too large", typed(t, "AB"), 0, pictures(maxPic + 1), nil},
	} {
		err := tt.pin.Reveal(tt.at, tt.atlas, func([]byte) { t.Errorf("%s: shown", tt.name) })
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		tt.pin.Wipe()
	}
	clean(t)
}

// A picture does not outlive a panic of the one who shows it, nor a wipe.
func TestRevealEnds(t *testing.T) {
	p := typed(t, "AB")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic came through")
			}
		}()
		_ = p.Reveal(0, pictures(8), func([]byte) { panic("the panel is gone") })
	}()
	if bytes.ContainsFunc(picture(p), func(r rune) bool { return r != 0 }) {
		t.Error("the picture outlived a panic")
	}
	var page unsafe.Pointer
	if err := p.Reveal(0, pictures(8), func(pic []byte) {
		page = unsafe.Pointer(&pic[0])
		p.Wipe()
		for _, b := range pic {
			if b != 0 {
				t.Error("the picture outlived a wipe")
				break
			}
		}
		if InUse() != 1 {
			t.Errorf("%d pages in use while one is shown", InUse())
		}
	}); err != nil || page == nil {
		t.Errorf("Reveal: %v", err)
	}
	clean(t)
}

func TestLookAlike(t *testing.T) {
	for _, tt := range []struct {
		chars string
		want  bool
	}{
		{"", false}, {"ACDEFGHJ", false}, {"KMNPQRTU", false}, {"VWXY3467", false}, {"9ACD", false},
		{"OACD", true}, {"A0CD", true}, {"ACID", true}, {"ACD1", true}, {"LACD", true}, {"ASCD", true}, {"A5CD", true},
		{"ABCD", true}, {"AC8D", true}, {"ACZD", true}, {"2ACD", true}, {"ACDEFGHJKMNPQRT2", true},
	} {
		p := typed(t, tt.chars)
		if got := p.LookAlike(); got != tt.want {
			t.Errorf("%d characters: %t, want %t for %q", len(tt.chars), got, tt.want, tt.chars)
		}
		p.Wipe()
		if p.LookAlike() {
			t.Error("a wiped PIN looks like something")
		}
	}
	clean(t)
}
