// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProvisionFile: the provisioning file goes to both programs, each its own copy, and leaves the card as zeros and then without a name; a new one takes the place of one that
// was not used; a box that has its settings takes none. It is cut off after each program that the script calls, and run again.
func TestProvisionFile(t *testing.T) {
	const name = "madoguchi.provision"
	for _, c := range []struct {
		name string
		card string            // the file on the card; "": none
		data map[string]string // before
		want map[string]string // after
		rc   int
	}{
		{"new box", "signed", nil, map[string]string{"counter/" + name: "signed", "link/" + name: "signed", "chrony/ntp.sources": "server ntp iburst\n", "network/10-address.network": "[Network]\n"}, 0},
		{"another file", "second", map[string]string{"counter/" + name: "first", "link/" + name: "first", "link/link.toml": "of the first", "counter/enrol.request": "of the first"},
			map[string]string{"counter/" + name: "second", "link/" + name: "second", "chrony/ntp.sources": "server ntp iburst\n", "network/10-address.network": "[Network]\n"}, 0},
		{"it waits at the panel", "", map[string]string{"counter/" + name: "first", "link/" + name: "first"}, map[string]string{"counter/" + name: "first", "link/" + name: "first"}, 0},
		{"enrolled", "stray", map[string]string{"counter/counter.toml": "c", "link/link.toml": "l"}, map[string]string{"counter/counter.toml": "c", "link/link.toml": "l", "provisioned": ""}, 0},
		{"nothing", "", nil, map[string]string{}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for cut := 0; ; cut++ { // 0: not cut off; n: after the n-th program
				dir := t.TempDir()
				for _, d := range []string{"counter", "link", "chrony", "../card"} {
					if err := os.MkdirAll(filepath.Join(dir, "data", d), 0o700); err != nil {
						t.Fatal(err)
					}
				}
				for f, text := range c.data {
					put(t, filepath.Join(dir, "data", f), text)
				}
				if c.card != "" {
					put(t, filepath.Join(dir, "card", name), c.card)
				}
				// Each program is counted, and after one of them nothing works: the power is gone.
				put(t, filepath.Join(dir, "count"), "")
				gate := "printf x >>" + dir + "/count; n=$(wc -c <" + dir + "/count); l=$(cat " + dir + "/limit); [ $l = 0 ] || [ $n -le $l ] || exit 9\n"
				for prog, body := range map[string]string{
					"mount": ":", "umount": "exit 0", "sync": ":", "mv": `/bin/mv "$@"`, "rm": `/bin/rm "$@"`,
					"dd": `/bin/dd "$@" 2>/dev/null`,
					"install": `case $1 in
-d) shift; [ $1 != -m ] || shift 2; mkdir -p "$1" ;;
*) for a; do src=$dst; dst=$a; done; cp "$src" "$dst" ;;
esac`,
					"link": `printf 'server ntp iburst\n' >$3/ntp.sources; printf '[Network]\n' >$3/address.network`,
				} {
					put(t, filepath.Join(dir, "bin", prog), "#!/bin/sh\n"+gate+body+"\n")
				}
				put(t, filepath.Join(dir, "bin/umount"), "#!/bin/sh\n")
				run := func(limit string) (string, int) {
					put(t, filepath.Join(dir, "limit"), limit)
					put(t, filepath.Join(dir, "count"), "")
					return script(t, "provision", dir, []string{"DATA=" + dir + "/data", "MOUNT=" + dir + "/card", "RUN=" + dir + "/run", "LINK=" + dir + "/bin/link"})
				}
				if cut > 0 {
					run(strconv.Itoa(cut))
				}
				out, rc := run("0")
				if rc != c.rc {
					t.Fatalf("cut %d: ended with %d: %s", cut, rc, out)
				}
				got := map[string]string{}
				err := filepath.WalkDir(filepath.Join(dir, "data"), func(path string, d os.DirEntry, err error) error {
					if err != nil || d.IsDir() {
						return err
					}
					b, err := os.ReadFile(path)
					rel, _ := filepath.Rel(filepath.Join(dir, "data"), path)
					got[rel] = string(b)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("cut %d (-want +got):\n%s\n%s", cut, diff, out)
				}
				_, err = os.Stat(filepath.Join(dir, "card", name))
				if took := c.card != "" && c.name != "enrolled"; took && !os.IsNotExist(err) {
					t.Errorf("cut %d: the file is still on the card", cut)
				}
				if cut == 16 || c.card == "" || c.name == "enrolled" {
					break
				}
			}
		})
	}
}
