// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// An Installer does what is asked for. Each call returns in time by itself; an *Error among its causes goes to the asker, anything else as [Other].
type Installer interface {
	Look(ctx context.Context) (Board, error)
	Check(ctx context.Context, sha256 string) error
	// Install calls progress with rising percentages.
	Install(ctx context.Context, sha256 string, progress func(percent int)) error
	// Mark does Try, Keep, Drop or Stay.
	Mark(ctx context.Context, s Step) error
}

// ServeOpts are the bounds of Serve.
type ServeOpts struct {
	Peer func(net.Conn) error // refuses a peer; nil: everybody may ask
	Read time.Duration        // until a peer must have asked; default 5 s
	Idle time.Duration        // Serve ends when nobody asked for so long; 0: never
}

// Serve answers peers until ctx ends, or until nobody has asked for o.Idle: then it returns nil and the next peer starts the program again. One step is done at a time; who
// asks meanwhile is told Busy.
func Serve(ctx context.Context, l net.Listener, in Installer, o ServeOpts) error {
	if o.Read == 0 {
		o.Read = 5 * time.Second
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	s := server{in: in, o: o}
	var idle *time.Timer
	if o.Idle > 0 {
		idle = time.AfterFunc(o.Idle, cancel)
		defer idle.Stop()
		s.rest = func() { idle.Reset(o.Idle) }
		s.work = func() { idle.Stop() }
	}
	defer s.peers.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("waiting for a request: %w", err)
		}
		s.peers.Go(func() { s.serve(ctx, conn) })
	}
}

// server is one call of Serve.
type server struct {
	in         Installer
	o          ServeOpts
	rest, work func() // tell whether the program is idle; nil: nobody asks
	peers      sync.WaitGroup
	busy       sync.Mutex
}

// serve answers one peer.
func (s *server) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if s.o.Peer != nil && s.o.Peer(conn) != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(s.o.Read))
	line, err := bufio.NewReaderSize(conn, maxLine).ReadSlice('\n')
	if err != nil {
		return
	}
	r, err := parseRequest(line)
	if err != nil {
		return
	}
	if !s.busy.TryLock() {
		say(conn, Answer{Done: true, Fault: Fault(Busy, "another step is under way")})
		return
	}
	if s.rest != nil {
		s.work()
		defer s.rest()
	}
	a, err := s.do(ctx, r, func(percent int) { say(conn, Answer{Percent: percent}) })
	s.busy.Unlock() // before the peer can ask again
	if err != nil {
		var fault *Error
		if !errors.As(err, &fault) {
			fault = Fault(Other, err.Error())
		}
		a = Answer{Fault: Fault(fault.Code, fault.Text)}
	}
	a.Done = true
	say(conn, a)
}

// do does one step.
func (s *server) do(ctx context.Context, r Request, progress func(int)) (Answer, error) {
	switch r.Do {
	case Check:
		return Answer{}, s.in.Check(ctx, r.SHA256)
	case Try, Keep, Drop, Stay:
		return Answer{}, s.in.Mark(ctx, r.Do)
	case Install:
		last := 0
		err := s.in.Install(ctx, r.SHA256, func(percent int) {
			if percent = min(percent, 100); percent > last {
				last = percent
				progress(percent)
			}
		})
		if err != nil {
			return Answer{}, err
		}
	}
	b, err := s.in.Look(ctx)
	for n := 0; err != nil && r.Do == Install && n < looks; n++ { // the card may still be writing what was installed
		b, err = s.in.Look(ctx)
	}
	return Answer{Board: &b}, err
}

// looks is how often an installed board is looked at again.
const looks = 2

// sayWithin is how long a peer may leave an answer lie.
const sayWithin = 5 * time.Second

// say writes one answer. Whoever went away does not stop what he asked for.
func say(conn net.Conn, a Answer) {
	line, err := encode(a)
	if err != nil {
		return
	}
	_ = conn.SetWriteDeadline(time.Now().Add(sayWithin))
	_, _ = conn.Write(line)
}
