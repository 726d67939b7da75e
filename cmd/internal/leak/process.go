// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// An Image is the memory of a process at one moment: every readable region, also those mapped from files.
type Image struct {
	PID     int
	Regions []Region
}

// A Region is a run of pages of one line of /proc/PID/maps, with what stood there.
type Region struct {
	Name  string // "[heap]", a path, or "anonymous"
	Start int64
	Data  []byte
}

// Size is the image's length in bytes.
func (im *Image) Size() (n int64) {
	for _, r := range im.Regions {
		n += int64(len(r.Data))
	}
	return n
}

// TakeImage stops the process, copies every region that can be written or was written, and lets it go on.
// Regions that are only mapped from a file and cannot be written hold the program's own constants and are left out.
// The pages that a process locks against dumping are read too: they are where a secret would stand. Only memory of memfd_secret(2) is left out:
// the kernel reads it for nobody, and package pin's own tests look at it from inside.
func TakeImage(pid int) (*Image, error) {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return nil, fmt.Errorf("stopping process %d: %w", pid, err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()

	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, fmt.Errorf("reading the regions of process %d: %w", pid, err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, fmt.Errorf("opening the memory of process %d (root or its parent may): %w", pid, err)
	}
	defer mem.Close()

	im := &Image{PID: pid}
	for lines := bufio.NewScanner(bytes.NewReader(maps)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if !strings.HasPrefix(f[1], "rw") {
			continue
		}
		var start, end int64
		if _, err := fmt.Sscanf(f[0], "%x-%x", &start, &end); err != nil {
			return nil, fmt.Errorf("reading the regions of process %d: %q: %w", pid, f[0], err)
		}
		name := "anonymous"
		if len(f) > 5 {
			name = f[5]
		}
		if name == "/secretmem" {
			continue
		}
		if im.Regions, err = resident(im.Regions, name, pid, mem, start, end); err != nil {
			return nil, fmt.Errorf("reading %s of process %d: %w", name, pid, err)
		}
	}
	return im, nil
}

// resident adds the pages of [start, end) that are in memory or in swap, each run of them as one region. The other pages were
// never written.
func resident(to []Region, name string, pid int, mem *os.File, start, end int64) ([]Region, error) {
	page := int64(os.Getpagesize())
	pagemap, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", pid))
	if err != nil {
		return to, err
	}
	defer pagemap.Close()
	entries := make([]byte, (end-start)/page*8)
	if _, err := pagemap.ReadAt(entries, start/page*8); err != nil && !errors.Is(err, io.EOF) {
		return to, err
	}
	there := func(i int64) bool {
		const present, swapped = 1 << 7, 1 << 6 // of the entry's last byte
		return i < (end-start)/page && entries[i*8+7]&(present|swapped) != 0
	}
	for i := int64(0); i < (end-start)/page; i++ {
		if !there(i) {
			continue
		}
		from := i
		for there(i + 1) {
			i++
		}
		r := Region{Name: name, Start: start + from*page, Data: make([]byte, (i+1-from)*page)}
		if _, err := mem.ReadAt(r.Data, r.Start); err != nil {
			return to, err
		}
		to = append(to, r)
	}
	return to, nil
}

// Image reports where forms occur in a process's memory; who names it in the hits ("box").
func (s *Searcher) Image(who string, im *Image) []Hit {
	var hits []Hit
	for _, r := range im.Regions {
		hits = append(hits, s.Bytes(who+" memory "+r.Name, r.Start, r.Data)...)
	}
	return hits
}

// Tree reports where forms occur in the regular files below dir. A file that goes away meanwhile is passed over.
func (s *Searcher) Tree(dir string) ([]Hit, error) {
	var hits []Hit
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		defer f.Close()
		h, err := s.Reader(path, 0, f)
		hits = append(hits, h...)
		return err
	})
	if err != nil {
		return hits, fmt.Errorf("searching %s: %w", dir, err)
	}
	return hits, nil
}

// Draw gives secrets that next makes, passing over those of which any form stands in one of the images already.
// It fails when 10,000 in a row do: then the baseline is not one.
func Draw(n int, next func() string, baseline ...*Image) ([]string, error) {
	const batch = 64
	var out []string
	for tries := 0; len(out) < n; tries += batch {
		if tries > 10_000+n*8 {
			return nil, fmt.Errorf("drawing secrets: %d of %d drawn, the others all stand in the baseline", len(out), n)
		}
		candidates := make([]string, batch)
		for i := range candidates {
			candidates[i] = next()
		}
		s := NewSearcher(candidates...)
		taken := make([]bool, batch)
		for _, im := range baseline {
			for _, h := range s.Image("baseline", im) {
				taken[h.Secret] = true
			}
		}
		for i, c := range candidates {
			if !taken[i] && len(out) < n {
				out = append(out, c)
			}
		}
	}
	return out, nil
}
