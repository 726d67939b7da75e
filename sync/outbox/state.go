// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// state is the outbox's bookkeeping, one value, written in the transaction of what it counts. It holds:
// created = records in hold + released, and released = records in out + acked + dead. Open checks both.
type state struct {
	Epoch    uint64 // random, not 0, drawn with the file
	Created  uint64 // records that Finish stored
	Released uint64 // records that have a number; the next one gets Released+1
	Sent     uint64 // highest number that Next handed out
	Upto     uint64 // city hall has everything up to here
	Durable  uint64 // city hall has it in a verified backup up to here
	Acked    uint64 // records that city hall stored
	Dead     uint64 // records that city hall rejected
	Forged   uint64 // acknowledgements that no honest city hall sends
	Hall     uint64 // the highest life of city hall's database that a receipt told of; since version 2
}

// A state of version 1 is that of version 2 without its last field.
const stateVersion = 2

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts a checksum before a value: bbolt's pages have none, and a rotten record must not go to city hall as a good one.
func seal(v []byte) []byte {
	b := make([]byte, 4, 4+len(v))
	binary.BigEndian.PutUint32(b, crc32.Checksum(v, castagnoli))
	return append(b, v...)
}

var errChecksum = errors.New("checksum is wrong")

// unseal gives a copy, for bbolt's memory is valid inside its transaction only.
func unseal(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("value has %d bytes, want 4 or more", len(b))
	}
	v := append([]byte(nil), b[4:]...)
	if crc32.Checksum(v, castagnoli) != binary.BigEndian.Uint32(b) {
		return nil, errChecksum
	}
	return v, nil
}

func (s state) fields() []uint64 {
	return []uint64{s.Epoch, s.Created, s.Released, s.Sent, s.Upto, s.Durable, s.Acked, s.Dead, s.Forged, s.Hall}
}

func (s state) encode() []byte {
	b := []byte{stateVersion}
	for _, f := range s.fields() {
		b = binary.BigEndian.AppendUint64(b, f)
	}
	return seal(b)
}

func decodeState(sealed []byte) (state, error) {
	b, err := unseal(sealed)
	if err != nil {
		return state{}, err
	}
	var s state
	n := len(s.fields())
	if len(b) > 0 && b[0] == 1 {
		n--
	}
	if len(b) != 1+8*n || b[0] < 1 || b[0] > stateVersion {
		return state{}, fmt.Errorf("%d bytes are not a state of version 1 to %d", len(b), stateVersion)
	}
	for i, f := range []*uint64{&s.Epoch, &s.Created, &s.Released, &s.Sent, &s.Upto, &s.Durable, &s.Acked, &s.Dead, &s.Forged, &s.Hall}[:n] {
		*f = binary.BigEndian.Uint64(b[1+8*i:])
	}
	switch {
	case s.Epoch == 0:
		return state{}, errors.New("epoch is 0")
	case s.Durable > s.Upto || s.Upto > s.Sent || s.Sent > s.Released || s.Released > s.Created || s.Acked+s.Dead > s.Released:
		return state{}, fmt.Errorf("counters contradict each other: %+v", s)
	}
	return s, nil
}
