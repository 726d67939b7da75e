// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"
)

// Application is one of the card's applications (AP) by a stable id.
type Application struct {
	ID      string // "jpki", "text", "surface", "juki", "common"
	Name    string // as the specifications say
	Present bool   // the card selects it
}

// applications are those of a My Number Card (soltia48/myna-card, src/ap).
var applications = []struct {
	id, name string
	aid      AID
}{
	{"jpki", "公的個人認証AP", jpkiAP},
	{"text", "券面事項入力補助AP", textAP},
	{"surface", "券面事項確認AP", surfaceAP},
	{"juki", "住基AP", jukiAP},
	{"common", "共通カードAP", commonAP},
}

// Applications asks the card for each application by its whole name. It reads
// nothing and costs no try; every PIN state is dropped.
func (c *Card) Applications() ([]Application, error) {
	out := make([]Application, len(applications))
	for i, a := range applications {
		out[i] = Application{ID: a.id, Name: a.name}
		err := c.selectApp(a.aid)
		var odd *StatusError
		if err != nil && (!errors.As(err, &odd) || technical(odd.SW)) {
			return out[:i], fmt.Errorf("listing applications: %w", err)
		}
		out[i].Present = err == nil
	}
	return out, nil
}
