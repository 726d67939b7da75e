// SPDX-License-Identifier: Apache-2.0

package house

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// top is the top of the tree, seen from here.
var top = os.DirFS("../../..")

// files are all files of the tree whose names end so, but for what was fetched and built.
func files(t *testing.T, end string) (names []string) {
	t.Helper()
	err := fs.WalkDir(top, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", ".tools", "bin", "dist", "testdata"}, d.Name()):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, end):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := fs.ReadFile(top, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// there tells whether a path or a pattern names something in the tree.
func there(name string) bool {
	found, err := fs.Glob(top, path.Clean(name))
	return err == nil && len(found) > 0
}

var (
	link     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	code     = regexp.MustCompile("(?s:```.*?```)|`[^`\n]+`|(?m:^(?:    |\t).*$)")
	target   = regexp.MustCompile(`(?:^|[\s(;&])make ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)`)
	place    = regexp.MustCompile(`(?:^|[\s("'=:])((?:\./)?(?:cmd|device|display|pinpad|card|sync|buildroot|\.ci)/[A-Za-z0-9_.*/-]*[A-Za-z0-9_*])`)
	program  = regexp.MustCompile(`(?:^|[\s;|&./])(counter|link|installer|simulator|cityhall|fleet)((?: +[^\s|;&]+)*)`)
	verb     = regexp.MustCompile(`^[a-z][a-z-]+`)
	flag     = regexp.MustCompile(`(?:^|\s)--([a-z][a-z0-9-]*)`)
	test     = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w*`)
	unwanted = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// buildroots are targets of Buildroot's own Makefile, of which the pages beside the external tree speak.
var buildroots = []string{"savedefconfig", "show-info", "legal-info"}

// slug is what a heading is called in a link.
func slug(heading string) string {
	return strings.ReplaceAll(unwanted.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// TestLinks: every link of every page leads to something in the tree.
func TestLinks(t *testing.T) {
	for _, page := range files(t, ".md") {
		for _, m := range link.FindAllStringSubmatch(text(t, page), -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			at := page
			if to != "" {
				at = path.Join(path.Dir(page), to)
			}
			if !there(at) {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
				continue
			}
			if anchor == "" {
				continue
			}
			if !slices.ContainsFunc(heading.FindAllStringSubmatch(text(t, at), -1), func(h []string) bool { return slug(h[1]) == anchor }) {
				t.Errorf("%s: %s has no heading %q", page, at, anchor)
			}
		}
	}
}

// TestNamed: what a page says in code is there: make's targets, paths of the tree, tests, and the commands and flags of our programs.
func TestNamed(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z-]*):`).FindAllStringSubmatch(text(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	sources := map[string]string{} // of a program, with what several share
	for _, name := range files(t, ".go") {
		if in := strings.Split(name, "/"); in[0] == "cmd" && !strings.HasSuffix(name, "_test.go") {
			sources[in[1]] += text(t, name)
		}
	}
	tests := map[string]bool{}
	for _, name := range files(t, "_test.go") {
		for _, m := range regexp.MustCompile(`(?m)^func (\w+)\(`).FindAllStringSubmatch(text(t, name), -1) {
			tests[m[1]] = true
		}
	}
	for _, page := range files(t, ".md") {
		for _, said := range code.FindAllString(text(t, page), -1) {
			said = strings.Trim(said, "`")
			for _, line := range strings.Split(said, "\n") {
				line, _, _ = strings.Cut(line, " # ")
				for _, m := range target.FindAllStringSubmatch(line, -1) {
					for _, name := range strings.Fields(m[1]) {
						if !targets[name] && !(path.Dir(page) == "buildroot" && slices.Contains(buildroots, name)) {
							t.Errorf("%s: make has no target %s: %s", page, name, line)
						}
					}
				}
				for _, m := range place.FindAllStringSubmatch(line, -1) {
					if !there(m[1]) && !there(path.Join(path.Dir(page), m[1])) {
						t.Errorf("%s: there is no %s", page, m[1])
					}
				}
				for _, name := range test.FindAllString(line, -1) {
					if !tests[name] {
						t.Errorf("%s: there is no %s", page, name)
					}
				}
				for _, m := range program.FindAllStringSubmatch(line, -1) {
					source := sources[m[1]] + sources["internal"]
					if w := verb.FindString(strings.TrimSpace(m[2])); w != "" && w != "completion" && strings.Contains(sources[m[1]], "cobra.Command{") && !strings.Contains(source, `Use:   "`+w) && !strings.Contains(source, `Use: "`+w) {
						t.Errorf("%s: %s has no command %s: %s", page, m[1], w, line)
					}
					for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
						if f[1] != "help" && !regexp.MustCompile(`(?:Var\([^"\n]*|[fF]lags?(?:\(\))?\.\w+\()"`+f[1]+`"`).MatchString(source) {
							t.Errorf("%s: %s has no flag --%s: %s", page, m[1], f[1], line)
						}
					}
				}
			}
		}
	}
}

// TestExamples: each package that others may use shows the first lines of its use.
func TestExamples(t *testing.T) {
	public, shown := map[string]bool{}, map[string]bool{}
	example := regexp.MustCompile(`(?m)^func Example`)
	for _, name := range files(t, ".go") {
		dir := path.Dir(name)
		if strings.HasPrefix(dir, "cmd/") || strings.Contains(dir+"/", "/internal/") {
			continue
		}
		if !strings.HasSuffix(name, "_test.go") {
			public[dir] = true
		} else if example.MatchString(text(t, name)) {
			shown[dir] = true
		}
	}
	if len(public) < 20 {
		t.Fatalf("only %d packages were found", len(public))
	}
	for _, dir := range slices.Sorted(maps.Keys(public)) {
		if !shown[dir] {
			t.Errorf("%s has no Example", dir)
		}
	}
}

// TestComments: a page that a Go file speaks of is in the tree, at its top or beside the file.
func TestComments(t *testing.T) {
	page := regexp.MustCompile(`[\w./-]*\w\.md\b`)
	for _, name := range files(t, ".go") {
		for _, m := range page.FindAllString(text(t, name), -1) {
			if m = strings.Trim(m, "./"); path.Base(m) != "LICENSE.md" && !there(m) && !there(path.Join(path.Dir(name), m)) {
				t.Errorf("%s speaks of %s, which is not there", name, m)
			}
		}
	}
}
