// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBoardKey plays the firmware's part of the mailbox.
func TestBoardKey(t *testing.T) {
	request := []uint32{64, 0, 0x30081, 40, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	want := bytes.Repeat([]byte{0x01, 0x02, 0x03, 0x04}, 8)
	for _, c := range []struct {
		name   string
		answer func(m []uint32) error
		want   []byte
		is     error
		fails  bool
	}{
		{name: "a key", want: want, answer: func(m []uint32) error {
			m[1], m[4] = 0x80000000, 0x80000000|40
			for i := range 8 {
				m[7+i] = 0x01020304
			}
			return nil
		}},
		{name: "never given one", is: errNoBoardKey, answer: func(m []uint32) error { m[1], m[4] = 0x80000000, 0x80000000|40; return nil }},
		{name: "a firmware that does not know the question", is: errNoBoardKey, answer: func(m []uint32) error { m[1] = 0x80000001; return nil }},
		{name: "a tag without an answer", is: errNoBoardKey, answer: func(m []uint32) error { m[1] = 0x80000000; return nil }},
		{name: "fewer rows", fails: true, answer: func(m []uint32) error { m[1], m[4], m[7] = 0x80000000, 0x80000000|24, 1; return nil }},
		{name: "no mailbox", fails: true, answer: func([]uint32) error { return errors.New("no such file") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := boardKey(func(m []uint32) error {
				if diff := cmp.Diff(request, m); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
				return c.answer(m)
			})
			if c.is != nil && !errors.Is(err, c.is) || (err != nil) != (c.is != nil || c.fails) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBoardKeyElsewhere: on a machine without the mailbox nothing is written that could be taken for a key.
func TestBoardKeyElsewhere(t *testing.T) {
	var out, errs bytes.Buffer
	if rc := run([]string{"counter", "board-key"}, &out, &errs); rc != 1 || out.Len() > 0 || errs.Len() == 0 {
		t.Errorf("rc %d, %d bytes, says %q", rc, out.Len(), &errs)
	}
}
