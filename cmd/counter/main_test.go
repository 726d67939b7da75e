// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const config = `
city         = "nabari"
office       = "市民課"
office_group = "g01"
device_id    = "k3v7q2xw5m4nr8ta"
data_dir     = "DIR"

[[clerks]]
label = "A"
hash  = "$argon2id$v=19$m=7168,t=5,p=1$c2ltcGxlLXNhbHQtMTIzNA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
`

// TestArguments: what a technician gets for each thing that can be wrong before any hardware is touched.
func TestArguments(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name string
		args []string
		code int
		want string // part of what is printed
	}{
		{"version", []string{"--version"}, 0, "counter " + version},
		{"help", []string{"--help"}, 0, "-config"},
		{"help of commands", []string{"--help"}, 0, "counter selftest"},
		{"unknown flag", []string{"--pin", "1234"}, 2, "pin"},
		{"argument", []string{"start"}, 2, `unexpected argument "start"`},
		{"no file", []string{"--config", filepath.Join(dir, "none.toml")}, 2, "there is no configuration file"},
		{"unknown key", []string{"--config", write("key.toml", "offise = \"x\"\n"+config)}, 2, "key.toml:1:1"},
		{"wrong value", []string{"--config", write("group.toml", strings.Replace(config, "g01", "north", 1))}, 2, "group.toml:4:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := run(append([]string{"counter"}, tt.args...), &out, &out); code != tt.code {
				t.Errorf("ended with %d, want %d", code, tt.code)
			}
			if !strings.Contains(out.String(), tt.want) {
				t.Errorf("printed %q, want %q in it", out.String(), tt.want)
			}
		})
	}
}

// TestMissing: on a machine that is not the board, one start names every device file that is missing and how to enable it.
func TestMissing(t *testing.T) {
	old := dev
	t.Cleanup(func() { dev = old })
	dev = t.TempDir()
	socket := filepath.Join(dev, "pcscd.comm")

	text := func() string {
		var all []string
		for _, err := range checkFiles("/dev/spidev0.0", socket) {
			all = append(all, err.Error())
		}
		return strings.Join(all, "\n")
	}
	for _, want := range []string{"/dev/gpiochip* is missing", "spidev0.0 is missing; enable it with dtparam=spi=on", "pcscd.comm is missing; start pcscd.socket"} {
		if !strings.Contains(text(), want) {
			t.Errorf("an empty /dev gives\n%s\nwant %q in it", text(), want)
		}
	}
	if err := os.WriteFile(filepath.Join(dev, "gpiochip0"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dev, "spidev0.0"), 0o700); err != nil { // opening it for writing fails, as without rights
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := text(); strings.Contains(got, "gpiochip") || strings.Contains(got, "pcscd") || !strings.Contains(got, "cannot be used") || !strings.Contains(got, "group spi") {
		t.Errorf("only the SPI port should be wanting, got\n%s", got)
	}
}

func TestOpenSPI(t *testing.T) {
	for _, file := range []string{"", "spidev0.0", "/dev/spidev0", "/dev/../etc/passwd"} {
		if _, err := openSPI(file); err == nil || !strings.Contains(err.Error(), "want a device file like /dev/spidev0.0") {
			t.Errorf("openSPI(%q): %v", file, err)
		}
	}
}

func TestListen(t *testing.T) {
	if _, err := listen(""); err == nil || !strings.Contains(err.Error(), "--wall") {
		t.Errorf("without a socket: %v", err)
	}
	path := filepath.Join(t.TempDir(), "wall.sock")
	l, err := listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v; want mode 0600", st.Mode(), err)
	}
}
