// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pinpadtest"
)

// TestScanKeys: open keys are well, one that is down is named by its place, and nothing stays driven.
func TestScanKeys(t *testing.T) {
	m := pinpadtest.NewMatrix()
	if f := scanKeys(m.Rows(), m.Cols()); f.Code != "KY0" {
		t.Errorf("all up: %+v", f)
	}
	m.Press(pinpad.Key6)
	if f := scanKeys(m.Rows(), m.Cols()); f.Code != "KY3" || !strings.Contains(f.What, "row 2, column 3") {
		t.Errorf("6 is down: %+v", f)
	}
	m.Release(pinpad.Key6)
	if f := scanKeys(m.Rows(), m.Cols()); f.Code != "KY0" {
		t.Errorf("up again: %+v", f)
	}
}

func TestCheckClock(t *testing.T) {
	epoch := filepath.Join(t.TempDir(), "clock-epoch")
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if err := os.WriteFile(epoch, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(epoch, built, built); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		now  time.Time
		kept bool
		err  error
		want string
	}{
		{built.AddDate(0, 0, 20), true, nil, "CL0"},
		{time.Unix(0, 0), true, nil, "CL1"},
		{built.AddDate(0, 0, 20), false, nil, "CL2"},
		{built.AddDate(0, 0, 20), false, errors.New("no"), "CL9"},
	} {
		if f := checkClock(tc.now, epoch, func() (bool, error) { return tc.kept, tc.err }); f.Code != tc.want || f.OK != (tc.want == "CL0") {
			t.Errorf("%v, kept %t, %v: %+v, want %s", tc.now, tc.kept, tc.err, f, tc.want)
		}
	}
}

func TestCheckStorage(t *testing.T) {
	dir := t.TempDir()
	if f := checkStorage(dir); f.Code != "ST0" {
		t.Errorf("%+v", f)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("it leaves %v", left)
	}
	if f := checkStorage(filepath.Join(dir, "none")); f.Code != "ST1" {
		t.Errorf("%+v", f)
	}
	if f := checkStorage("/proc"); f.Code != "ST2" {
		t.Errorf("%+v", f)
	}
}

// certUntil writes a certificate that ends then.
func certUntil(t *testing.T, end time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.AddDate(-1, 0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCheckLink(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	running, idle := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(running, "7"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(running, "7", "comm"), []byte("link\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(broken, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, cert, proc, want string }{
		{"runs", certUntil(t, now.AddDate(1, 0, 0)), running, "LK0"},
		{"does not run", certUntil(t, now.AddDate(1, 0, 0)), idle, "LK1"},
		{"broken certificate", broken, running, "LK2"},
		{"ended", certUntil(t, now.AddDate(0, 0, -1)), running, "LK3"},
		{"ends soon", certUntil(t, now.AddDate(0, 0, 10)), running, "LK4"},
		{"not for this user's eyes", filepath.Join(idle, "none"), running, "LK0"},
	} {
		if f := checkLink(now, tc.cert, tc.proc); f.Code != tc.want {
			t.Errorf("%s: %+v, want %s", tc.name, f, tc.want)
		}
	}
}

// TestCheckAll: a part that never answers costs its own line and not those of the others.
func TestCheckAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		got := checkAll([]check{
			{"keys", "KY", func() Finding { return well("keys", "KY0", "") }},
			{"panel", "PN", func() Finding { <-never; return Finding{} }},
			{"clock", "CL", func() Finding { time.Sleep(time.Second); return well("clock", "CL0", "") }},
			{"link", "LK", func() Finding { <-never; return Finding{} }},
		}, selftestLimit)
		var codes []string
		for _, f := range got {
			codes = append(codes, f.Code)
		}
		if s := strings.Join(codes, " "); s != "KY0 PN9 CL0 LK9" {
			t.Errorf("codes %s", s)
		}
		close(never)
	})
}

// TestSelftestRefuses: without settings, and beside the service, nothing is touched.
func TestSelftestRefuses(t *testing.T) {
	var out, errs bytes.Buffer
	if n := run([]string{"counter", "selftest", "--config", filepath.Join(t.TempDir(), "none.toml")}, &out, &errs); n != 2 || out.Len() != 0 || errs.Len() == 0 {
		t.Errorf("status %d, %q, %q", n, &out, &errs)
	}
}
