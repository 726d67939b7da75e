// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSheet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sheet.png")
	var out, errs bytes.Buffer
	if code := run([]string{"contactsheet", "-only", "guard", path}, &out, &errs); code != 0 {
		t.Fatalf("exit status %d: %s", code, errs.String())
	}
	if !strings.Contains(out.String(), "42 pictures") { // three guards, two PIN kinds, seven languages
		t.Errorf("it says %q", out.String())
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() < 14*400 || b.Dy() < 3*300 {
		t.Errorf("the sheet is %v", b)
	}
}

func TestSheetRefuses(t *testing.T) {
	dir := t.TempDir()
	tests := map[string][]string{
		"no file":  {"contactsheet"},
		"flag":     {"contactsheet", "-colour", "x.png"},
		"size":     {"contactsheet", "-size", "1x1", filepath.Join(dir, "x.png")},
		"language": {"contactsheet", "-langs", "xx", filepath.Join(dir, "x.png")},
		"folder":   {"contactsheet", "-only", "boot", filepath.Join(dir, "missing", "x.png")},
	}
	for name, args := range tests {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code == 0 || errs.Len() == 0 {
			t.Errorf("%s: exit status %d, stderr %q", name, code, errs.String())
		}
	}
}
