// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// A Client asks the other side, one step at a time.
type Client struct {
	path string
}

// NewClient asks over the socket at a path.
func NewClient(path string) *Client { return &Client{path} }

// Look asks how the board stands.
func (c *Client) Look(ctx context.Context) (Board, error) {
	a, err := c.ask(ctx, Request{Do: Look}, nil)
	if err == nil && a.Board == nil {
		err = errLine
	}
	if err != nil {
		return Board{}, fmt.Errorf("asking how the board stands: %w", err)
	}
	return *a.Board, nil
}

// Check has the bundle of a digest looked at. An *Error says why it is refused.
func (c *Client) Check(ctx context.Context, sha256 string) error {
	if _, err := c.ask(ctx, Request{Do: Check, SHA256: sha256}, nil); err != nil {
		return fmt.Errorf("checking bundle: %w", err)
	}
	return nil
}

// Install has it written to the slot that does not run, and tells how the board stands then. progress is told of each percentage from 1 to 100 at most once; nil:
// nobody is. When ctx ends before, the other side may go on by itself.
func (c *Client) Install(ctx context.Context, sha256 string, progress func(percent int)) (Board, error) {
	a, err := c.ask(ctx, Request{Do: Install, SHA256: sha256}, progress)
	if err == nil && a.Board == nil {
		err = errLine
	}
	if err != nil {
		return Board{}, fmt.Errorf("installing bundle: %w", err)
	}
	return *a.Board, nil
}

// Mark does one of Try, Keep, Drop and Stay.
func (c *Client) Mark(ctx context.Context, s Step) error {
	if _, err := c.ask(ctx, Request{Do: s}, nil); err != nil {
		return fmt.Errorf("marking slot (%s): %w", s, err)
	}
	return nil
}

// ask makes one request. That nobody is there is an *Error too.
func (c *Client) ask(ctx context.Context, r Request, progress func(int)) (Answer, error) {
	line, err := encode(r)
	if err != nil {
		return Answer{}, err
	}
	a, err := c.talk(ctx, line, progress)
	var fault *Error
	switch {
	case err == nil && a.Fault != nil:
		return Answer{}, a.Fault
	case err == nil, errors.As(err, &fault):
		return a, err
	case ctx.Err() != nil:
		return Answer{}, fmt.Errorf("%w (%w)", Fault(Silent, "no answer in time"), ctx.Err())
	}
	return Answer{}, fmt.Errorf("%w (%w)", Fault(Service, "the installing program does not answer"), err)
}

func (c *Client) talk(ctx context.Context, line []byte, progress func(int)) (Answer, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", c.path)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(line); err != nil {
		return Answer{}, err
	}
	in := bufio.NewReaderSize(conn, maxLine)
	for last := 0; ; {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return Answer{}, err
		}
		a, err := parseAnswer(line)
		if err != nil || a.Done {
			return a, err
		}
		if a.Percent <= last {
			return Answer{}, errLine // a hundred lines at most
		}
		if last = a.Percent; progress != nil {
			progress(last)
		}
	}
}
