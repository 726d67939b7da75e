// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// attack is a row of the table. The box runs policy 1; the city wants policy 2 on it, or the attacker does.
type attack struct {
	name string
	does string // what the attacker or the fault does
	do   func(v *victim)
	says string          // the code that the box reports; empty: none, it takes 2 all the same
	text string          // what that means, for the table
	heal func(v *victim) // how the city gets on after it; nil: the attacker is gone

	alone bool // it binds the whole process, so it has one of its own
}

// release2 publishes policy 2 and assigns it.
func release2(v *victim) {
	v.release("2", 2, nil)
	v.assign("2")
}

// tamper changes what comes for names with a prefix.
func tamper(prefix string, f func(update.Want, update.Part) []update.Part) func(update.Want, update.Part) []update.Part {
	return func(w update.Want, honest update.Part) []update.Part {
		if strings.HasPrefix(w.Name, prefix) && !honest.Absent {
			return f(w, honest)
		}
		return []update.Part{honest}
	}
}

func spoilt(p update.Part) update.Part {
	p.Data = bytes.Clone(p.Data)
	p.Data[len(p.Data)/2] ^= 1
	return p
}

var attacks = []attack{
	{name: "Arbitrary software", does: "other bytes in place of every chunk", says: "budget", text: "no chunk fits its digest; stops at 1.3 times the size",
		do: func(v *victim) {
			v.mirror = tamper("chunk/", func(_ update.Want, p update.Part) []update.Part { return []update.Part{spoilt(p)} })
			release2(v)
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Arbitrary software", does: "metadata signed by nobody", says: "metadata", text: "no signature of a key that root names",
		do: func(v *victim) {
			v.mirror = tamper("timestamp", func(w update.Want, _ update.Part) []update.Part {
				raw := []byte(`{"signed":{},"signatures":[]}`)
				return []update.Part{{Name: w.Name, Size: uint64(len(raw)), Data: raw}}
			})
			release2(v)
		}},
	{name: "Rollback", does: "yesterday's metadata", says: "metadata", text: "versions may not fall",
		do: func(v *victim) {
			old := v.frozen()
			v.release("other", 1, nil)
			v.settle() // the box sees today's
			v.serve(old)
			release2(v)
		}},
	{name: "Rollback", does: "the director assigns an older release", says: "refused.older", text: "its seq is lower, and its signer did not allow going back",
		do: func(v *victim) {
			v.release("old", 1, nil)
			release2(v)
			v.settle()
			v.box.forget()
			v.assign("old")
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Rollback", does: "an older assignment again", says: "assignment.older", text: "generations may not fall",
		do: func(v *victim) {
			v.release("2", 2, nil)
			v.box.agent.Desired(v.sign(0, boxName, "2"))
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Fast-forward", does: "stolen timestamp and snapshot keys sign versions far ahead", says: "metadata", text: "the true ones look old; a root with other keys sets it right",
		do: func(v *victim) {
			thief := v.frozen()
			for range 5 {
				if err := thief.With(v.keys, func(r *signer.Repository) error { return r.Publish(time.Now()) }); err != nil {
					v.Fatal(err)
				}
			}
			v.serve(thief)
			v.settle()
			v.mirror = nil
			v.box.forget()
			release2(v)
		}, heal: func(v *victim) {
			for _, name := range []string{"timestamp", "snapshot"} {
				role := signer.Role{Keys: []signer.Key{v.key()}, Threshold: 1}
				v.keys = slices.DeleteFunc(v.keys, func(k signer.Key) bool { return same(k, v.roles[name].Keys[0]) })
				keys := append(slices.Clone(v.keys), v.roles[name].Keys[0])
				if err := v.depot.With(keys, func(r *signer.Repository) error { return r.Rotate(name, role, time.Now()) }); err != nil {
					v.Fatal(err)
				}
				v.keys = append(v.keys, role.Keys[0])
			}
		}},
	{name: "Indefinite freeze", does: "the same metadata for ever", says: "metadata", text: "the timestamp expires after a week",
		do: func(v *victim) {
			v.serve(v.frozen())
			release2(v)
			time.Sleep(9 * 24 * time.Hour)
		}, heal: (*victim).renew},
	{name: "Endless data", does: "a timestamp of a gigabyte", says: "metadata", text: "more than 16 KiB of it are not taken",
		do: func(v *victim) {
			v.mirror = tamper("timestamp", func(w update.Want, _ update.Part) []update.Part {
				return []update.Part{{Name: w.Name, Offset: w.Offset, Size: 1 << 30, Data: make([]byte, w.Len)}}
			})
			release2(v)
		}},
	{name: "Endless data", does: "chunks that nobody asked for, without end", says: "budget", text: "every byte counts, asked for or not",
		do: func(v *victim) {
			v.mirror = tamper("chunk/", func(_ update.Want, _ update.Part) []update.Part {
				junk := make([]byte, update.MaxPart)
				return slices.Repeat([]update.Part{{Name: update.ChunkName(update.Sum(junk)), Size: update.MaxPart, Data: junk}}, 8)
			})
			release2(v)
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Slow retrieval", does: "every answer comes after a quarter of an hour", says: "line", text: "an answer later than its patience counts as none; the old one works on",
		do: func(v *victim) {
			v.box.late = 15 * time.Minute
			release2(v)
		}, heal: func(v *victim) { v.box.late = 0 }},
	{name: "Extraneous dependencies", does: "the director assigns as firmware what policy keys signed", says: "assignment", text: "a kind's keys sign paths of the kind and no other",
		do: func(v *victim) {
			v.release("2", 2, nil)
			v.forge("2", "firmware/2/manifest.json")
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Wrong kind", does: "the director assigns rules as settings", says: "assignment", text: "the role of the kind has signed nothing of that path",
		do: func(v *victim) {
			v.release("2", 2, nil)
			v.forge("2", "config/2/manifest.json")
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Mix and match", does: "a new snapshot with an old list of releases", says: "metadata", text: "the snapshot names version and digest of every list",
		do: func(v *victim) {
			old, err := v.depot.Get("policy/2")
			if err != nil {
				v.Fatal(err)
			}
			v.mirror = tamper("policy/", func(w update.Want, _ update.Part) []update.Part {
				return []update.Part{{Name: w.Name, Size: uint64(len(old)), Data: old}}
			})
			release2(v)
		}},
	{name: "Wrong software", does: "a release for another product", says: "refused.product", text: "the manifest says what it is for",
		do: func(v *victim) {
			v.release("2x", 2, func(m *update.Manifest) { m.Product = "gate" })
			v.assign("2x")
		}, heal: release2},
	{name: "Wrong software", does: "a release for another board", says: "refused.hardware", text: "the manifest names the boards",
		do: func(v *victim) {
			v.release("2x", 2, func(m *update.Manifest) { m.Hardware = []string{"rpi9"} })
			v.assign("2x")
		}, heal: release2},
	{name: "Wrong software", does: "another city's rules", says: "refused.city", text: "the manifest names the city",
		do: func(v *victim) {
			v.release("2x", 2, func(m *update.Manifest) { m.City = "matsue" })
			v.assign("2x")
		}, heal: release2},
	{name: "Wrong device", does: "the assignment of another box", says: "assignment", text: "an assignment names its box",
		do: func(v *victim) {
			v.release("2", 2, nil)
			v.gen++
			v.box.agent.Desired(v.sign(v.gen, "box-2", "2"))
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Wrong device", does: "an assignment signed by another key", says: "assignment", text: "only the director's key that root names",
		do: func(v *victim) {
			v.release("2", 2, nil)
			v.gen++
			raw := v.sign(v.gen, boxName, "2")
			i := bytes.Index(raw, []byte(`"sig":"`)) + len(`"sig":"`)
			raw[i] = map[bool]byte{true: 'a', false: 'b'}[raw[i] == 'b']
			v.box.agent.Desired(raw)
		}, heal: func(v *victim) { v.assign("2") }},
	{name: "Malicious mirror", does: "no answer to anything", says: "line", text: "asks again, and goes on working",
		do: func(v *victim) {
			v.mirror = func(update.Want, update.Part) []update.Part { return nil }
			release2(v)
		}},
	{name: "Malicious mirror", does: "says that the chunks are gone", says: "gone", text: "stops asking for this round",
		do: func(v *victim) {
			v.mirror = tamper("chunk/", func(w update.Want, _ update.Part) []update.Part { return []update.Part{{Name: w.Name, Absent: true}} })
			release2(v)
		}},
	{name: "Malicious mirror", does: "another history of the public log", says: "log", text: "the head does not go on from the one it saw",
		do: func(v *victim) {
			other := v.frozen()
			v.release("2", 2, nil)
			for _, version := range []string{"0a", "0b", "0c"} {
				if err := other.With(v.keys, func(r *signer.Repository) error {
					r.UseLog(signer.NewLog(v.log, func(name string) ([]byte, error) {
						return other.Get("log/other/" + strings.TrimPrefix(name, "log/"))
					}, func(name string, raw []byte) error {
						return other.Put("log/other/"+strings.TrimPrefix(name, "log/"), raw)
					}))
					_, err := r.Release(path(version), update.Manifest{Schema: update.ManifestSchema, Kind: update.Policy, Product: "counter", City: "nabari", Version: version, Seq: 2,
						NotBefore: time.Now(), Expires: time.Now().AddDate(1, 0, 0)}, bytes.NewReader(payloadOf(version)))
					return errors.Join(err, r.Publish(time.Now()))
				}); err != nil {
					v.Fatal(err)
				}
			}
			v.mirror = func(w update.Want, honest update.Part) []update.Part {
				name := w.Name
				if rest, ok := strings.CutPrefix(name, "log/"); ok {
					w.Name = "log/other/" + rest
					p, err := other.Part(w)
					if err != nil {
						v.Error(err)
					}
					p.Name = name
					return []update.Part{p}
				}
				return []update.Part{honest}
			}
			v.assign("2")
		}},
	{name: "Key compromise", does: "one of the two policy keys that are needed", says: "metadata", text: "below the threshold nothing is signed",
		do: func(v *victim) {
			thief := v.frozen()
			few := slices.DeleteFunc(slices.Clone(v.keys), func(k signer.Key) bool {
				return slices.ContainsFunc(v.roles["policy"].Keys[1:], func(o signer.Key) bool { return same(k, o) })
			})
			err := thief.With(few, func(r *signer.Repository) error {
				_, err := r.Release(path("2"), update.Manifest{Schema: update.ManifestSchema, Kind: update.Policy, Product: "counter", City: "nabari", Version: "2", Seq: 2,
					NotBefore: time.Now(), Expires: time.Now().AddDate(1, 0, 0)}, bytes.NewReader(payloadOf("2")))
				return errors.Join(err, r.Publish(time.Now()))
			})
			var few2 *signer.KeysError
			if !errors.As(err, &few2) {
				v.Fatalf("signed by one key: %v", err)
			}
			// He signs with a tool of his own: one signature where two are wanted.
			release2(v)
			v.mirror = tamper("policy/", func(w update.Want, p update.Part) []update.Part {
				p.Data = dropSignature(p.Data)
				p.Size = uint64(len(p.Data))
				return []update.Part{p}
			})
		}},
	{name: "Corrupted chunks", does: "every chunk is spoilt the first time", text: "drops them, asks again",
		do: func(v *victim) {
			seen := map[string]bool{}
			var mu sync.Mutex
			v.mirror = tamper("chunk/", func(w update.Want, p update.Part) []update.Part {
				mu.Lock()
				defer mu.Unlock()
				if !seen[w.Name] && len(seen) < 1 { // more would be over the budget, which is the row above
					seen[w.Name] = true
					return []update.Part{spoilt(p)}
				}
				return []update.Part{p}
			})
			release2(v)
		}},
	{name: "Reordered and late chunks", does: "answers come after the next ones", text: "each has its place",
		do: func(v *victim) {
			var held []update.Part
			var mu sync.Mutex
			v.mirror = tamper("chunk/", func(_ update.Want, p update.Part) []update.Part {
				mu.Lock()
				defer mu.Unlock()
				if held = append(held, p); len(held) < 2 {
					return nil
				}
				out := slices.Clone(held)
				slices.Reverse(out)
				held = nil
				return out
			})
			release2(v)
		}},
	{name: "Duplicated chunks", does: "the first answer comes twice", text: "the second one is dropped, and counted",
		do: func(v *victim) {
			first := true
			var mu sync.Mutex
			v.mirror = tamper("chunk/", func(_ update.Want, p update.Part) []update.Part {
				mu.Lock()
				defer mu.Unlock()
				defer func() { first = false }()
				if first {
					return []update.Part{p, p}
				}
				return []update.Part{p}
			})
			release2(v)
		}},
	{name: "Clock at 1970", does: "the box has lost its time and knows it", says: "refused.clock", text: "versions still count; nothing is installed until it knows the time",
		do: func(v *victim) {
			v.clock = func() update.Moment { return update.Moment{At: time.Unix(0, 0)} }
			release2(v)
		}},
	{name: "Clock at 1970", does: "the box believes it", says: "refused.early", text: "the release begins later",
		do: func(v *victim) {
			v.clock = func() update.Moment { return update.Moment{At: time.Unix(3600, 0), Trusted: true} }
			release2(v)
		}},
	{name: "Clock at 2038", does: "the box believes it", says: "metadata", text: "everything has expired",
		do: func(v *victim) {
			v.clock = func() update.Moment {
				return update.Moment{At: time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), Trusted: true}
			}
			release2(v)
		}},
	{name: "Two admins at once", does: "both release at the same moment", text: "one after the other; nothing is lost",
		do: func(v *victim) {
			var both sync.WaitGroup
			for _, version := range []string{"2", "1b"} {
				both.Go(func() {
					if err := v.tryRelease(v.keys, version, 2, nil); err != nil {
						v.Error(err)
					}
				})
			}
			both.Wait()
			v.assign("2")
		}},
	{name: "Disk full", does: "no room for the new version's files", says: "install", text: "the old one stays; tried three times, then by the next assignment",
		do: func(v *victim) {
			v.box.refuses = map[string]error{"install": errFull}
			release2(v)
		}, heal: mended},
	{name: "Disk full", does: "no room to put the new version in force", says: "activate", text: "the old one stays in force",
		do: func(v *victim) {
			v.box.refuses = map[string]error{"activate": errFull}
			release2(v)
		}, heal: mended},
	{name: "Disk full", does: "no room to keep the new version after its trial", says: "commit", text: "the old one comes back",
		do: func(v *victim) {
			v.box.refuses = map[string]error{"commit": errFull}
			release2(v)
		}, heal: mended},
	{name: "Disk full", does: "no room for the payload", says: "space", text: "the room is reserved before a chunk is asked for",
		do: func(v *victim) {
			v.limit(100 << 10)
			release2(v)
		}, heal: func(v *victim) { v.limit(0) }, alone: true},
}

var errFull = errors.New("no space left on device")

// mended has room again, and is told anew.
func mended(v *victim) {
	v.box.refuses = nil
	v.assign("2")
}

func same(a, b signer.Key) bool {
	return a.Public().(ed25519.PublicKey).Equal(b.Public())
}

// dropSignature leaves one signature of two in a document.
func dropSignature(raw []byte) []byte {
	i := bytes.LastIndex(raw, []byte(`,{"keyid"`))
	j := bytes.LastIndex(raw, []byte(`{"keyid"`))
	if i < 0 {
		return raw[:j]
	}
	k := i + bytes.IndexByte(raw[i:], '}') + 1
	return append(bytes.Clone(raw[:i]), raw[k:]...)
}
