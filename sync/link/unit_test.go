// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pahopackets "github.com/eclipse/paho.mqtt.golang/packets"
)

func TestNextSession(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, tc := range []struct {
		name, text string
		want       uint64
	}{
		{"none yet", "", 1_800_000_001},
		{"counts on", "41\n", 42},
		{"without newline", "41", 42},
		{"damaged", "4x1\n", 1_800_000_001},
		{"empty", "\x00", 1_800_000_001},
		{"too high", "9007199254740992\n", 1_800_000_001},
	} {
		dir := t.TempDir()
		if tc.text != "" {
			must(t, os.WriteFile(filepath.Join(dir, sessionFile), []byte(tc.text), 0o600))
		}
		for i := range uint64(2) {
			if n, err := nextSession(dir, now); err != nil || n != tc.want+i {
				t.Errorf("%s: %d, %v, want %d", tc.name, n, err, tc.want+i)
			}
		}
	}
}

// What a herd of boxes does after a power cut is decided by these waits: a random one at the start, full jitter afterwards, from the least again after a stable connection.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		ctx, cancel := context.WithCancel(context.Background())
		o := (&Opts{Jitter: func(d time.Duration) time.Duration {
			asked = append(asked, d)
			if len(asked) == 9 {
				cancel()
			}
			return d / 2
		}}).withDefaults()
		// The folder is not there: every session fails at once, before it dials.
		r := &runner{cfg: Config{Spread: DefaultSpread, DataDir: "/none/such"}, opts: o, hub: newHub(o.Counts, "", time.Now())}
		start := time.Now()
		r.brokerLoop(ctx)
		s := time.Second
		want := []time.Duration{180 * s, 5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 300 * s, 300 * s}
		if !slices.Equal(asked, want) {
			t.Errorf("limits %v, want %v", asked, want)
		}
		if got, want := time.Since(start), (180+5+10+20+40+80+160+300)*s/2; got != want {
			t.Errorf("waited %v, want %v", got, want)
		}
	})
	if d := jitter(0); d != 0 {
		t.Errorf("jitter of nothing is %v", d)
	}
	seen := map[time.Duration]bool{}
	for range 100 {
		d := jitter(time.Hour)
		if d < 0 || d >= time.Hour || seen[d] {
			t.Fatalf("jitter gave %v", d)
		}
		seen[d] = true
	}
}

// script is a connection that gives its text in pieces of one size.
type script struct {
	net.Conn
	r      io.Reader
	piece  int
	closed bool
}

func (s *script) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.piece)]) }
func (s *script) Close() error               { s.closed = true; return nil }

func packet(n int) []byte {
	p := pahopackets.NewControlPacket(pahopackets.Publish).(*pahopackets.PublishPacket)
	p.TopicName, p.Payload = "t", bytes.Repeat([]byte{'x'}, n)
	var b bytes.Buffer
	p.Write(&b)
	return b.Bytes()
}

func TestGuard(t *testing.T) {
	const max = 20_000
	var stream []byte
	for _, n := range []int{0, 1, 124, 125, 16_380, 16_381, 19_997} {
		stream = append(stream, packet(n)...)
	}
	stream = append(stream, 0xd0, 0) // PINGRESP
	for _, piece := range []int{1, 2, 3, 7, 1000, 1 << 20} {
		g := &guardConn{Conn: &script{r: bytes.NewReader(stream), piece: piece}, max: max}
		got, err := io.ReadAll(g)
		if err != nil || !bytes.Equal(got, stream) {
			t.Errorf("pieces of %d: %d of %d bytes, %v", piece, len(got), len(stream), err)
		}
		for _, bad := range [][]byte{packet(max), {0x30, 0xff, 0xff, 0xff, 0x7f}, {0x30, 0x80, 0x80, 0x80, 0x80, 0x01}} {
			c := &script{r: bytes.NewReader(append(bytes.Clone(stream), bad...)), piece: piece}
			g := &guardConn{Conn: c, max: max}
			got, err := io.ReadAll(g)
			if err == nil || !c.closed || len(got) > len(stream)+5 {
				t.Errorf("pieces of %d: %d bytes got through before %v", piece, len(got), err)
			}
			var long *TooLongError
			if bad[1] != 0x80 && !errors.As(err, &long) {
				t.Errorf("pieces of %d: %v", piece, err)
			}
			if _, err := g.Read(make([]byte, 1)); err == nil {
				t.Error("reading goes on")
			}
		}
	}
}

// FuzzGuard states the guard's promise: what gets through is the beginning of what came, and paho's own reader, behind it, never meets a packet above the limit.
func FuzzGuard(f *testing.F) {
	f.Add(append(packet(3), packet(200)...), uint8(1))
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}, uint8(3))
	f.Fuzz(func(t *testing.T, text []byte, piece uint8) {
		const max = 300
		g := &guardConn{Conn: &script{r: bytes.NewReader(text), piece: int(piece) + 1}, max: max}
		got, _ := io.ReadAll(g)
		if !bytes.HasPrefix(text, got) {
			t.Fatal("the guard changed what came")
		}
		for rest := got; len(rest) > 1; {
			n, used := 0, 1
			for ; used < len(rest) && used <= 4; used++ {
				n |= int(rest[used]&0x7f) << (7 * (used - 1))
				if rest[used]&0x80 == 0 {
					used++
					break
				}
			}
			if n > max && g.err == nil {
				t.Fatalf("a packet of %d bytes got through", n)
			}
			rest = rest[min(len(rest), used+n):]
		}
	})
}

func FuzzHost(f *testing.F) {
	f.Add([]byte(`{"online":true,"s":"madoguchi.host/1","session":7}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if online, err := hostOnline(text); online && (err != nil || !bytes.Contains(text, []byte(hostSchema))) {
			t.Errorf("%q: %v, %v", text, online, err)
		}
	})
}

func TestTopicsAndPresence(t *testing.T) {
	own := "mg/1/nabari/d/box-1/"
	want := Topics{own + "presence", own + "reported", own + "rec", own + "claim/put", own + "claim/get", own + "issuer/up", own + "req", own + "enrol/up",
		own + "ack", own + "desired", own + "claim", own + "issuer/down", own + "chunk", own + "enrol/down", "mg/1/nabari/host/state"}
	if got := NewTopics("nabari", "box-1"); got != want {
		t.Errorf("%+v", got)
	}
	if got := string(presence("", true, 7)); got != `{"online":true,"session":7}` {
		t.Error(got)
	}
	if got := string(presence("g07", false, 7)); got != `{"group":"g07","online":false,"session":7}` {
		t.Error(got)
	}
}
