// SPDX-License-Identifier: Apache-2.0

package card

import "time"

// Species says what lies in the reader.
type Species string

// What [Card.Board] can tell apart. None of it is told by the ATR alone, but
// for cards that know no JPKI application, where it is the only hint.
const (
	SpeciesMyNumber       Species = "my_number"       // token label JPKIAPICCTOKEN2
	SpeciesJuki           Species = "juki"            // 住民基本台帳カード: label JPKIAPICCTOKEN, or its ATR
	SpeciesPhone          Species = "phone"           // labels JPKIAPGPSETOKEN, JPKIAPIOSTOKEN
	SpeciesFaceAuth       Species = "face_auth"       // 顔認証マイナンバーカード: no signing certificate, all PINs locked
	SpeciesDrivingLicence Species = "driving_licence" // no JPKI application, and the licence's ATR
	SpeciesUnknown        Species = "unknown"
)

// Tries is the state of one PIN's counter.
type Tries struct {
	Known  bool // the card told; false: no such PIN, or an answer that says nothing
	Left   int  // wrong entries left; 0: locked
	Max    int  // full count
	Differ bool // 住民基本台帳用 only: its two counters differ; Left is the lower
}

// Board is what a card says without any PIN. It is plain data and comparable.
type Board struct {
	Species Species
	Tries   [kindEnd]Tries // indexed by Kind; entry 0 is unused
	// HasSigning and HasAuth say which certificates EF 0008 lists. If a My
	// Number Card would not tell (Board then returns an error beside the board),
	// both are true: nobody is sent away on a guess.
	HasSigning, HasAuth bool
	// AuthEnds is the last day of the login certificate in Japan, as midnight
	// UTC of that date: a date, not an instant. Zero: not known.
	AuthEnds time.Time
}

// Of returns the tries of k; unknown for a kind outside the table.
func (b Board) Of(k Kind) Tries {
	if !k.Valid() {
		return Tries{}
	}
	return b.Tries[k]
}

// MyNumber tells whether the card is a My Number Card of either sort.
func (b Board) MyNumber() bool {
	return b.Species == SpeciesMyNumber || b.Species == SpeciesFaceAuth
}
