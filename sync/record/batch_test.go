// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBatch(t *testing.T) {
	b := Batch{Epoch: 0x0123456789abcdef, First: 41, Policy: 3, Records: []Record{fixed(t, 0xab), fixed(t, 0xcd)}}
	text, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"epoch":"0123456789abcdef","first":41,"policy":3,"records":[` + fixedText + `,` + strings.ReplaceAll(fixedText, "ab", "cd") + `],"s":"madoguchi.batch/1"}`
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Error(d)
	}
	back, err := DecodeBatch(text)
	if d := cmp.Diff(b, back, sameRecord); d != "" || err != nil {
		t.Error(d, err)
	}
	if b.Last() != 42 {
		t.Errorf("last is %d", b.Last())
	}
	swap := func(old, new string) string { return strings.Replace(want, old, new, 1) }
	for _, tc := range []struct{ name, text string }{
		{"empty", ""}, {"trailing", want + " "}, {"no records", swap(fixedText+","+strings.ReplaceAll(fixedText, "ab", "cd"), "")},
		{"doubled field", swap(`"first":41`, `"first":41,"first":41`)}, {"unknown field", swap(`"first"`, `"device":"x","first"`)},
		{"first 0", swap(`41`, `0`)}, {"first negative", swap(`41`, `-1`)}, {"first fraction", swap(`41`, `41.0`)}, {"first huge", swap(`41`, `1000000000000`)},
		{"policy huge", swap(`"policy":3`, `"policy":4294967296`)}, {"epoch 0", swap(`0123456789abcdef`, `0000000000000000`)},
		{"epoch large hex", swap(`abcdef`, `ABCDEF`)}, {"epoch short", swap(`0123`, `123`)}, {"other schema", swap(`batch/1`, `batch/2`)},
		{"bad record", swap(`"done"`, `"none"`)}, {"record twice", strings.ReplaceAll(want, "cd", "ab")}, {"record with white space", swap(`"k":"po"`, `"k": "po"`)},
	} {
		if b, err := DecodeBatch([]byte(tc.text)); err == nil {
			t.Errorf("%s: decoded %+v", tc.name, b)
		}
	}
}

func TestBatchLimits(t *testing.T) {
	full := Batch{Epoch: math.MaxUint64, First: MaxSeq - MaxRecords, Policy: math.MaxUint32}
	for i := range MaxRecords {
		full.Records = append(full.Records, fixed(t, byte(i)))
	}
	text, err := full.Encode()
	if err != nil || len(text) > MaxBatchSize {
		t.Errorf("a full batch has %d bytes, %v", len(text), err)
	}
	if _, err := DecodeBatch(text); err != nil {
		t.Error(err)
	}
	over := full
	over.Records = append(over.Records, fixed(t, 0xff))
	if _, err := over.Encode(); err == nil {
		t.Error("a batch of 65 was encoded")
	}
	if _, err := DecodeBatch(make([]byte, MaxBatchSize+1)); err == nil {
		t.Error("a text over the limit was read")
	}
	if _, err := (Batch{Epoch: 1, First: 1, Records: []Record{{}}}).Encode(); err == nil {
		t.Error("the zero record was encoded")
	}
}

// keys from a fixed seed.
func testKey() (ed25519.PublicKey, ed25519.PrivateKey) {
	k := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	return k.Public().(ed25519.PublicKey), k
}

func TestAckComesBack(t *testing.T) {
	pub, key := testKey()
	for _, a := range []Ack{
		{Device: "box-1", Epoch: 1},
		{Device: "box-1", Epoch: 1, Upto: 9, Durable: 5},
		{Device: "box-1", Epoch: math.MaxUint64, Hall: math.MaxUint32, Upto: 9, Durable: 5, Missing: []uint64{10, 12, 13}, Rejected: []Reject{{3, BadRecord}, {11, ConflictingDup}}},
	} {
		text, err := SignAck(key, a)
		if err != nil {
			t.Fatal(err)
		}
		back, err := OpenAck(pub, text)
		if d := cmp.Diff(a, back); d != "" || err != nil {
			t.Error(d, err)
		}
	}
}

func TestLongestAckFits(t *testing.T) {
	_, key := testKey()
	a := Ack{Device: strings.Repeat("x", MaxDeviceName), Epoch: math.MaxUint64, Hall: math.MaxUint32, Upto: MaxSeq - MaxMissingGap, Durable: MaxSeq - MaxMissingGap}
	for i := range MaxMissing {
		a.Missing = append(a.Missing, MaxSeq-uint64(MaxMissing-1-i))
	}
	for i := range MaxRejected {
		a.Rejected = append(a.Rejected, Reject{MaxSeq - uint64(MaxRejected-1-i), BadRecord})
	}
	text, err := SignAck(key, a)
	if err != nil || len(text) > MaxAckSize {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	t.Logf("the longest receipt has %d of %d bytes", len(text), MaxAckSize)
}

func TestSignAckRefuses(t *testing.T) {
	_, key := testKey()
	for _, tc := range []struct {
		name string
		a    Ack
	}{
		{"no device", Ack{Epoch: 1}},
		{"device with slash", Ack{Device: "a/b", Epoch: 1}},
		{"long device", Ack{Device: strings.Repeat("x", 33), Epoch: 1}},
		{"no epoch", Ack{Device: "a"}},
		{"durable above upto", Ack{Device: "a", Epoch: 1, Upto: 1, Durable: 2}},
		{"upto too high", Ack{Device: "a", Epoch: 1, Upto: MaxSeq + 1}},
		{"missing below upto", Ack{Device: "a", Epoch: 1, Upto: 5, Missing: []uint64{5}}},
		{"missing out of order", Ack{Device: "a", Epoch: 1, Missing: []uint64{3, 2}}},
		{"missing too far", Ack{Device: "a", Epoch: 1, Missing: []uint64{MaxMissingGap + 1}}},
		{"missing too many", Ack{Device: "a", Epoch: 1, Missing: []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}}},
		{"rejected 0", Ack{Device: "a", Epoch: 1, Rejected: []Reject{{0, BadRecord}}}},
		{"rejected twice", Ack{Device: "a", Epoch: 1, Rejected: []Reject{{1, BadRecord}, {1, BadRecord}}}},
		{"rejected without code", Ack{Device: "a", Epoch: 1, Rejected: []Reject{{1, 0}}}},
		{"rejected too many", Ack{Device: "a", Epoch: 1, Rejected: []Reject{{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}}}},
	} {
		if _, err := SignAck(key, tc.a); err == nil {
			t.Errorf("%s was signed", tc.name)
		}
	}
	if _, err := SignAck(key[:10], Ack{Device: "a", Epoch: 1}); err == nil {
		t.Error("signed with a short key")
	}
}

func TestOpenAckRefuses(t *testing.T) {
	pub, key := testKey()
	good, err := SignAck(key, Ack{Device: "box-1", Epoch: 1, Upto: 9})
	if err != nil {
		t.Fatal(err)
	}
	otherPub, other, _ := ed25519.GenerateKey(nil)
	foreign, _ := SignAck(other, Ack{Device: "box-1", Epoch: 1, Upto: 9})
	if _, err := OpenAck(pub, foreign); !errors.Is(err, ErrSignature) {
		t.Errorf("another's signature: %v", err)
	}
	if _, err := OpenAck(otherPub, good); !errors.Is(err, ErrSignature) {
		t.Errorf("another's key: %v", err)
	}
	if _, err := OpenAck(pub[:5], good); err == nil {
		t.Error("short key")
	}
	for i := range good { // every bit of every byte counts
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if a, err := OpenAck(pub, bad); err == nil && a.Upto != 9 {
				t.Fatalf("byte %d bit %d: taken as %+v", i, bit, a)
			}
		}
	}

	// sign makes an envelope around any payload and type.
	sign := func(typ, payload string) string {
		pae := "DSSEv1 " + itoa(len(typ)) + " " + typ + " " + itoa(len(payload)) + " " + payload
		sig := base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(pae)))
		return `{"payloadType":"` + typ + `","payload":"` + base64.StdEncoding.EncodeToString([]byte(payload)) + `","signatures":[{"keyid":"","sig":"` + sig + `"}]}`
	}
	const payload = `{"device":"box-1","durable":0,"epoch":"0000000000000001","hall":"00000000","missing":[],"rejected":[],"upto":9}`
	if got := sign(AckType, payload); got != string(good) {
		t.Fatalf("the envelope by hand differs:\n%s\n%s", got, good)
	}
	for _, tc := range []struct{ name, text string }{
		{"empty", ""},
		{"trailing data", string(good) + "{}"},
		{"white space", " " + string(good)},
		{"unknown field", strings.Replace(string(good), `{`, `{"x":1,`, 1)},
		{"two signatures", strings.Replace(string(good), `"signatures":[`, `"signatures":[{"keyid":"","sig":"AAAA"},`, 1)},
		{"no signature", string(good[:bytes.Index(good, []byte(`"signatures"`))]) + `"signatures":[]}`},
		{"other type, well signed", sign("madoguchi.time/1", payload)},
		{"payload with white space, well signed", sign(AckType, payload+" ")},
		{"payload with unknown field, well signed", sign(AckType, strings.Replace(payload, `{`, `{"a":1,`, 1))},
		{"payload with doubled field, well signed", sign(AckType, strings.Replace(payload, `"upto":9`, `"upto":9,"upto":9`, 1))},
		{"payload without device, well signed", sign(AckType, strings.Replace(payload, `"device":"box-1",`, ``, 1))},
		{"payload without hall, well signed", sign(AckType, strings.Replace(payload, `"hall":"00000000",`, ``, 1))},
		{"hall with large digits, well signed", sign(AckType, strings.Replace(payload, `00000000"`, `0000000A"`, 1))},
		{"missing wraps around, well signed", sign(AckType, strings.Replace(payload, `"missing":[]`, `"missing":[18446744073709551615]`, 1))},
		{"long", strings.Repeat(" ", MaxAckSize+1)},
	} {
		if a, err := OpenAck(pub, []byte(tc.text)); err == nil {
			t.Errorf("%s: opened %+v", tc.name, a)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func FuzzDecodeBatch(f *testing.F) {
	text, _ := Batch{Epoch: 1, First: 1, Records: []Record{fixed(f, 1), fixed(f, 2)}}.Encode()
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := DecodeBatch(text)
		if err != nil {
			return
		}
		if again, err := b.Encode(); err != nil || !bytes.Equal(again, text) || b.Last() > MaxSeq {
			t.Errorf("%q was taken as %+v, %v", text, b, err)
		}
	})
}

func FuzzDecodeAck(f *testing.F) {
	a, _ := Ack{Device: "a", Epoch: 1, Upto: 3, Missing: []uint64{4}, Rejected: []Reject{{2, 1}}}.encode()
	f.Add(a)
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := decodeAck(text)
		if err != nil {
			return
		}
		if again, err := a.encode(); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q was taken as %+v, %v", text, a, err)
		}
	})
}
