// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"madoguchi/display"
	"madoguchi/display/internal/samples"
)

func TestSheet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sheet.png")
	var out, errs bytes.Buffer
	if code := run([]string{"contactsheet", "-only", "guard", path}, &out, &errs); code != 0 {
		t.Fatalf("exit status %d: %s", code, errs.String())
	}
	var n int
	if _, err := fmt.Sscanf(out.String(), path+": %d pictures", &n); err != nil || n <= 2*42 { // three guards, two PIN kinds, seven languages; and large print
		t.Errorf("it says %q (%v)", out.String(), err)
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

// Every screen stands on the sheet in every language it is written in; the residents' in large print, too, with every page.
func TestSheetHasAll(t *testing.T) {
	list, rows, err := shots("", display.Langs, 2*len(display.Langs))
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		id    display.ID
		lang  display.Lang
		large bool
	}
	have, places := map[key]bool{}, map[image.Point]string{}
	for _, s := range list {
		f := s.sample.Screen.Facts
		have[key{s.sample.Screen.ID, s.lang, f.Large}] = true
		if was := places[s.at]; was != "" || s.at.X >= 2*len(display.Langs) || s.at.Y >= rows {
			t.Errorf("%s in %s stands at %v, where %q is", s.sample.Name, s.lang, s.at, was)
		}
		places[s.at] = s.sample.Name
	}
	for _, id := range display.IDs() {
		in, _ := id.Info()
		for _, l := range id.Langs() {
			if !have[key{id, l, false}] {
				t.Errorf("screen %s in %s is not on the sheet", id, l)
			}
			if in.Face == display.FaceResident && !have[key{id, l, true}] {
				t.Errorf("screen %s in %s is not on the sheet in large print", id, l)
			}
		}
	}
	for _, s := range samples.Large() {
		for _, l := range display.Langs {
			for p := 2; p <= display.Pages(s.In(l)); p++ {
				if !slices.ContainsFunc(list, func(o shot) bool { return o.sample.Name == s.Name+"_"+strconv.Itoa(p) && o.lang == l }) {
					t.Errorf("page %d of %s in %s is not on the sheet", p, s.Name, l)
				}
			}
		}
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
