// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Everything that prints, encodes or logs a PIN, alone, behind a pointer, in a
// struct or in a list, says the same and not how long it is.
func TestRedaction(t *testing.T) {
	const chars = "SECRET0123456789"
	code, err := NewCode()
	if err != nil {
		t.Fatal(err)
	}
	defer code.Wipe()
	for _, d := range []byte("27182818") {
		code.Append(d)
	}
	p := typed(t, chars)
	for _, tt := range []struct {
		name, want, secret string
		value, pointer     any
		within             any // exported field
		hidden             any // unexported fields, which fmt cannot ask
	}{
		{"PIN", redactedPIN, chars, *p, p, struct{ P *PIN }{p}, struct {
			p *PIN
			v PIN
		}{p, *p}},
		{"Code", redactedCode, "27182818", *code, code, struct{ C *Code }{code}, struct {
			c *Code
			v Code
		}{code, *code}},
	} {
		silent := func(how, got string) {
			t.Helper()
			for _, part := range []string{tt.secret, tt.secret[:4], fmt.Sprintf("%x", tt.secret[:4]), fmt.Sprintf("%X", tt.secret[:4]), fmt.Sprint([]byte(tt.secret[:4]))[1:12]} {
				if strings.Contains(got, part) {
					t.Errorf("%s by %s shows characters: %s", tt.name, how, got)
				}
			}
		}
		for _, v := range []any{tt.value, tt.pointer} {
			for _, verb := range strings.Split("%v %+v %#v %s %x %X %q %d %t %o %b %c %U %e %20s %-20.3v %#x %+q %06d", " ") {
				if got := fmt.Sprintf(verb, v); got != tt.want {
					t.Errorf("%s %T: %q, want %q", verb, v, got, tt.want)
				}
			}
			for _, verb := range []string{"%T", "%p", "%w"} { // fmt answers these itself
				silent(verb, fmt.Sprintf(verb, v))
			}
			if got := fmt.Sprint(v); got != tt.want {
				t.Errorf("Sprint: %q", got)
			}
			b, err := json.Marshal(v)
			if err != nil || string(b) != `"`+tt.want+`"` {
				t.Errorf("json: %s, %v", b, err)
			}
			b, err = xml.Marshal(v)
			if err != nil || !strings.Contains(string(b), tt.want) {
				t.Errorf("xml: %s, %v", b, err)
			}
			silent("xml", string(b))
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("m", "p", v)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "p", v)
			if strings.Count(log.String(), tt.want) != 2 {
				t.Errorf("slog: %s", &log)
			}
			silent("slog", log.String())
		}
		var enc bytes.Buffer
		if err := gob.NewEncoder(&enc).Encode(tt.pointer); err != nil || !bytes.Contains(enc.Bytes(), []byte(tt.want)) {
			t.Errorf("gob: %q, %v", &enc, err)
		}
		silent("gob", enc.String())
		for _, v := range []any{tt.within, []any{tt.pointer}, map[string]any{"p": tt.value}} {
			if got := fmt.Sprintf("%v %s", v, v); strings.Count(got, tt.want) < 1 {
				t.Errorf("%T: %s", v, got)
			}
			b, err := json.Marshal(v)
			if err != nil || !strings.Contains(string(b), tt.want) {
				t.Errorf("json of %T: %s, %v", v, b, err)
			}
		}
		for _, verb := range strings.Fields("%v %+v %#v %s %x %q %d") {
			silent(verb, fmt.Sprintf(verb, tt.hidden))
		}
	}
	for _, v := range []interface {
		fmt.Stringer
		fmt.GoStringer
		encoding.TextMarshaler
		encoding.TextAppender
		encoding.BinaryMarshaler
	}{p, *p, code, *code} {
		want := v.String()
		text, err1 := v.MarshalText()
		more, err2 := v.AppendText(nil)
		bin, err3 := v.MarshalBinary()
		for _, got := range []string{v.GoString(), string(text), string(more), string(bin)} {
			if got != want || err1 != nil || err2 != nil || err3 != nil {
				t.Errorf("%T: %q, want %q (%v %v %v)", v, got, want, err1, err2, err3)
			}
		}
	}
	if got := fmt.Sprint((*PIN)(nil)); strings.Contains(got, "panic") {
		t.Errorf("nil prints %s", got)
	}
	if got := slog.AnyValue(Hash("$argon2id$secret")).Resolve().String(); got != redactedHash {
		t.Errorf("a hash logs as %s", got)
	}
}
