// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/device/update"
)

// released is a firmware of n bytes in a fresh city, with its chunks.
func released(t *testing.T, payload []byte) (*city, update.Manifest, []update.Chunk) {
	t.Helper()
	c := newCity(t)
	_, m := c.release(t, update.Firmware, "1", 1, payload)
	list, err := update.ParseChunks(m, c.depot[update.ObjectName(m.Chunks.SHA256)])
	if err != nil {
		t.Fatal(err)
	}
	return c, m, list
}

// each are the wants that one part answers.
func each(wants []update.Want) (all []update.Want) {
	for _, w := range wants {
		all = append(all, w.Each()...)
	}
	return all
}

// answer is the depot's part for such a want.
func (c *city) answer(w update.Want) update.Part {
	blob, ok := c.depot[w.Name]
	if !ok {
		return update.Part{Name: w.Name, Absent: true}
	}
	end := min(w.Offset+uint64(w.Len), uint64(len(blob)))
	return update.Part{Name: w.Name, Offset: w.Offset, Size: uint64(len(blob)), Data: blob[w.Offset:end]}
}

func open(t *testing.T, dir string, m update.Manifest, list []update.Chunk, o *update.TransferOpts) *update.Transfer {
	t.Helper()
	tr, err := update.OpenTransfer(dir, m, list, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func finish(t *testing.T, tr *update.Transfer, payload []byte) {
	t.Helper()
	path, err := tr.Finish()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, payload) {
		t.Error("the payload on the disk is another one")
	}
}

// TestTransferCut: whatever is cut, lost, doubled, reordered or damaged on the way or on the disk, the payload that is finished is the signed one, and a power cut costs
// what was in flight.
func TestTransferCut(t *testing.T) {
	payload := noise(t, 3<<20)
	c, m, list := released(t, payload)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	dir := t.TempDir()
	part := filepath.Join(dir, m.SHA256.String()+".part")
	now, cuts, budget := day, 0, int64(0)
	for {
		tr := open(t, dir, m, list, &update.TransferOpts{Window: 1 + r.IntN(16), Tries: 1000, Budget: 100})
		power := r.IntN(60) // answers until the power goes
		var late []update.Part
		for power > 0 && tr.Left() > 0 {
			wants, wake, err := tr.Next(now)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range each(wants) {
				late = append(late, c.answer(w))
			}
			r.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
			keep := late[:0]
			for _, p := range late {
				power--
				switch r.IntN(8) {
				case 0: // lost
					continue
				case 1: // twice
					keep = append(keep, p)
				case 2: // damaged
					p.Data = bytes.Clone(p.Data)
					p.Data[r.IntN(len(p.Data))] ^= 0x20
				}
				if err := tr.Deliver(p, now); err != nil {
					t.Fatal(err)
				}
			}
			late = keep
			if len(wants) == 0 {
				now = wake
			}
		}
		budget += tr.Tally().Received
		if tr.Left() == 0 {
			finish(t, tr, payload)
			break
		}
		cuts++
		tr.Close()
		// What was not yet durable may be lost: a piece of the file is old or nonsense.
		f, err := os.OpenFile(part, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, r.IntN(4096)), r.Int64N(m.Size-4096)); err != nil {
			t.Fatal(err)
		}
		if r.IntN(6) == 0 {
			if err := f.Truncate(r.Int64N(m.Size)); err != nil {
				t.Fatal(err)
			}
		}
		f.Close()
	}
	if cuts == 0 {
		t.Error("no power cut happened")
	}
	t.Logf("%d chunks, %d power cuts, %.2f bytes received for each byte", len(list), cuts, float64(budget)/float64(m.Size))
}

func TestTransferEnds(t *testing.T) {
	payload := noise(t, 1<<20)
	tests := map[string]struct {
		answer func(c *city, w update.Want) []update.Part
		want   error
	}{
		"nobody answers": {func(*city, update.Want) []update.Part { return nil }, update.ErrSilent},
		"the depot has dropped it": {func(_ *city, w update.Want) []update.Part {
			return []update.Part{{Name: w.Name, Absent: true}}
		}, update.ErrAbsent},
		"endless wrong bytes": {func(_ *city, w update.Want) []update.Part {
			return []update.Part{{Name: w.Name, Size: update.MaxPart, Data: make([]byte, update.MaxPart)}}
		}, update.ErrBudget},
		"endless bytes that nobody asked for": {func(*city, update.Want) []update.Part {
			return []update.Part{{Name: "chunk/x", Size: update.MaxPart, Data: make([]byte, update.MaxPart)}}
		}, update.ErrBudget},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, m, list := released(t, payload)
			tr := open(t, t.TempDir(), m, list, &update.TransferOpts{Tries: 40})
			now := day
			var err error
			for range 10_000 {
				var wants []update.Want
				var wake time.Time
				if wants, wake, err = tr.Next(now); err != nil {
					break
				}
				now = wake
				for _, w := range each(wants) {
					for _, p := range tt.answer(c, w) {
						if e := tr.Deliver(p, now); e != nil {
							err = e
						}
					}
				}
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if limit := int64(1.3*float64(m.Size)) + 16*update.MaxPart; tr.Tally().Received > limit {
				t.Errorf("%d bytes were received, at most %d may be", tr.Tally().Received, limit)
			}
			if _, err := tr.Finish(); err == nil {
				t.Error("finished all the same")
			}
		})
	}
}

// TestReuse: an insertion near the beginning moves every byte behind it, and the box still has most chunks.
func TestReuse(t *testing.T) {
	old := noise(t, 4<<20)
	next := append(append(bytes.Clone(old[:100<<10]), "seventeen letters"...), old[100<<10:]...)
	c, m, list := released(t, next)
	tr := open(t, t.TempDir(), m, list, nil)
	if err := tr.Reuse(bytes.NewReader(old)); err != nil {
		t.Fatal(err)
	}
	now := day
	for tr.Left() > 0 {
		wants, wake, err := tr.Next(now)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range each(wants) {
			if err := tr.Deliver(c.answer(w), now); err != nil {
				t.Fatal(err)
			}
		}
		now = wake
	}
	finish(t, tr, next)
	if got := tr.Tally(); got.Reused < m.Size*9/10 || got.Reused+got.Received != m.Size {
		t.Errorf("%+v of %d bytes, want nine tenths reused", got, m.Size)
	}
}

// TestTransferBatch: on a prompt line few requests ask for many chunks, on a far one and under a cap each asks for about one, and the line never rests.
func TestTransferBatch(t *testing.T) {
	for _, tt := range []struct {
		name        string
		trip        time.Duration
		rate        int64
		least, most float64 // requests for each chunk
	}{
		{"prompt", 20 * time.Millisecond, 0, 0.14, 0.35},
		{"far", 2 * time.Second, 0, 0.8, 1.2},
		{"capped", 20 * time.Millisecond, 1 << 20, 0.8, 1.2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			payload := noise(t, 8<<20)
			c, m, list := released(t, payload)
			tr := open(t, t.TempDir(), m, list, &update.TransferOpts{RateBPS: tt.rate})
			type coming struct {
				at time.Time
				update.Part
			}
			var way []coming
			now, requests := day, 0
			for tr.Left() > 0 {
				wants, wake, err := tr.Next(now)
				if err != nil {
					t.Fatal(err)
				}
				requests += len(wants)
				for _, w := range wants {
					for _, one := range w.Each() {
						way = append(way, coming{now.Add(tt.trip), c.answer(one)})
					}
				}
				if len(way) == 0 || !wake.IsZero() && wake.Before(way[0].at) {
					if now = wake; tt.rate == 0 {
						t.Fatal("the line rests")
					}
					continue
				}
				next := way[0]
				way, now = way[1:], next.at
				if err := tr.Deliver(next.Part, now); err != nil {
					t.Fatal(err)
				}
			}
			finish(t, tr, payload)
			t.Logf("%d requests for %d chunks in %s", requests, len(list), now.Sub(day))
			if got := float64(requests) / float64(len(list)); got < tt.least || got > tt.most {
				t.Errorf("%.2f requests for each chunk, want %.2f to %.2f", got, tt.least, tt.most)
			}
			if tr.Tally().Bad != 0 || tr.Tally().Received != m.Size {
				t.Errorf("%+v for %d bytes", tr.Tally(), m.Size)
			}
		})
	}
}

// TestRate: the cap holds over the transfer.
func TestRate(t *testing.T) {
	c, m, list := released(t, noise(t, 1<<20))
	const rate = 256 << 10
	tr := open(t, t.TempDir(), m, list, &update.TransferOpts{RateBPS: rate})
	now := day
	for tr.Left() > 0 {
		wants, wake, err := tr.Next(now)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range each(wants) {
			if err := tr.Deliver(c.answer(w), now); err != nil {
				t.Fatal(err)
			}
		}
		if len(wants) == 0 {
			now = wake
		}
	}
	if took := now.Sub(day); took < 3500*time.Millisecond || took > 4500*time.Millisecond {
		t.Errorf("1 MiB at 256 KiB/s took %s of the box's clock, want about 4 s", took)
	}
}

func TestChunks(t *testing.T) {
	c, m, _ := released(t, noise(t, 1<<20))
	raw := c.depot[update.ObjectName(m.Chunks.SHA256)]
	for name, list := range map[string][]byte{"cut": raw[:len(raw)-1], "longer": append(bytes.Clone(raw), raw[:36]...), "other": bytes.Repeat([]byte{7}, len(raw)), "empty": nil} {
		if _, err := update.ParseChunks(m, list); err == nil {
			t.Errorf("a chunk list that is %s was taken", name)
		}
	}
}
