// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/policy"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
	"madoguchi/pinpad"
	"madoguchi/sync/wall"
)

// fleet is the other side of updates: a signed repository, and the network side that answers from it.
type fleet struct {
	*signer.Repository
	r    *rig
	now  time.Time
	gen  int64
	seqs map[update.Kind]uint64

	mu    sync.Mutex
	depot map[string][]byte
	asked []string // names, in order
	spoil func(update.Part) update.Part
}

// newFleet makes the repository and gives the box its root. Call it in prepare.
func newFleet(r *rig) *fleet {
	f := &fleet{r: r, now: r.clock.Now(), seqs: map[update.Kind]uint64{}, depot: map[string][]byte{}}
	roles := map[string]signer.Role{}
	for _, name := range signer.Roles {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			r.t.Fatal(err)
		}
		roles[name] = signer.Role{Keys: []signer.Key{key}, Threshold: 1}
	}
	var err error
	if f.Repository, err = signer.New(roles, f.now, f.put); err != nil {
		r.t.Fatal(err)
	}
	r.config.UpdateRoot = filepath.Join(r.dir, "root.json")
	r.config.Hardware = "rpi4"
	if err := os.WriteFile(r.config.UpdateRoot, f.Root(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return f
}

func (f *fleet) put(name string, raw []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.depot[name] = bytes.Clone(raw)
	return nil
}

// release signs a payload and returns its path.
func (f *fleet) release(kind update.Kind, version string, payload []byte) string {
	f.r.t.Helper()
	f.seqs[kind]++
	path := string(kind) + "/" + version + "/manifest.json"
	m := update.Manifest{Schema: update.ManifestSchema, Kind: kind, Product: "counter", City: "nabari", Version: version, Seq: f.seqs[kind],
		Health: update.Health{Profile: string(kind), SoakS: 60, WithinS: 300, MaxBoots: 3}, NotBefore: f.now.Add(-time.Hour), Expires: f.now.AddDate(1, 0, 0)}
	if _, err := f.Release(path, m, bytes.NewReader(payload)); err != nil {
		f.r.t.Fatal(err)
	}
	if err := f.Publish(f.now); err != nil {
		f.r.t.Fatal(err)
	}
	return path
}

// assign is the newest assignment.
func (f *fleet) assign(paths ...string) []byte {
	f.r.t.Helper()
	return f.order(update.Order{Device: "box1"}, paths...)
}

// order is the newest assignment, with what it says besides its objects.
func (f *fleet) order(o update.Order, paths ...string) []byte {
	f.r.t.Helper()
	f.gen++
	raw, err := f.Assign(f.gen, o, paths, f.now.AddDate(0, 1, 0))
	if err != nil {
		f.r.t.Fatal(err)
	}
	return raw
}

// peer is a network side that answers requests from the depot.
func (f *fleet) peer() *peer {
	p := f.r.peer(wall.Up)
	go func() {
		for fr := range p.frames {
			if fr.Type != wall.Want {
				continue
			}
			w, err := update.ParseWant(fr.Body)
			if err != nil {
				f.r.t.Error(err)
				return
			}
			for _, one := range w.Each() {
				body, err := f.answer(one).Encode()
				if err != nil {
					f.r.t.Error(err)
					return
				}
				if p.conn.Write(wall.Bytes, body) != nil {
					return
				}
			}
		}
	}()
	return p
}

func (f *fleet) answer(w update.Want) update.Part {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, w.Name)
	blob, ok := f.depot[w.Name]
	p := update.Part{Name: w.Name, Offset: w.Offset, Size: uint64(len(blob)), Absent: !ok}
	if ok && w.Offset <= p.Size {
		p.Data = blob[w.Offset:min(p.Size, w.Offset+uint64(w.Len))]
	}
	if f.spoil != nil {
		p = f.spoil(p)
	}
	return p
}

// rules are nabari's of another version.
func rules(t *testing.T, version string, change func(string) string) []byte {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("policy", "data", name+".toml"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text := strings.Replace(read("nabari"), "version = 1", "version = "+version, 1)
	if change != nil {
		// A bundle that nobody could pack: signed all the same.
		raw, err := json.Marshal(policy.Bundle{Schema: policy.BundleSchema, City: "nabari", Hash: "x", National: read(policy.National), Rules: change(text)})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	raw, err := policy.Pack([]byte(read(policy.National)), "nabari", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// reports are the policies and update states that the box has told, each once in a row.
func (p *peer) story() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, text := range p.reports {
		var doc struct {
			Policy string         `json:"policy"`
			Update *update.Status `json:"update"`
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			p.r.t.Error(err)
			continue
		}
		line := "policy " + doc.Policy
		if s := doc.Update; s != nil {
			line += " " + strings.TrimSpace(string(s.State)+" "+s.Code)
		}
		if len(all) == 0 || all[len(all)-1] != line {
			all = append(all, line)
		}
	}
	return all
}

// desires hands an assignment to the box.
func (p *peer) desires(raw []byte) {
	p.r.t.Helper()
	if err := p.conn.Write(wall.Desired, raw); err != nil {
		p.r.t.Fatal(err)
	}
}

// TestUpdateRules: new rules are in force for the next case without a start, an open case keeps its own, ones that do not load change nothing, and all of it is told.
func TestUpdateRules(t *testing.T) {
	var f *fleet
	bubble(t, func(r *rig) { f = newFleet(r) }, func(r *rig) {
		r.until("idle")
		p := f.peer()
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login") // a case
		r.until("resident.pin.login")
		p.desires(f.assign(f.release(update.Policy, "2", rules(t, "2", nil))))
		time.Sleep(30 * time.Second)
		if v := r.box.About(); v.Update.State != update.Waiting || !strings.Contains(v.Policy, "1") {
			t.Errorf("during a case: %s, rules %s", v.Update.State, v.Policy)
		}
		r.press(pinpad.KeyCancel, pinpad.KeyCancel)
		for end := time.Now().Add(time.Hour); r.box.About().Update.State == update.Waiting && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond) // it goes on, and says so at some time of the next quarter of an hour
		if got := p.story(); got[len(got)-1] != "policy 1" && got[len(got)-1] != "policy 1 waiting" {
			t.Errorf("the end of the case was told: %q", got)
		}
		r.rests()
		time.Sleep(30 * time.Minute)
		v := r.box.About()
		if v.Update.State != update.Idle || v.Versions[update.Policy] != "2" || !strings.Contains(v.Policy, "2") {
			t.Errorf("after it: %+v", v)
		}
		got := p.story() // on the way it may say that it installs, or is on trial
		if got[0] != "policy 1" || !slices.Contains(got, "policy 1 waiting") || got[len(got)-1] != "policy 2 idle" {
			t.Errorf("told %q", got)
		}

		p.desires(f.assign(f.release(update.Policy, "3", rules(t, "3", func(s string) string { return s + "\n[[gate]]\nid = \"x\"\nsoruce = \"000:1\"\n" }))))
		time.Sleep(10 * time.Minute)
		if v := r.box.About(); v.Update.State != update.Failed || v.Update.Code != "check" || !strings.Contains(v.Policy, "2") {
			t.Errorf("broken rules: %+v", v)
		}
		if got := p.story(); got[len(got)-1] != "policy 2 failed check" {
			t.Errorf("told %q", got)
		}
		r.off()
		r.on()
		r.until("idle")
		if v := r.box.About(); !strings.Contains(v.Policy, "2") {
			t.Errorf("after a start: rules %s", v.Policy)
		}
	})
}

// TestUpdateSettings: the fleet changes what a window is called, what it offers and what of its cases it tells, and nothing else.
func TestUpdateSettings(t *testing.T) {
	var f *fleet
	bubble(t, func(r *rig) { f = newFleet(r) }, func(r *rig) {
		r.until("idle")
		p := f.peer()
		p.desires(f.assign(f.release(update.Config, "2", []byte("office = \"戸籍課\"\ndetail = \"class\"\nlanguages = [\"en\", \"ja\"]\n"))))
		time.Sleep(10 * time.Minute)
		last, _ := p.told()
		if v := r.box.About(); v.Versions[update.Config] != "2" || !strings.Contains(last, `"detail":"class"`) {
			t.Errorf("%+v, told %s", v, last)
		}
		for name, text := range map[string]string{
			"another box's id":    "device_id = \"box2\"\n",
			"another key":         "ack_key = \"\"\n",
			"a name that is long": "office = \"" + strings.Repeat("市", 13) + "\"\n",
			"at once":             "release = \"at_once\"\n",
			"no such place":       "place = \"nowhere\"\n",
		} {
			p.desires(f.assign(f.release(update.Config, "bad-"+strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), "'", ""), []byte(text))))
			time.Sleep(10 * time.Minute)
			if v := r.box.About(); v.Update.Code != "check" || v.Versions[update.Config] != "2" {
				t.Errorf("%s: %+v", name, v.Update)
			}
		}
	})
}

// TestUpdateUnsigned: nothing that is not signed for this box changes anything, whatever the network side makes of it, and a power cut during the download costs little.
func TestUpdateUnsigned(t *testing.T) {
	var f *fleet
	bubble(t, func(r *rig) { f = newFleet(r) }, func(r *rig) {
		r.until("idle")
		good := f.assign(f.release(update.Policy, "2", rules(t, "2", nil)))
		before := maps.Clone(f.depot)
		p := f.peer()
		for name, spoil := range map[string]func(update.Part) update.Part{
			"a byte of each part": func(q update.Part) update.Part {
				if len(q.Data) > 0 {
					q.Data = bytes.Clone(q.Data)
					q.Data[len(q.Data)/2] ^= 1
				}
				return q
			},
			"nothing is there": func(q update.Part) update.Part { return update.Part{Name: q.Name, Offset: q.Offset, Absent: true} },
		} {
			f.mu.Lock()
			f.spoil = spoil
			f.mu.Unlock()
			p.desires(good)
			time.Sleep(10 * time.Minute)
			if v := r.box.About(); v.Update.State != update.Failed || !strings.Contains(v.Policy, "1") {
				t.Errorf("%s: %+v, rules %s", name, v.Update, v.Policy)
			}
		}
		f.mu.Lock()
		f.spoil = nil
		f.mu.Unlock()
		forged := bytes.Replace(good, []byte(`"sig":"`), []byte(`"sig":"00`), 1)
		for _, raw := range [][]byte{forged, []byte("{}"), bytes.Replace(good, []byte("box1"), []byte("box2"), 1)} {
			p.desires(raw)
			time.Sleep(10 * time.Minute)
			if v := r.box.About(); v.Update.Code != "assignment" || !strings.Contains(v.Policy, "1") {
				t.Errorf("forged: %+v, rules %s", v.Update, v.Policy)
			}
		}
		if err := p.conn.Write(wall.Bytes, []byte("no part")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, _, refused := r.box.Refused(); refused != 1 {
			t.Errorf("%d refused, want the part that is none", refused)
		}
		p.desires(good)
		time.Sleep(10 * time.Minute)
		if v := r.box.About(); v.Update.State != update.Idle || !strings.Contains(v.Policy, "2") {
			t.Errorf("the good one: %+v", v)
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(f.depot))); d != "" {
			t.Errorf("the depot changed:\n%s", d)
		}
	})
}
