// SPDX-License-Identifier: Apache-2.0

package pcscd_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/card/vpcd"
	"madoguchi/cmd/internal/pcscd"
)

func TestMain(m *testing.M) {
	pcscd.Inside()
	os.Exit(m.Run())
}

// TestPrivate: a daemon answers at its own socket, is nowhere else, and leaves
// nothing behind.
func TestPrivate(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := pcscd.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for slot := range pcscd.Readers {
		conn, err := d.Dial(ctx, slot)
		if err != nil {
			t.Fatalf("slot %d: %v%s", slot, err, d.Said())
		}
		conn.Close()
	}
	if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", vpcd.Port)); err == nil {
		conn.Close()
		t.Error("the virtual reader listens outside its namespace (or another program has its port)")
	}
	if err := d.Kill(ctx); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("unix", d.Socket()); err == nil {
		conn.Close()
		t.Error("a killed daemon answers")
	}
	if err := d.Kill(ctx); err == nil {
		t.Error("killed twice without an error")
	}
	if err := d.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", d.Socket())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(filepath.Dir(filepath.Dir(d.Socket())))); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
}

func Example() {
	pcscd.Inside() // first thing in main
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := pcscd.Start(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	conn, err := d.Dial(ctx, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close() // pulls the card
	s, _ := simcard.SampleByID("adult", time.Now())
	go vpcd.Serve(conn, simcard.New(s.Spec))

	tool := exec.CommandContext(ctx, "opensc-tool", "--wait", "--name")
	tool.Env = append(os.Environ(), d.Env())
	out, err := tool.Output()
	fmt.Println(strings.TrimSpace(string(out)), err)
	// Output:
	// jpki <nil>
}
