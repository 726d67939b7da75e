// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// canary stands in messages for what must never be repeated in an error.
const canary = "Yamada"

func TestGate(t *testing.T) {
	list := records(t, 3)
	good := string(encode(t, 7, 5, list))
	one := string(list[1].Encode())
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the batch", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct {
		name, text string
		refused    bool     // the whole message
		rejects    []uint64 // single records
	}{
		{"good", good, false, nil},
		{"empty", "", true, nil},
		{"not JSON", canary, true, nil},
		{"null", "null", true, nil},
		{"cut", good[:len(good)-1], true, nil},
		{"trailing data", good + " ", true, nil},
		{"two batches", good + good, true, nil},
		{"white space", swap(`,"records"`, `, "records"`), true, nil},
		{"unknown field", swap(`,"policy"`, `,"name":"`+canary+`","policy"`), true, nil},
		{"doubled field", swap(`"first":5`, `"first":5,"first":5`), true, nil},
		{"other case", swap(`"first"`, `"First"`), true, nil},
		{"fields in another order", swap(`"first":5,"policy":1`, `"policy":1,"first":5`), true, nil},
		{"device named", swap(`{"epoch"`, `{"device":"box-b","epoch"`), true, nil},
		{"no epoch", swap(`"0000000000000007"`, `"0000000000000000"`), true, nil},
		{"short epoch", swap(`"0000000000000007"`, `"7"`), true, nil},
		{"capital epoch", swap(`"0000000000000007"`, `"00000000000000AB"`), true, nil},
		{"number 0", swap(`"first":5`, `"first":0`), true, nil},
		{"number with sign", swap(`"first":5`, `"first":+5`), true, nil},
		{"number as float", swap(`"first":5`, `"first":5.0`), true, nil},
		{"number too high", swap(`"first":5`, `"first":999999999999`), true, nil},
		{"number beyond 64 bits", swap(`"first":5`, `"first":99999999999999999999`), true, nil},
		{"no records", `{"epoch":"0000000000000007","first":5,"policy":1,"records":[],"s":"madoguchi.batch/1"}`, true, nil},
		{"another schema", swap(record.BatchSchema, "madoguchi.batch/2"), true, nil},
		{"too long", good + strings.Repeat(" ", record.MaxBatchSize), true, nil},
		{"deep", strings.Repeat("[", 20000), true, nil},

		{"record: unknown field", swap(one, strings.Replace(one, `"k"`, `"j":"`+canary+`","k"`, 1)), false, []uint64{6}},
		{"record: doubled field", swap(one, strings.Replace(one, `"k":"po"`, `"k":"po","k":"po"`, 1)), false, []uint64{6}},
		{"record: unknown value", swap(one, strings.Replace(one, `"k":"po"`, `"k":"px"`, 1)), false, []uint64{6}},
		{"record: white space", swap(one, strings.Replace(one, `,"k"`, ` ,"k"`, 1)), false, []uint64{6}},
		{"record: newer schema", swap(one, strings.Replace(one, record.Schema, "madoguchi.rec/2", 1)), false, []uint64{6}},
		{"record: no object", swap(one, `"`+canary+`"`), false, []uint64{6}},
		{"record: null", swap(one, `null`), false, []uint64{6}},
		{"record: twice", swap(one, string(list[0].Encode())), false, []uint64{6}},
		{"record: fixed week", swap(one, strings.Replace(one, `2026-W47`, `2026-W54`, 1)), false, []uint64{6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := gate("box-a", []byte(c.text))
			if (err != nil) != c.refused {
				t.Fatalf("refused: %v, want %t", err, c.refused)
			}
			if err != nil {
				if strings.Contains(err.Error(), canary) {
					t.Errorf("the error quotes the message: %v", err)
				}
				return
			}
			var rejects []uint64
			for i, item := range b.Items {
				if item.Reject != "" {
					rejects = append(rejects, b.First+uint64(i))
					if item.Reject != "bad_record" || item.Facet != (store.Facet{}) {
						t.Errorf("refused item %d is %+v", i, item)
					}
				} else if !bytes.Equal(item.Body, list[i].Encode()) || item.Facet.ID != list[i].ID() {
					t.Errorf("item %d is not record %d", i, i)
				}
			}
			if diff := cmp.Diff(c.rejects, rejects); diff != "" {
				t.Errorf("rejects (-want +got):\n%s", diff)
			}
			if b.Device != "box-a" || b.Epoch != 7 || b.First != 5 || len(b.Items) != 3 {
				t.Errorf("got device %s epoch %d first %d with %d items", b.Device, b.Epoch, b.First, len(b.Items))
			}
		})
	}
}

// FuzzGate holds that whatever passes the gate whole is exactly what its bytes
// say, and that what passes in parts stores only records that decode.
func FuzzGate(f *testing.F) {
	f.Add([]byte(`{"epoch":"0000000000000007","first":5,"policy":1,"records":[{"g":"g01","k":"po","o":"done","p":"pin_change","r":"00000000000000000000000000000001","s":"madoguchi.rec/1","w":"2026-W47"}],"s":"madoguchi.batch/1"}`))
	f.Add([]byte(`{"epoch":"0000000000000007","first":5,"policy":1,"records":[1,null],"s":"madoguchi.batch/1"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := gate("box-a", text)
		if err != nil {
			return
		}
		var bodies []string
		for _, item := range b.Items {
			bodies = append(bodies, string(item.Body))
			if item.Reject != "" {
				continue
			}
			r, err := record.Decode(item.Body)
			if err != nil || r.ID() != item.Facet.ID {
				t.Errorf("stored a record that does not decode: %v", err)
			}
		}
		head := fmt.Sprintf(`{"epoch":"%016x","first":%d,"policy":`, b.Epoch, b.First)
		tail := `,"records":[` + strings.Join(bodies, ",") + `],"s":"madoguchi.batch/1"}`
		if !strings.HasPrefix(string(text), head) || !strings.HasSuffix(string(text), tail) {
			t.Errorf("the gate read something else than what was written")
		}
	})
}

func TestDeviceOf(t *testing.T) {
	for _, c := range []struct{ topic, want string }{
		{"mg/1/nabari/d/box-a/rec", "box-a"},
		{"mg/1/nabari/d//rec", ""},
		{"mg/1/nabari/d/Box/rec", ""},
		{"mg/1/nabari/d/a/b/rec", ""},
		{"mg/1/iga/d/box-a/rec", ""},
		{"mg/1/nabari/d/box-a/ack", ""},
		{"mg/1/nabari/d/" + strings.Repeat("a", 33) + "/rec", ""},
	} {
		got, ok := topics{"nabari"}.deviceOf(c.topic, "rec")
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: got %q, %t", c.topic, got, ok)
		}
	}
}

// TestMalformed counts what does not pass, per device, acknowledges nothing of
// it and goes on with what is good.
func TestMalformed(t *testing.T) {
	w := start(t, nil)
	b := dial(t, w, "box-a")
	list := records(t, 3)
	good := encode(t, 7, 1, list)
	b.say(t, "rec", []byte(canary))
	b.say(t, "presence", []byte(`{"online":true,"session":1,"name":"`+canary+`"}`))
	w.untilStored(t, "both are counted", func() bool { return w.alarms(t)["malformed box-a"] == 2 })
	b.say(t, "rec", bytes.Replace(good, []byte(`"k":"po"`), []byte(`"k":"px"`), 1))
	a := b.ack(t, upto(3))
	if diff := cmp.Diff([]record.Reject{{Seq: 1, Code: record.BadRecord}}, a.Rejected); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[record.ID]int{list[1].ID(): 1, list[2].ID(): 1}, w.facets(t)); diff != "" {
		t.Errorf("facets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"malformed box-a": 2, "rejected box-a": 1}, w.alarms(t)); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}
