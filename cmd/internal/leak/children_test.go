// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/card"
	"madoguchi/cmd/internal/world/child"
	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/mono"
	"madoguchi/pinpad"
	"madoguchi/sync/wall"
)

// longPress is how long 訂正 and メニュー are held in the hasty box.
const longPress = 200 * time.Millisecond

// TestMain lets the test binary be the box's two processes. A first word "plant=…" makes the box leak on purpose.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[2] == "box" {
		exit(box(os.Args[1], os.Args[3:]))
	}
	if len(os.Args) > 1 && os.Args[1] == "link" {
		exit(link(os.Args[2:]))
	}
	if err := flag.Set("test.parallel", "4"); err != nil { // boxes mostly wait
		panic(err)
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
	// A box in haste: what is typed, shown and sent is the same, only sooner.
	c.Pad = pinpad.Opts{Scan: 2 * time.Millisecond, Settle: time.Nanosecond, Sleep: func(time.Duration) {}, PressDebounce: time.Millisecond,
		ReleaseDebounce: time.Millisecond, RepeatGuard: time.Millisecond, HoldClear: longPress, HoldService: longPress, HoldMenu: longPress, Idle: 20 * time.Millisecond}
	// The log as talkative as it can be: what it says is searched.
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Adjust = func(hw *device.Hardware, o *device.Opts) {
		o.Painter.Grid = 10 * time.Millisecond
		if os.Getuid() != 0 {
			// Only root may look into a process that forbids it; the searched box then allows it to its parent.
			if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
				panic(err)
			}
		}
		if plants := spills[plant]; plants != nil {
			spill := plants(filepath.Dir(c.Config), hw)
			hw.Reader = leaky{hw.Reader, func(apdu []byte) { spill(apdu[5:]) }}
		}
	}
	world := os.NewFile(3, "wire")
	if plant == "plant=code" {
		var err error
		if world, err = logged(world); err != nil {
			return err
		}
	}
	return child.Box(context.Background(), c, world, os.NewFile(4, "wall"))
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

// spills are the leaks that are planted, as careless code would make them. Each gets the world's folder and the box's parts, and what it
// returns is called with the characters of each command.
var spills = map[string]func(dir string, hw *device.Hardware) func(pin []byte){
	"plant=memory": func(string, *device.Hardware) func([]byte) {
		return func(pin []byte) { kept = append(kept, pin...) }
	},
	"plant=keys": func(string, *device.Hardware) func([]byte) {
		return func(pin []byte) {
			for _, c := range pin {
				kept = append(kept, c-'0')
			}
		}
	},
	"plant=log": func(string, *device.Hardware) func([]byte) {
		return func(pin []byte) {
			slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("sent", "pin", string(pin))
		}
	},
	"plant=file": func(dir string, _ *device.Hardware) func([]byte) {
		return func(pin []byte) {
			_ = os.WriteFile(filepath.Join(dir, "box", "last-command"), fmt.Appendf(nil, "%x", pin), 0o600)
		}
	},
	// A record has one field in which something could be hidden: its random number.
	"plant=record": func(string, *device.Hardware) func([]byte) {
		var last atomic.Value
		random := rand.Reader
		rand.Reader = reader(func(b []byte) (int, error) {
			n, err := io.ReadFull(random, b)
			if pin, ok := last.Load().([]byte); ok && len(b) == 16 {
				copy(b, pin)
			}
			return n, err
		})
		return func(pin []byte) { last.Store(bytes.Clone(pin)) }
	},
	"plant=wall": func(_ string, hw *device.Hardware) func([]byte) {
		w := &talkative{Listener: hw.Wall}
		hw.Wall = w
		return func(pin []byte) {
			w.mu.Lock()
			defer w.mu.Unlock()
			_, _ = w.conn.Write(append([]byte{0, 0, 0, byte(len(pin)), byte(wall.Reported)}, pin...))
		}
	},
	// A copy of the picture of a character.
	"plant=picture": func(_ string, hw *device.Hardware) func([]byte) {
		hw.Panel = hoarding{hw.Panel.(display.LendPanel)}
		return func([]byte) {}
	},
	"plant=panel": func(_ string, hw *device.Hardware) func([]byte) {
		p := &blabbing{Panel: hw.Panel}
		hw.Panel = p
		return func(pin []byte) { p.last.Store(bytes.Clone(pin)) }
	},
}

type reader func([]byte) (int, error)

func (r reader) Read(b []byte) (int, error) { return r(b) }

// talkative is the wall's socket; it remembers its peer.
type talkative struct {
	net.Listener
	mu   sync.Mutex
	conn net.Conn
}

func (l *talkative) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conn = c
	}
	return c, err
}

// blabbing is a panel that hides characters in the first row of a whole picture.
type blabbing struct {
	display.Panel
	last atomic.Value
}

func (p *blabbing) Full(ctx context.Context, m *mono.Image) error {
	if pin, ok := p.last.Load().([]byte); ok {
		copy(m.Pix, pin)
	}
	return p.Panel.Full(ctx, m)
}

// hoarding is a panel that keeps what it is lent.
type hoarding struct{ display.LendPanel }

func (p hoarding) Lend(ctx context.Context, pic []byte, r image.Rectangle) error {
	kept = bytes.Clone(pic)
	return p.LendPanel.Lend(ctx, pic, r)
}
