// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"sync"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/sync/issuer"
)

// Card is a sample card as the front panel shows it.
type Card struct {
	ID    string            `json:"id"`
	Title simcard.Text      `json:"title"`
	What  simcard.Text      `json:"what"`
	Look  string            `json:"look"` // "my_number", "child", "face_auth", "licence"
	PINs  map[string]string `json:"pins"` // by the id of the PIN kind, as when the card was fresh
	Used  bool              `json:"used"` // its counters or PINs are no longer as when it was fresh
	// Changed names the PIN kinds that are no longer as in PINs.
	Changed []string `json:"changed"`
}

// pocket holds the sample cards and the slot they go into.
type pocket struct {
	folder *folder
	reader *simcard.Reader

	mu       sync.Mutex
	samples  []simcard.Sample
	cards    map[string]*simcard.Card
	fresh    map[string]simcard.State
	inserted string
	session  uint32
	link     card.Link
}

// errTaken and errEmpty are what a hand at the slot feels.
var (
	errTaken = errors.New("a card is in the slot already")
	errEmpty = errors.New("no card is in the slot")
)

func newPocket(f *folder, today time.Time) (*pocket, error) {
	p := &pocket{folder: f, reader: simcard.NewReader(), samples: append(simcard.Samples(today), simcard.IssuerSamples(today)...),
		cards: map[string]*simcard.Card{}, fresh: map[string]simcard.State{}}
	kept := map[string]simcard.State{}
	data, err := os.ReadFile(f.file("cards.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("reading cards: %w", err)
	default:
		if err := json.Unmarshal(data, &kept); err != nil {
			return nil, fmt.Errorf("reading %s: %w; remove the file to have fresh cards", f.file("cards.json"), err)
		}
	}
	for _, s := range p.samples {
		c := simcard.New(s.Spec)
		p.cards[s.ID], p.fresh[s.ID] = c, c.State()
		state, ok := kept[s.ID]
		if !ok {
			continue
		}
		if err := c.Restore(state); err != nil {
			return nil, fmt.Errorf("reading %s: card %s: %w; remove the file to have fresh cards", f.file("cards.json"), s.ID, err)
		}
	}
	return p, nil
}

// list returns the cards in the order of the samples.
func (p *pocket) list() []Card {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Card, len(p.samples))
	for i, s := range p.samples {
		pins := map[string]string{}
		for k, v := range s.PINs {
			pins[k.String()] = v
		}
		out[i] = Card{s.ID, s.Title, s.What, look(s.ID), pins, p.used(s.ID), p.changed(s.ID)}
	}
	return out
}

// look is how the card is printed.
func look(id string) string {
	switch id {
	case "under_15", "issuer_child", "issuer_child_suspended", "issuer_first":
		return "child"
	case "face_auth":
		return "face_auth"
	case "driving_licence":
		return "licence"
	}
	return "my_number"
}

// used reports whether the card has changed; p.mu is held.
func (p *pocket) used(id string) bool {
	return !reflect.DeepEqual(p.cards[id].State(), p.fresh[id])
}

// changed lists the kinds whose PIN is another than when the card was fresh;
// p.mu is held.
func (p *pocket) changed(id string) []string {
	now, then := p.cards[id].State().Keys, p.fresh[id].Keys
	kinds := []string{}
	for _, k := range card.Kinds() {
		for _, ref := range k.Info().Refs {
			key := fmt.Sprintf("%s:%04X", ref.AP, ref.EF)
			if now[key].PIN != then[key].PIN {
				kinds = append(kinds, k.String())
				break
			}
		}
	}
	return kinds
}

// usedCards lists the cards that are no longer fresh, with the kinds whose PIN
// was changed.
func (p *pocket) usedCards() map[string][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string][]string{}
	for _, s := range p.samples {
		if p.used(s.ID) {
			out[s.ID] = p.changed(s.ID)
		}
	}
	return out
}

// suspended are the numbers of the cards whose holders have telephoned: of one card, or of
// all that are as when they were fresh.
func (p *pocket) suspended(id string) (out []issuer.CardNumber) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.samples {
		if s.Suspended && (id == s.ID || id == "" && !p.used(s.ID)) {
			out = append(out, simcard.Number(s.Spec))
		}
	}
	return out
}

// in returns the id of the card in the slot, "" without one.
func (p *pocket) in() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inserted
}

// has reports whether there is such a card.
func (p *pocket) has(id string) bool {
	_, ok := p.cards[id]
	return ok
}

func (p *pocket) insert(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inserted != "" {
		return errTaken
	}
	p.inserted = id
	p.reader.Insert(p.cards[id])
	return nil
}

func (p *pocket) remove() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inserted == "" {
		return errEmpty
	}
	p.inserted, p.link = "", nil
	p.reader.Remove()
	return nil
}

// refresh makes a card as it was when fresh. It must not be in the slot.
func (p *pocket) refresh(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inserted == id {
		return errTaken
	}
	if err := p.cards[id].Restore(p.fresh[id]); err != nil {
		return fmt.Errorf("making card %s fresh: %w", id, err)
	}
	return p.save()
}

// save keeps what the cards keep without power; p.mu is held.
func (p *pocket) save() error {
	states := map[string]simcard.State{}
	for id, c := range p.cards {
		if p.used(id) {
			states[id] = c.State()
		}
	}
	data, err := json.MarshalIndent(states, "", " ")
	if err != nil {
		return fmt.Errorf("keeping cards: %w", err)
	}
	return p.folder.write("cards.json", data)
}

// connect powers the card up for the box.
func (p *pocket) connect() (uint32, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	p.drop()
	l, err := p.reader.Connect(ctx)
	if err != nil {
		return 0, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session++
	p.link = l
	var atr []byte
	if a, ok := l.(interface{ ATR() []byte }); ok {
		atr = a.ATR()
	}
	return p.session, atr, nil
}

// drop powers the card down, as when the box loses power.
func (p *pocket) drop() {
	p.mu.Lock()
	l := p.link
	p.link = nil
	p.mu.Unlock()
	if l != nil {
		l.Close()
	}
}

// transmit passes one APDU to the card of a session. What the card keeps is on
// disk before its answer is on the wire.
func (p *pocket) transmit(session uint32, apdu []byte) ([]byte, error) {
	p.mu.Lock()
	l, id := p.link, p.inserted
	if l == nil || session != p.session {
		p.mu.Unlock()
		return nil, card.ErrRemoved
	}
	before := p.cards[id].State()
	p.mu.Unlock()
	answer, err := l.Transmit(apdu)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !reflect.DeepEqual(before, p.cards[id].State()) {
		if serr := p.save(); serr != nil {
			return nil, serr
		}
	}
	return answer, err
}

// unpower ends a session.
func (p *pocket) unpower(session uint32) {
	p.mu.Lock()
	mine := session == p.session
	p.mu.Unlock()
	if mine {
		p.drop()
	}
}
