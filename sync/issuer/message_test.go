// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var token = Token(bytes.Repeat([]byte{0xab}, 16))

const tokenHex = "abababababababababababababababab"

func TestMessagesComeBack(t *testing.T) {
	for _, tc := range []struct {
		m    Message
		text string
	}{
		{Request{token, PinReset, Login, []byte("12345678")},
			`{"challenge":"3132333435363738","kind":"login","operation":"pin_reset","s":"madoguchi.issuer/1","token":"` + tokenHex + `","type":"request"}`},
		{Answer{token, [][]byte{{0, 0xa4, 4, 0}, {0, 0x2c, 0, 1, 0}}},
			`{"commands":["00a40400","002c000100"],"s":"madoguchi.issuer/1","token":"` + tokenHex + `","type":"answer"}`},
		{Refusal{token, NotAvailable}, `{"reason":"not_available","s":"madoguchi.issuer/1","token":"` + tokenHex + `","type":"refusal"}`},
		{Result{token, true, 0x9000}, `{"done":true,"s":"madoguchi.issuer/1","status":"9000","token":"` + tokenHex + `","type":"result"}`},
		{Result{token, false, 0x6983}, `{"done":false,"s":"madoguchi.issuer/1","status":"6983","token":"` + tokenHex + `","type":"result"}`},
	} {
		b, err := Encode(tc.m)
		if d := cmp.Diff(tc.text, string(b)); d != "" || err != nil {
			t.Error(d, err)
		}
		back, err := Decode([]byte(tc.text))
		if d := cmp.Diff(tc.m, back); d != "" || err != nil {
			t.Error(d, err)
		}
		for _, bad := range []string{
			tc.text + " ", " " + tc.text, strings.Replace(tc.text, `{`, `{"x":1,`, 1), strings.Replace(tc.text, `"s"`, `"S"`, 1), strings.Replace(tc.text, "issuer/1", "issuer/2", 1),
			strings.Replace(tc.text, tokenHex, tokenHex[2:], 1), strings.Replace(tc.text, tokenHex, tokenHex+"ab", 1), strings.Replace(tc.text, tokenHex, strings.Repeat("0", 32), 1),
			strings.Replace(tc.text, `"type":"`, `"type":"x`, 1), strings.Replace(tc.text, `"s":`, `"s":"madoguchi.issuer/1","s":`, 1), strings.Replace(tc.text, `{`, `{"reason":"expired","challenge":"00",`, 1),
		} {
			if m, err := Decode([]byte(bad)); err == nil {
				t.Errorf("%s was read as %+v", bad, m)
			}
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	long := make([]byte, 262)
	for _, m := range []Message{
		nil,
		Request{Token{}, PinReset, Login, long[:8]},
		Request{token, "format", Login, long[:8]},
		Request{token, PinReset, "all", long[:8]},
		Request{token, PinReset, Login, long[:7]},
		Request{token, PinReset, Login, long[:33]},
		Answer{token, nil},
		Answer{token, [][]byte{{1, 2, 3}}},
		Answer{token, [][]byte{long}},
		Answer{token, make([][]byte, MaxCommands+1)},
		Refusal{token, "no"},
		Result{Token{}, true, 0x9000},
	} {
		if b, err := Encode(m); err == nil {
			t.Errorf("%+v was written as %s", m, b)
		}
	}
	full := Answer{Token: token}
	for range MaxCommands {
		full.Commands = append(full.Commands, long[:261])
	}
	if b, err := Encode(full); err != nil || len(b) > MaxSize {
		t.Errorf("the longest answer has %d bytes, %v", len(b), err)
	}
	if _, err := Decode(make([]byte, MaxSize+1)); err == nil {
		t.Error("a message over the limit was read")
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range []Message{Request{token, PinReset, Login, []byte("12345678")}, Answer{token, [][]byte{{1, 2, 3, 4}}}, Refusal{token, Expired}, Result{token, true, 0x9000}} {
		b, _ := Encode(m)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			return
		}
		if again, err := Encode(m); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q was taken as %+v", b, m)
		}
	})
}
