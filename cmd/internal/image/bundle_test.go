// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBundle: with a key from outside the tree, post-image.sh makes a bundle that RAUC takes by the right certificate, and refuses by another
// one, after one flipped bit, and when it was signed with a certificate that is not for code.
func TestBundle(t *testing.T) {
	keys := t.TempDir()
	key, cert := signer(t, keys, "release", "codeSigning,emailProtection")
	_, foreign := signer(t, keys, "foreign", "codeSigning,emailProtection")
	dir := images(t, "rpi4", time.Now())
	postImage(t, dir, "rpi4", "MADOGUCHI_SIGN_KEY="+key, "MADOGUCHI_SIGN_CERT="+cert, "MADOGUCHI_VERSION=2026.12", "MADOGUCHI_RELEASE=yes")
	bundle := filepath.Join(dir, "madoguchi-rpi4.raucb")

	info := command(t, "rauc", "info", "--keyring="+cert, bundle)
	for _, want := range []string{"madoguchi-rpi4", "2026.12", "verity", "post-install"} {
		if !strings.Contains(info, want) {
			t.Errorf("rauc info does not say %q:\n%s", want, info)
		}
	}
	refused(t, "a foreign certificate", foreign, bundle)

	b, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	// A bundle's blocks are checked when they are read, against the root hash in the manifest; the manifest and its signature at once.
	for name, at := range map[string]int{"signature": len(b) - 100, "manifest": bytes.LastIndex(b, []byte("compatible=madoguchi-rpi4")) + 20} {
		bad := append([]byte(nil), b...)
		bad[at] ^= 1
		p := filepath.Join(dir, "bad.raucb")
		if err := os.WriteFile(p, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		refused(t, "one flipped bit in the "+name, cert, p)
	}

	webKey, webCert := signer(t, keys, "web", "serverAuth,emailProtection")
	postImage(t, dir, "rpi4", "MADOGUCHI_SIGN_KEY="+webKey, "MADOGUCHI_SIGN_CERT="+webCert, "MADOGUCHI_VERSION=2026.12")
	conf := filepath.Join(keys, "system.conf")
	text := strings.NewReplacer("@COMPATIBLE@", "madoguchi-rpi4", "/etc/rauc/keyring.pem", webCert).Replace(read(t, "ota/system.conf.in"))
	var lines []string
	for l := range strings.Lines(text) {
		if !strings.HasPrefix(l, "@1.15@") { // Debian's RAUC does not know these
			lines = append(lines, l)
		}
	}
	if err := os.WriteFile(conf, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("rauc", "--conf="+conf, "info", bundle).CombinedOutput(); err == nil {
		t.Errorf("a web server's certificate signs bundles:\n%s", out)
	} else if !strings.Contains(string(out), "purpose") {
		t.Errorf("refused for another reason:\n%s", out)
	}
}

func refused(t *testing.T, why, cert, bundle string) {
	t.Helper()
	if out, err := exec.Command("rauc", "info", "--keyring="+cert, bundle).CombinedOutput(); err == nil {
		t.Errorf("%s: the bundle is taken:\n%s", why, out)
	}
}

// signer makes a throw-away key and a certificate for one use.
func signer(t *testing.T, dir, name, use string) (key, cert string) {
	t.Helper()
	key, cert = filepath.Join(dir, name+".key"), filepath.Join(dir, name+".pem")
	command(t, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN="+name,
		"-addext", "extendedKeyUsage=critical,"+use, "-addext", "keyUsage=digitalSignature", "-keyout", key, "-out", cert)
	return key, cert
}
