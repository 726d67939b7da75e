// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// keeper is a test that writes what it says into a file as well.
type keeper struct {
	testing.TB
	to io.Writer
}

// keepLog keeps a test's log beside its pictures, in dist/bench.
func keepLog(t testing.TB, name string) testing.TB {
	t.Helper()
	must(t, os.MkdirAll(pictures, 0o755))
	f, err := os.Create(filepath.Join(pictures, name))
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return &keeper{t, f}
}

func (k *keeper) say(text string) { fmt.Fprintln(k.to, text) }

func (k *keeper) Log(args ...any) {
	k.Helper()
	k.say(fmt.Sprint(args...))
	k.TB.Log(args...)
}

func (k *keeper) Logf(format string, args ...any) {
	k.Helper()
	k.say(fmt.Sprintf(format, args...))
	k.TB.Logf(format, args...)
}

func (k *keeper) Errorf(format string, args ...any) {
	k.Helper()
	k.say("FAIL " + fmt.Sprintf(format, args...))
	k.TB.Errorf(format, args...)
}

func (k *keeper) Fatal(args ...any) {
	k.Helper()
	k.say("FAIL " + fmt.Sprint(args...))
	k.TB.Fatal(args...)
}

func (k *keeper) Fatalf(format string, args ...any) {
	k.Helper()
	k.say("FAIL " + fmt.Sprintf(format, args...))
	k.TB.Fatalf(format, args...)
}
