// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// home is the module of the firmware itself.
const home = "madoguchi"

// A shelf finds the folder with a module's source.
type shelf func(path, version string) (dir string, err error)

// bill lists what the programs are made of, parts in the order of their references. ofl is the text of the fonts' licence.
func bill(version, ofl string, programs []string, at shelf) (*cdx.BOM, error) {
	parts := map[string]cdx.Component{}
	needs := map[string]map[string]bool{} // by reference, what it is made of
	root := home + "@" + version
	need := func(who, what string) {
		if needs[who] == nil {
			needs[who] = map[string]bool{}
		}
		needs[who][what] = true
	}
	for _, file := range programs {
		info, err := buildinfo.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		code, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c := program(code, version, info)
		parts[c.BOMRef] = c
		need(root, c.BOMRef)
		std, err := standard(info.GoVersion)
		if err != nil {
			return nil, err
		}
		deps := []cdx.Component{std}
		for _, m := range info.Deps {
			d, err := module(m, at)
			if err != nil {
				return nil, err
			}
			deps = append(deps, d)
		}
		shared, err := libraries(file)
		if err != nil {
			return nil, err
		}
		deps = append(deps, shared...)
		if bytes.Contains(code, []byte(home+"/display/fonts.")) {
			deps = append(deps, typefaces(ofl)...)
		}
		for _, d := range deps {
			parts[d.BOMRef] = d
			need(c.BOMRef, d.BOMRef)
		}
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{Type: cdx.ComponentTypeFirmware, BOMRef: root, Name: home, Version: version, Licenses: licence("Apache-2.0", "")}}
	var all []cdx.Component
	for _, ref := range slices.Sorted(maps.Keys(parts)) {
		all = append(all, parts[ref])
	}
	var edges []cdx.Dependency
	for _, who := range slices.Sorted(maps.Keys(needs)) {
		refs := slices.Sorted(maps.Keys(needs[who]))
		edges = append(edges, cdx.Dependency{Ref: who, Dependencies: &refs})
	}
	bom.Components, bom.Dependencies = &all, &edges
	return bom, nil
}

// program is one of the firmware's programs, with the hash of its file.
func program(code []byte, version string, info *debug.BuildInfo) cdx.Component {
	sum := sha256.Sum256(code)
	name := filepath.Base(info.Path)
	hashes := []cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
	var how []cdx.Property
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "CGO_ENABLED" || s.Key == "GOEXPERIMENT" {
			how = append(how, cdx.Property{Name: "madoguchi:build:" + s.Key, Value: s.Value})
		}
	}
	return cdx.Component{Type: cdx.ComponentTypeApplication, BOMRef: "program:" + name, Name: name, Version: version, Hashes: &hashes, Licenses: licence("Apache-2.0", ""), Properties: &how}
}

// standard is Go's library and run time, which the linker does not list.
func standard(version string) (cdx.Component, error) {
	v, _, _ := strings.Cut(strings.TrimPrefix(version, "go"), " ")
	v, _, _ = strings.Cut(v, "-X:") // experiments
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return cdx.Component{}, fmt.Errorf("finding Go: %w", err)
	}
	id, text, err := licenceIn(strings.TrimSpace(string(root)))
	if err != nil {
		return cdx.Component{}, fmt.Errorf("licence of Go: %w", err)
	}
	return cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: "pkg:golang/std@" + v, PackageURL: "pkg:golang/std@" + v, Name: "std", Version: v, Licenses: licence(id, text)}, nil
}

// module is a Go module, with its licence as it stands in its source.
func module(m *debug.Module, at shelf) (cdx.Component, error) {
	if m.Replace != nil {
		m = m.Replace
	}
	dir, err := at(m.Path, m.Version)
	if err != nil {
		return cdx.Component{}, fmt.Errorf("finding the source of %s@%s: %w", m.Path, m.Version, err)
	}
	id, text, err := licenceIn(dir)
	if err != nil {
		return cdx.Component{}, fmt.Errorf("licence of %s@%s: %w", m.Path, m.Version, err)
	}
	ref := "pkg:golang/" + m.Path + "@" + m.Version
	sum := []cdx.Property{{Name: "madoguchi:go.sum", Value: m.Sum}}
	return cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: ref, PackageURL: ref, Name: m.Path, Version: m.Version, Licenses: licence(id, text), Properties: &sum}, nil
}

// libraries are the shared ones that a program asks for. Their versions and licences are the image's.
func libraries(file string) ([]cdx.Component, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	defer f.Close()
	names, err := f.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("shared libraries of %s: %w", file, err)
	}
	var out []cdx.Component
	for _, n := range names {
		out = append(out, cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: "shared:" + n, Name: n, Scope: cdx.ScopeRequired,
			Description: "a shared library of the image; see the image's own list for its version and licence"})
	}
	return out, nil
}

// typefaces are the fonts whose glyphs are linked in (package fonts).
func typefaces(ofl string) []cdx.Component {
	var out []cdx.Component
	for _, name := range []string{"BIZ UDGothic", "Noto Sans CJK"} {
		out = append(out, cdx.Component{Type: cdx.ComponentTypeData, BOMRef: "font:" + strings.ReplaceAll(name, " ", "-"), Name: name,
			Description: "glyphs drawn from it, display/fonts", Licenses: licence("OFL-1.1", ofl)})
	}
	return out
}

// licence is one licence by its SPDX identifier, with its text where it must go with the program.
func licence(id, text string) *cdx.Licenses {
	l := cdx.License{ID: id}
	if text != "" {
		l.Text = &cdx.AttachedText{Content: text}
	}
	return &cdx.Licenses{{License: &l}}
}
