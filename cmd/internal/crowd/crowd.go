// SPDX-License-Identifier: Apache-2.0

package crowd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"madoguchi/device/update"
)

// Crowd is boxes that live together.
type Crowd []*Box

// Name is the id of the n-th box of a crowd, counted from 1, and Office where it stands: four to an office.
func Name(n int) string { return fmt.Sprintf("box-%02d", n) }

// Office is the place of the n-th box.
func Office(n int) string { return fmt.Sprintf("g%02d", (n-1)/4+1) }

// Make makes n boxes.
func Make(n int, o Opts) (Crowd, error) {
	var c Crowd
	for i := range n {
		b, err := New(Name(i+1), o)
		if err != nil {
			return nil, err
		}
		c = append(c, b)
	}
	return c, nil
}

// Run lets all live until ctx ends, or until one cannot go on.
func (c Crowd) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, b := range c {
		all.Go(func() {
			if err := b.Run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (b *Box) reuse(k update.Kind) (io.ReadCloser, error) {
	if b.o.Reuse == nil {
		return nil, nil
	}
	path, err := b.o.Reuse(k)
	if err != nil || path == "" {
		return nil, err
	}
	return os.Open(path)
}
