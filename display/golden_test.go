// SPDX-License-Identifier: Apache-2.0

package display_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display"
	"madoguchi/display/internal/samples"
	"madoguchi/display/mono"
)

var update = flag.Bool("update", false, "write the pictures in testdata anew")

// pictured are the languages whose pictures are kept; of the others only the hashes are.
var pictured = []display.Lang{display.Japanese, display.EasyJapanese, display.English}

// The 4.2" panel's pictures are compared pixel by pixel with those a person has looked at.
func TestGolden(t *testing.T) {
	r := renderer(t, 400, 300)
	dir := filepath.Join("testdata", "400x300")
	want := map[string]bool{}
	for _, s := range samples.All() {
		for _, l := range s.Screen.ID.Langs() {
			if !slices.Contains(pictured, l) {
				continue
			}
			m, err := r.Render(s.In(l))
			if err != nil {
				t.Errorf("%s: %v", s.Name, err)
				continue
			}
			name := s.FileName(l)
			if want[name] {
				t.Errorf("two samples are called %s", name)
			}
			want[name] = true
			path := filepath.Join(dir, name)
			if *update {
				write(t, path, m)
				continue
			}
			old, err := read(path)
			if err != nil {
				t.Errorf("%s: %v (go test ./display -update writes it)", s.Name, err)
				continue
			}
			if d := old.Diff(m); !d.Empty() {
				t.Errorf("%s differs in %v (go test ./display -update, then look at it)", path, d)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch {
		case want[e.Name()]:
		case *update:
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s is the picture of no sample", filepath.Join(dir, e.Name()))
		}
	}
}

// All pictures of the 7.5" panel, and those of the 4.2" panel that are not kept, are compared by their hashes.
func TestGoldenHashes(t *testing.T) {
	for _, size := range samples.Sizes {
		r := renderer(t, size.W, size.H)
		var got strings.Builder
		for _, s := range samples.All() {
			for _, l := range s.Screen.ID.Langs() {
				if size.W == 400 && slices.Contains(pictured, l) {
					continue
				}
				m, err := r.Render(s.In(l))
				if err != nil {
					t.Errorf("%s: %v", s.Name, err)
					continue
				}
				fmt.Fprintf(&got, "%x  %s\n", sha256.Sum256(m.Pix), s.FileName(l))
			}
		}
		sameHashes(t, size.Name+"", got.String())
	}
}

// sameHashes compares pictures' hashes, a line each, with those in testdata.
func sameHashes(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".sha256")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./display -update writes it)", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("pictures of %s changed (-was +is; go test ./display -update, then look at them):\n%s", name, diff)
	}
}

func write(t *testing.T, path string, m *mono.Image) {
	t.Helper()
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(path string) (*mono.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	p, ok := img.(*image.Paletted) // as mono's palette is written: 0 black, 1 white
	if !ok {
		return nil, fmt.Errorf("reading %s: it is a %T, not a picture of two colours", path, img)
	}
	m := mono.New(p.Rect.Dx(), p.Rect.Dy())
	for y := range m.H {
		for x := range m.W {
			m.SetWhite(x, y, p.ColorIndexAt(x, y) == 1)
		}
	}
	return m, nil
}
