// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/iotest"
)

func TestForms(t *testing.T) {
	have := map[string]bool{}
	for _, f := range Forms("90417") {
		if len(f.Bytes) < MinForm {
			t.Errorf("%s: %d bytes are too few to mean anything", f.Name, len(f.Bytes))
		}
		have[string(f.Bytes)] = true
	}
	for _, want := range []string{"90417", "71409", "\x09\x00\x04\x01\x07", "\x0a\x01\x05\x02\x08", "\x09\x05\x00\x01\x04\x04\x01\x01\x07\x05", "9501441175", "9\x000\x004\x001\x007\x00", "\x009\x000\x004\x001\x007", "９０４１７", "3930343137"} {
		if !have[want] {
			t.Errorf("Forms lacks %q", want)
		}
	}
}

// TestBase64 puts a secret at each distance from the start of a group of three: one of the forms must always be in it.
func TestBase64(t *testing.T) {
	for shift := range 7 {
		b := append(bytes.Repeat([]byte{0xa5}, shift), []byte("QX7RT2Z9")...)
		enc := base64.StdEncoding.EncodeToString(append(b, 0x5a, 0xa5))
		if len(NewSearcher("QX7RT2Z9").Bytes("x", 0, []byte(enc))) == 0 {
			t.Errorf("shift %d: not found in %s", shift, enc)
		}
	}
}

// TestReaderAcrossReads: a secret cut by any read boundary is found, once.
func TestReaderAcrossReads(t *testing.T) {
	s := NewSearcher("83920571", "QX7RT2Z9")
	for _, at := range []int{0, 1, 1<<20 - 3, 1 << 20, 1<<20 + 5, 2<<20 - 1, 3<<20 - 8} {
		hay := make([]byte, 3<<20)
		copy(hay[at:], "QX7RT2Z9")
		hits, err := s.Reader("hay", 0, iotest.HalfReader(bytes.NewReader(hay)))
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) != 1 || hits[0].Offset != int64(at) || hits[0].Secret != 1 {
			t.Errorf("planted at %d: %v", at, hits)
		}
	}
}

func TestTree(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "deep", "er"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "deep", "er", "log"), []byte("pin=83920571\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hits, err := NewSearcher("83920571").Tree(dir)
	if err != nil || len(hits) != 1 {
		t.Errorf("Tree: %v, %v; want one hit", hits, err)
	}
}

// TestProcess plants a secret in a real process and finds it there; a secret that was never there is not found.
func TestProcess(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	digits := func() string { return fmt.Sprintf("%06d", rnd.IntN(1_000_000)) }

	start := func(env ...string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), env...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	image := func(cmd *exec.Cmd) *Image {
		im, err := TakeImage(cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if im.Size() < 1<<16 {
			t.Fatalf("an image of %d bytes is none", im.Size())
		}
		return im
	}
	base := image(start("LEAK_CHILD=1"))
	secrets, err := Draw(2, digits, base)
	if err != nil {
		t.Fatal(err)
	}
	// the child gets the secret as arithmetic, not as text, so that only its own planting puts it there
	n, err := strconv.Atoi(secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	hits := NewSearcher(secrets...).Image("child", image(start("LEAK_CHILD=1", fmt.Sprintf("LEAK_PLANT=%x", n^0x5aa55a))))
	if !slices.ContainsFunc(hits, func(h Hit) bool { return h.Secret == 0 && h.Form == "plain" }) {
		t.Errorf("the planted secret was not found: %v", hits)
	}
	if slices.ContainsFunc(hits, func(h Hit) bool { return h.Secret == 1 }) {
		t.Errorf("a secret that was never there was found: %v", hits)
	}
}

var planted []byte

// TestChild is the process that TestProcess looks into.
func TestChild(t *testing.T) {
	if os.Getenv("LEAK_CHILD") == "" {
		return
	}
	if p := os.Getenv("LEAK_PLANT"); p != "" {
		var n int
		if _, err := fmt.Sscanf(p, "%x", &n); err != nil {
			t.Fatal(err)
		}
		planted = fmt.Appendf(nil, "%06d", n^0x5aa55a)
	}
	fmt.Print(".")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

func BenchmarkSearch(b *testing.B) {
	secrets := make([]string, 200)
	for i := range secrets {
		secrets[i] = fmt.Sprintf("%04d", i*47)
	}
	s := NewSearcher(secrets...)
	hay := make([]byte, 8<<20)
	rnd := rand.NewChaCha8([32]byte{1})
	_, _ = rnd.Read(hay)
	b.SetBytes(int64(len(hay)))
	for b.Loop() {
		s.Bytes("hay", 0, hay)
	}
}
