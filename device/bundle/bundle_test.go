// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bufio"
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var sum = strings.Repeat("ab", 32)

// side is an Installer that does what a test wants.
type side struct {
	board   Board
	err     error
	did     []string
	install func(progress func(int)) error
	blind   int // looks that fail
}

func (s *side) Look(context.Context) (Board, error) {
	if s.blind--; s.blind >= 0 {
		return Board{}, Fault(Silent, "")
	}
	return s.board, s.err
}

func (s *side) Check(_ context.Context, sha256 string) error {
	s.did = append(s.did, "check "+sha256[:4])
	return s.err
}

func (s *side) Install(_ context.Context, sha256 string, progress func(int)) error {
	s.did = append(s.did, "install "+sha256[:4])
	if s.install != nil {
		return s.install(progress)
	}
	return s.err
}

func (s *side) Mark(_ context.Context, st Step) error {
	s.did = append(s.did, string(st))
	return s.err
}

// served is a client of a served side.
func served(t *testing.T, in Installer, o ServeOpts) (*Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- Serve(ctx, l, in, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-end; err != nil {
			t.Error(err)
		}
	})
	return NewClient(path), path
}

func codeOf(err error) Code {
	var fault *Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}

// TestSteps: each step arrives as itself, and what is wrong comes back with its code.
func TestSteps(t *testing.T) {
	s := &side{board: Board{Booted: "B", Slots: map[string]string{"A": "x", "B": ""}}}
	c, _ := served(t, s, ServeOpts{})
	ctx := t.Context()
	s.install = func(progress func(int)) error {
		for _, p := range []int{0, 20, 20, 10, 99, 100, 120} {
			progress(p)
		}
		return nil
	}
	var told []int
	board, err := c.Install(ctx, sum, func(p int) { told = append(told, p) })
	if diff := cmp.Diff(s.board, board); err != nil || diff != "" {
		t.Errorf("installed: %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]int{20, 99, 100}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	s.blind = 2 // a card that still writes answers late
	if _, err := c.Install(ctx, sum, nil); err != nil {
		t.Errorf("a board that is slow after an installation: %v", err)
	}
	s.did = s.did[:1]
	for _, err := range []error{c.Check(ctx, sum), c.Mark(ctx, Try), c.Mark(ctx, Keep), c.Mark(ctx, Drop), c.Mark(ctx, Stay)} {
		if err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"install abab", "check abab", "try", "keep", "drop", "stay"}, s.did); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	for _, tc := range []struct {
		err  error
		want Error
	}{
		{Fault(Space, "No space left\non device \x1b[31m赤"), Error{Space, "No space left on device [31m"}},
		{errors.New("something else"), Error{Other, "something else"}},
		{Fault(Write, strings.Repeat("x", 500)), Error{Write, strings.Repeat("x", 160)}},
	} {
		s.err = tc.err
		var fault *Error
		if err := c.Mark(ctx, Try); !errors.As(err, &fault) || *fault != tc.want {
			t.Errorf("%v arrives as %v", tc.err, err)
		}
	}
}

// TestLines: what is not this protocol is neither done nor believed.
func TestLines(t *testing.T) {
	for _, line := range []string{"", "{}", `{"do":"reboot"}`, `{"do":"look","sha256":"` + sum + `"}`, `{"do":"install"}`, `{"do":"install","sha256":"../../etc/passwd"}`,
		`{"do":"install","sha256":"` + strings.ToUpper(sum) + `"}`, `{"do":"install","sha256":"` + sum + `","path":"/x"}`, `{"do":"look"} {"do":"keep"}`, "look"} {
		if r, err := parseRequest([]byte(line)); err == nil {
			t.Errorf("%q is taken for %+v", line, r)
		}
	}
	for _, line := range []string{"", `{"percent":101}`, `{"percent":-1}`, `{"board":{"booted":"A"}}`, `{"done":true,"board":{"booted":"C"}}`, `{"fault":{"code":"space"}}`, `{"done":true,"why":"x"}`} {
		if a, err := parseAnswer([]byte(line)); err == nil {
			t.Errorf("%q is taken for %+v", line, a)
		}
	}
	s := &side{}
	_, path := served(t, s, ServeOpts{Read: 50 * time.Millisecond})
	for _, line := range []string{"keep\n", `{"do":"keep"}`, strings.Repeat("x", 8<<10)} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(line))
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("%.20q is answered with %d bytes", line, n)
		}
		conn.Close()
	}
	if len(s.did) > 0 {
		t.Errorf("done: %q", s.did)
	}
}

// TestBusy: while one step is done, another one is told so; afterwards it is taken.
func TestBusy(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	s := &side{board: Board{Booted: "A"}, install: func(func(int)) error { close(in); <-out; return nil }}
	c, _ := served(t, s, ServeOpts{})
	ended := make(chan error, 1)
	go func() {
		_, err := c.Install(t.Context(), sum, nil)
		ended <- err
	}()
	<-in
	if err := c.Mark(t.Context(), Try); codeOf(err) != Busy {
		t.Error(err)
	}
	close(out)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := c.Mark(t.Context(), Try); err != nil {
		t.Error(err)
	}
}

// TestGone: nobody there, somebody else there, and an answer that does not come each end in time with their code.
func TestGone(t *testing.T) {
	if err := NewClient(filepath.Join(t.TempDir(), "none")).Mark(t.Context(), Try); codeOf(err) != Service {
		t.Error(err)
	}
	refusing, _ := served(t, &side{}, ServeOpts{Peer: func(net.Conn) error { return errors.New("not you") }})
	if err := refusing.Mark(t.Context(), Try); codeOf(err) != Service {
		t.Error(err)
	}
	s := &side{board: Board{Booted: "A"}}
	stop := make(chan struct{})
	s.install = func(func(int)) error { <-stop; return nil }
	c, _ := served(t, s, ServeOpts{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Install(ctx, sum, nil); codeOf(err) != Silent {
		t.Error(err)
	}
	close(stop)
}

// TestDeaf: a side that says more than a hundred times how far it is is not listened to.
func TestDeaf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = bufio.NewReader(conn).ReadSlice('\n')
		for {
			if _, err := conn.Write([]byte("{\"percent\":1}\n")); err != nil {
				return
			}
		}
	}()
	if _, err := NewClient(path).Install(t.Context(), sum, nil); err == nil {
		t.Error("listened to without end")
	}
}

// TestIdle: nobody asks, and the program ends.
func TestIdle(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), l, &side{}, ServeOpts{Idle: time.Millisecond}); err != nil {
		t.Error(err)
	}
}
