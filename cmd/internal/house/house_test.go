// SPDX-License-Identifier: Apache-2.0

package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "madoguchi"

// arrows says what of ours a package may import. The first row whose pattern fits decides: a pattern is a
// package path below the module, or one that ends in /... for the package and all below it.
var arrows = []struct {
	pkg string
	may []string
}{
	{"pinpad/pin", nil},
	{"pinpad/pinpadtest", []string{"pinpad"}},
	{"pinpad", []string{"pinpad/pin"}},

	{"card", []string{"pinpad/pin"}},
	{"card/...", []string{"pinpad/pin", "card"}},

	{"display/...", []string{"display/..."}},

	{"sync/record", nil},
	{"sync/issuer", []string{"sync/record"}}, // its signed envelopes
	{"sync/claim", []string{"sync/record"}},
	{"sync/outbox", []string{"sync/record", "sync/claim"}},
	{"sync/notify", nil},
	{"sync/enrol", []string{"sync/record"}}, // its signed envelopes
	{"sync/wall", []string{"sync/record"}},
	{"sync/link", []string{"sync/wall", "sync/record", "sync/enrol"}},

	{"device/policy/...", []string{"device/policy/..."}},
	{"device/procedure", []string{"device/policy/..."}},
	{"device/session", []string{"device/policy/...", "device/procedure", "display", "card", "sync/record", "sync/claim"}},
	{"device/issue", []string{"sync/issuer"}},
	{"device/update", []string{"sync/wall"}},
	{"device/slots", nil},
	{"device/settings", []string{"display", "sync/record"}},
	{"device/enrol", []string{"pinpad/...", "display/...", "sync/enrol", "sync/wall", "device"}},
	{"device/bundle", nil},
	{"device/firmware", []string{"device/bundle", "device/update"}},
	{"device/update/signer", []string{"device/update"}}, // the fleet's side
	{"device", []string{"pinpad/...", "card", "display/...", "sync/record", "sync/claim", "sync/outbox", "sync/wall", "sync/issuer", "sync/enrol",
		"device/..."}},

	{"cmd/counter/...", []string{"pinpad/...", "card", "card/pcsc", "display/...", "sync/record", "sync/claim", "sync/outbox", "sync/notify", "sync/wall", "sync/enrol",
		"device/...", "cmd/counter/..."}},
	{"cmd/link/...", []string{"sync/link", "sync/notify", "sync/wall", "sync/record", "sync/enrol", "cmd/link/..."}},
	{"cmd/installer/...", []string{"device/bundle", "sync/wall"}},
	{"cmd/link/...", []string{"sync/link", "sync/notify", "sync/wall", "sync/record", "cmd/link/..."}},
	{"cmd/...", []string{"..."}},
}

// simulated are the parts that stand in for hardware: never in a firmware binary, never in device.
var simulated = []string{"card/simcard", "card/vpcd", "card/vscard", "pinpad/pinpadtest", "display/epd/epdtest"}

// never says what must not be reached, however indirectly.
var never = []struct {
	pkg   string
	never []string
}{
	{"cmd/counter", append([]string{"net/http", "crypto/tls", "os/exec", "plugin",
		"github.com/godbus/dbus/v5", "github.com/eclipse/paho.mqtt.golang", "github.com/mochi-mqtt/server/v2",
		module + "/sync/link", module + "/cmd/internal/...", module + "/device/update/signer"}, ours(simulated)...)},
	{"cmd/link", append([]string{"os/exec", "github.com/ebfe/scard", "periph.io/x/conn/v3/...", "periph.io/x/host/v3/...", "go.etcd.io/bbolt",
		module + "/card/...", module + "/pinpad/...", module + "/display/...", module + "/device/..."}, ours(simulated)...)},
	{"cmd/installer", append([]string{"net/http", "crypto/tls", "github.com/eclipse/paho.mqtt.golang", "go.etcd.io/bbolt", "github.com/ebfe/scard",
		"github.com/theupdateframework/go-tuf/v2/...", module + "/card/...", module + "/pinpad/...", module + "/display/...", module + "/sync/link"}, ours(simulated)...)},
	{"cmd/fleet", []string{module + "/card/...", module + "/pinpad/..."}},
	{"cmd/cityhall", []string{module + "/card/...", module + "/pinpad/..."}},
	{"device", append([]string{"net/http", "crypto/tls", "os/exec", "github.com/eclipse/paho.mqtt.golang", module + "/sync/link"}, ours(simulated)...)},
}

func ours(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = module + "/" + p
	}
	return out
}

type pkg struct {
	ImportPath     string
	Name           string
	Imports        []string
	Deps           []string
	DefaultGODEBUG string
}

func TestArrows(t *testing.T) {
	for _, p := range list(t) {
		path := strings.TrimPrefix(p.ImportPath, module+"/")
		if path == "sync" {
			t.Errorf("package %s: sync/ holds no package of its own name", p.ImportPath)
		}
		row := slices.IndexFunc(arrows, func(a struct {
			pkg string
			may []string
		}) bool {
			return fits(path, a.pkg)
		})
		if row < 0 {
			t.Errorf("package %s has no row in the table of rooms", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			imp, own := strings.CutPrefix(imp, module+"/")
			if own && !slices.ContainsFunc(arrows[row].may, func(m string) bool { return fits(imp, m) }) {
				t.Errorf("%s imports %s: the row %q allows only %q", path, imp, arrows[row].pkg, arrows[row].may)
			}
		}
	}
}

func TestNever(t *testing.T) {
	all := list(t)
	for _, rule := range never {
		i := slices.IndexFunc(all, func(p pkg) bool { return p.ImportPath == module+"/"+rule.pkg })
		if i < 0 {
			t.Errorf("package %s is not there", rule.pkg)
			continue
		}
		for _, dep := range all[i].Deps {
			if n := slices.IndexFunc(rule.never, func(n string) bool { return fits(dep, n) }); n >= 0 {
				t.Errorf("%s reaches %s, which it must never (%s)", rule.pkg, dep, rule.never[n])
			}
		}
	}
}

// TestPure: the session decides and does nothing else. What it may not do it may not even import.
func TestPure(t *testing.T) {
	for _, p := range list(t) {
		if p.ImportPath != module+"/device/session" {
			continue
		}
		for _, imp := range p.Imports {
			if slices.Contains([]string{"os", "io", "net", "sync", "context", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}, imp) {
				t.Errorf("device/session imports %s: it has no clock, no I/O and no chance", imp)
			}
		}
		return
	}
	t.Error("package device/session is not there")
}

// TestRandomness: a program that lets key generation read a given source must not be the firmware.
func TestRandomness(t *testing.T) {
	for _, p := range list(t) {
		if p.Name == "main" && p.ImportPath != module+"/cmd/simulator" && strings.Contains(p.DefaultGODEBUG, "cryptocustomrand=1") {
			t.Errorf("%s sets cryptocustomrand=1: simulated keys only", p.ImportPath)
		}
	}
}

// TestTopLevel holds the list of what may stand at the top of the tree.
func TestTopLevel(t *testing.T) {
	may := []string{"cmd", "device", "display", "pinpad", "card", "sync", "buildroot", "go.mod", "go.sum", "README.md", "Makefile",
		"LICENSE", "CHANGELOG.md", "SECURITY.md"}
	out, err := exec.Command("git", "-C", root(t), "ls-files").Output()
	if err != nil {
		t.Fatalf("asking git for the files: %v", err)
	}
	seen := map[string]bool{}
	for f := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(f), "/")
		if !seen[top] && !strings.HasPrefix(top, ".") && !slices.Contains(may, top) {
			t.Errorf("%s does not belong at the top of the tree", top)
		}
		seen[top] = true
	}
	if len(seen) == 0 {
		t.Error("git names no files")
	}
}

// TestModule: the image's Go is 1.26.x, and what is built is what go.mod says.
func TestModule(t *testing.T) {
	mod := read(t, "go.mod")
	if !strings.Contains(mod, "\ngo 1.26.0\n") || strings.Contains(mod, "\ntoolchain") {
		t.Error("go.mod must say go 1.26.0 and have no toolchain line")
	}
	if !strings.Contains(read(t, "Makefile"), "export GOFLAGS := -mod=readonly") {
		t.Error("the Makefile must set GOFLAGS to -mod=readonly")
	}
	for _, req := range []string{"periph.io/x/conn/v3 v3.7.3", "periph.io/x/host/v3 v3.8.5",
		"github.com/ebfe/scard v0.0.0-20241214075232-7af069cabc25", "github.com/eclipse/paho.mqtt.golang v1.5.1", "go.etcd.io/bbolt v1.5.0"} {
		if !strings.Contains(mod, req+"\n") {
			t.Errorf("go.mod lacks %s as a direct requirement", req)
		}
	}
}

// TestDependencyTable: the README says of each direct requirement what it is for.
func TestDependencyTable(t *testing.T) {
	readme := read(t, "README.md")
	table := readme[strings.Index(readme, "## Dependencies"):]
	direct, _, _ := strings.Cut(read(t, "go.mod"), "\n)")
	n := 0
	for line := range strings.Lines(direct) {
		f := strings.Fields(line)
		if len(f) != 2 || !strings.HasPrefix(line, "\t") {
			continue
		}
		n++
		name := f[0]
		if short, ok := strings.CutPrefix(name, "golang.org/"); ok {
			name = short
		}
		if !strings.Contains(table, name+"`") {
			t.Errorf("the README's table of dependencies lacks %s", f[0])
		}
	}
	if n == 0 {
		t.Error("go.mod has no direct requirement")
	}
}

// TestBuildsWithoutCgo: only card/pcsc needs cgo, and it has a twin without.
func TestBuildsWithoutCgo(t *testing.T) {
	cmd := exec.Command("go", "build", "-o", os.DevNull, module+"/...")
	cmd.Dir, cmd.Env = root(t), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("CGO_ENABLED=0 go build ./...: %v\n%s", err, out)
	}
}

func TestFits(t *testing.T) {
	for _, c := range []struct {
		path, pattern string
		want          bool
	}{
		{"card", "card", true}, {"card/pcsc", "card", false}, {"card", "card/...", true}, {"card/pcsc", "card/...", true},
		{"cardiac", "card/...", false}, {"anything/at/all", "...", true},
	} {
		if got := fits(c.path, c.pattern); got != c.want {
			t.Errorf("fits(%q, %q) = %v", c.path, c.pattern, got)
		}
	}
}

func fits(path, pattern string) bool {
	if pattern == "..." {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return path == pattern
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Imports,Deps,DefaultGODEBUG", module+"/...")
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("reading go list: %v", err)
		}
		all = append(all, p)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}
