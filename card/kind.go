// SPDX-License-Identifier: Apache-2.0

package card

import (
	"fmt"

	"madoguchi/pinpad/pin"
)

// Kind is one of the PINs a resident knows of. The zero Kind is none of them.
type Kind uint8

// The PINs of a My Number Card, in the order the tries board shows them.
const (
	KindLogin    Kind = 1 + iota // 利用者証明用電子証明書の暗証番号
	KindSigning                  // 署名用電子証明書の暗証番号 (a password)
	KindCardInfo                 // 券面事項入力補助用の暗証番号
	KindRegister                 // 住民基本台帳用の暗証番号

	kindEnd
)

// Ref is one key reference on the card: an application and the elementary
// file in it that holds the PIN.
type Ref struct {
	AP AID
	EF uint16
}

// Info is one row of the table of PINs.
type Info struct {
	ID      string   // stable name in screens, records and interfaces
	Refs    []Ref    // where the PIN lies; 住民基本台帳用 lies in two places
	Tries   int      // wrong entries until it locks; only a hint, the card's counter is the truth
	Form    pin.Form // what an existing PIN may look like
	NewForm pin.Form // what a new PIN may look like
}

// infos is the table (OpenSC jpki.h and city offices' pages for the tries,
// jpki/myna for the forms). A next-generation card is another table.
var infos = [kindEnd]Info{
	KindLogin:    {"login", []Ref{{jpkiAP, 0x0018}}, 3, pin.FormDigits4, pin.FormDigits4},
	KindSigning:  {"signing", []Ref{{jpkiAP, 0x001B}}, 5, pin.FormPassword, pin.FormNewPassword},
	KindCardInfo: {"card_info", []Ref{{textAP, 0x0011}}, 3, pin.FormDigits4, pin.FormDigits4},
	KindRegister: {"register", []Ref{{commonAP, 0x001C}, {jukiAP, 0x001C}}, 3, pin.FormDigits4, pin.FormDigits4},
}

// Kinds returns all kinds in the order of the tries board.
func Kinds() []Kind { return []Kind{KindLogin, KindSigning, KindCardInfo, KindRegister} }

// Valid tells whether k is one of the table.
func (k Kind) Valid() bool { return k > 0 && k < kindEnd }

// Info returns k's row; the zero Info for a kind outside the table.
func (k Kind) Info() Info {
	if !k.Valid() {
		return Info{}
	}
	in := infos[k]
	in.Refs = append([]Ref(nil), in.Refs...)
	return in
}

// Form is what an existing PIN of this kind may look like.
func (k Kind) Form() pin.Form { return k.Info().Form }

// NewForm is what a new PIN of this kind may look like.
func (k Kind) NewForm() pin.Form { return k.Info().NewForm }

// String returns the kind's id, e.g. "login".
func (k Kind) String() string {
	if !k.Valid() {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return infos[k].ID
}

// ParseKind is the inverse of [Kind.String].
func ParseKind(id string) (Kind, error) {
	for _, k := range Kinds() {
		if infos[k].ID == id {
			return k, nil
		}
	}
	return 0, fmt.Errorf("card: no PIN kind %q", id)
}

// MarshalText writes the id, so that a Kind can stand in JSON.
func (k Kind) MarshalText() ([]byte, error) {
	if !k.Valid() {
		return nil, fmt.Errorf("card: no PIN kind %d", uint8(k))
	}
	return []byte(infos[k].ID), nil
}

// UnmarshalText reads the id.
func (k *Kind) UnmarshalText(b []byte) error {
	v, err := ParseKind(string(b))
	if err != nil {
		return err
	}
	*k = v
	return nil
}
