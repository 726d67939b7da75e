// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// libraries are where Debian's arm64 packages keep theirs.
var libraries = []string{"lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu"}

// loader is where a program looks for the dynamic loader.
const loader = "lib/ld-linux-aarch64.so.1"

// Image is the guest's first file system, which it never leaves: files by their
// path in the guest. It is written as an archive that the kernel unpacks.
type Image struct {
	root  string // unpacked arm64 packages
	files map[string]file
}

type file struct {
	mode fs.FileMode
	data []byte // of a link: its target
}

// NewImage begins an image from a folder of unpacked arm64 packages.
func NewImage(root string) (*Image, error) {
	if _, err := os.Stat(filepath.Join(root, libraries[0])); err != nil {
		return nil, fmt.Errorf("making guest: %w: run `make setup`", err)
	}
	return &Image{root: root, files: map[string]file{}}, nil
}

// Kernel is the packages' kernel, a file of this machine.
func (m *Image) Kernel() (string, error) {
	found, err := filepath.Glob(filepath.Join(m.root, "boot/vmlinuz-*"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("making guest: %d kernels in %s: run `make setup`", len(found), m.root)
	}
	return found[0], nil
}

// Put adds a file that is no package's.
func (m *Image) Put(name string, mode fs.FileMode, data []byte) {
	m.files[strings.TrimPrefix(name, "/")] = file{mode.Perm(), data}
}

// Link adds a symbolic link.
func (m *Image) Link(name, target string) {
	m.files[strings.TrimPrefix(name, "/")] = file{fs.ModeSymlink | 0o777, []byte(target)}
}

// Dir adds an empty folder.
func (m *Image) Dir(name string) {
	m.files[strings.TrimPrefix(name, "/")] = file{mode: fs.ModeDir | 0o755}
}

// Copy adds a file of the packages, or a folder with all that is in it, by its
// path, and the libraries that a program needs. Links are followed.
func (m *Image) Copy(names ...string) error {
	for _, name := range names {
		from := filepath.Join(m.root, name)
		err := filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(m.root, p)
			if err != nil {
				return err
			}
			return m.program(p, rel)
		})
		if err != nil {
			return fmt.Errorf("making guest: %w", err)
		}
	}
	return nil
}

// Program adds a program of this machine, built for the guest, and its libraries.
func (m *Image) Program(from, name string) error {
	if err := m.program(from, strings.TrimPrefix(name, "/")); err != nil {
		return fmt.Errorf("making guest: %w", err)
	}
	return nil
}

// program adds a file and, if it is a program, what it is linked with.
func (m *Image) program(from, name string) error {
	if _, ok := m.files[name]; ok {
		return nil
	}
	from, err := m.follow(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	m.files[name] = file{info.Mode().Perm(), data}
	e, err := elf.Open(from)
	if err != nil {
		return nil // no program
	}
	defer e.Close()
	needs, err := e.ImportedLibraries()
	if err != nil {
		return err
	}
	for _, lib := range needs {
		if err := m.library(lib); err != nil {
			return fmt.Errorf("%w, which %s needs", err, name)
		}
	}
	return nil
}

// follow resolves links as the guest would: an absolute one leads into the
// packages.
func (m *Image) follow(p string) (string, error) {
	for range 8 {
		target, err := os.Readlink(p)
		if err != nil {
			return p, nil
		}
		if filepath.IsAbs(target) {
			p = filepath.Join(m.root, target)
		} else {
			p = filepath.Join(filepath.Dir(p), target)
		}
	}
	return "", fmt.Errorf("%s: too many links", p)
}

// library adds one library; the loader has a place of its own.
func (m *Image) library(name string) error {
	for _, dir := range libraries {
		from := filepath.Join(m.root, dir, name)
		if _, err := os.Lstat(from); err != nil {
			continue
		}
		if name == filepath.Base(loader) {
			return m.program(from, loader)
		}
		return m.program(from, path.Join(dir, name))
	}
	return fmt.Errorf("no library %s", name)
}

// Module adds a kernel module, after those that it depends on, and tells the
// guest's paths in the order in which they are to be loaded. What is built into the
// kernel is left out.
func (m *Image) Module(name string) ([]string, error) {
	var order []string
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(m.root, "lib/modules"), func(p string, d fs.DirEntry, err error) error {
		if base, ok := strings.CutSuffix(filepath.Base(p), ".ko"); ok {
			all[strings.ReplaceAll(base, "-", "_")] = p
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("making guest: %w", err)
	}
	var add func(name string) error
	add = func(name string) error {
		from, ok := all[strings.ReplaceAll(name, "-", "_")]
		to := "/modules/" + filepath.Base(from)
		if !ok || slices.Contains(order, to) {
			return nil
		}
		needs, err := dependsOn(from)
		if err != nil {
			return err
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return err
			}
		}
		order = append(order, to)
		return m.program(from, to[1:])
	}
	if err := add(name); err != nil {
		return nil, fmt.Errorf("making guest: module %s: %w", name, err)
	}
	if len(order) == 0 {
		return nil, fmt.Errorf("making guest: no module %s in %s: run `make setup`", name, m.root)
	}
	return order, nil
}

// dependsOn reads a module's own list.
func dependsOn(module string) ([]string, error) {
	e, err := elf.Open(module)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	s := e.Section(".modinfo")
	if s == nil {
		return nil, errors.New("no .modinfo")
	}
	info, err := s.Data()
	if err != nil {
		return nil, err
	}
	for field := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(field, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}

// WriteTo writes the archive in the form "newc" that the kernel reads
// (Documentation/driver-api/early-userspace/buffer-format.rst).
func (m *Image) WriteTo(w io.Writer) (int64, error) {
	names := map[string]file{}
	for name, f := range m.files {
		names[name] = f
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := m.files[dir]; !ok {
				names[dir] = file{mode: fs.ModeDir | 0o755}
			}
		}
	}
	sorted := make([]string, 0, len(names)) // a folder sorts before what is in it
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var written int64
	for i, name := range append(sorted, "TRAILER!!!") {
		n, err := w.Write(entry(i+1, name, names[name]))
		written += int64(n)
		if err != nil {
			return written, fmt.Errorf("writing guest: %w", err)
		}
	}
	return written, nil
}

// entry is one file of the archive, padded to four bytes twice.
func entry(number int, name string, f file) []byte {
	mode, links := uint32(f.mode.Perm()), 1
	switch {
	case f.mode.IsDir():
		mode, links = mode|0o040000, 2
	case f.mode&fs.ModeSymlink != 0:
		mode |= 0o120000
	case name != "TRAILER!!!":
		mode |= 0o100000
	}
	head := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		number, mode, 0, 0, links, 0, len(f.data), 0, 0, 0, 0, len(name)+1, 0)
	b := append([]byte(head), name...)
	b = append(b, 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = append(b, f.data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
