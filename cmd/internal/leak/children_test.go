// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"madoguchi/card"
	"madoguchi/cmd/internal/world/child"
	"madoguchi/device"
)

// TestMain lets the test binary be the box's two processes. A first word "plant=…" makes the box leak on purpose.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[2] == "box" {
		exit(box(os.Args[1], os.Args[3:]))
	}
	if len(os.Args) > 1 && os.Args[1] == "link" {
		exit(link(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func box(plant string, args []string) error {
	var c child.BoxConfig
	f := flag.NewFlagSet("box", flag.ContinueOnError)
	f.StringVar(&c.Config, "config", "", "")
	_ = f.String("card", "", "")
	if err := f.Parse(args); err != nil {
		return err
	}
	// The log as talkative as it can be: what it says is searched.
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Adjust = func(hw *device.Hardware) {
		if os.Getuid() != 0 {
			// Only root may look into a process that forbids it; the searched box then allows it to its parent.
			if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
				panic(err)
			}
		}
		if spill := spills[plant]; spill != nil {
			hw.Reader = leaky{hw.Reader, func(apdu []byte) { spill(filepath.Dir(c.Config), apdu) }}
		}
	}
	return child.Box(context.Background(), c, os.NewFile(3, "wire"), os.NewFile(4, "wall"))
}

func link(args []string) error {
	var c child.LinkConfig
	f := flag.NewFlagSet("link", flag.ContinueOnError)
	f.StringVar(&c.Broker, "broker", "", "")
	f.StringVar(&c.City, "city", "", "")
	f.StringVar(&c.Device, "device", "", "")
	f.StringVar(&c.Wall, "wall", "", "")
	f.StringVar(&c.State, "state", "", "")
	if err := f.Parse(args); err != nil {
		return err
	}
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return child.Link(context.Background(), c, os.NewFile(3, "life"))
}

// leaky is a reader that lets somebody else see each command.
type leaky struct {
	device.Reader
	see func(apdu []byte)
}

func (l leaky) Connect(ctx context.Context) (card.Link, error) {
	c, err := l.Reader.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return leakyLink{c, l.see}, nil
}

type leakyLink struct {
	card.Link
	see func(apdu []byte)
}

func (l leakyLink) Transmit(apdu []byte) ([]byte, error) {
	if len(apdu) > 5 && (apdu[1] == 0x20 || apdu[1] == 0x24) {
		l.see(apdu)
	}
	return l.Link.Transmit(apdu)
}

var kept []byte

// spills are the leaks that are planted, as careless code would make them. dir is the world's folder.
var spills = map[string]func(dir string, apdu []byte){
	"plant=memory": func(_ string, apdu []byte) { kept = append(kept, apdu[5:]...) },
	"plant=log": func(_ string, apdu []byte) {
		slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("sent", "apdu", fmt.Sprintf("% x", apdu), "pin", string(apdu[5:]))
	},
	"plant=file": func(dir string, apdu []byte) {
		_ = os.WriteFile(filepath.Join(dir, "box", "last-command"), []byte(fmt.Sprintf("%x", apdu)), 0o600)
	},
}
