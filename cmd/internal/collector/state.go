// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"madoguchi/cmd/internal/store"
)

// hostSchema is the schema name of the host state.
const hostSchema = "madoguchi.host/1"

// hostState is what city hall says of itself: whether it takes records, and the
// number of its connection, so that a late will of an older one is told apart.
func hostState(online bool, session uint64) []byte {
	return fmt.Appendf(nil, `{"online":%t,"s":"%s","session":%d}`, online, hostSchema, session)
}

// maxPresence is the limit of a presence message, in bytes.
const maxPresence = 200

// presence reads a device's presence. Errors quote nothing of it.
func presence(device string, text []byte) (store.Presence, error) {
	if len(text) > maxPresence {
		return store.Presence{}, fmt.Errorf("presence of %d bytes, want at most %d", len(text), maxPresence)
	}
	var w struct {
		Online  *bool   `json:"online"`
		Session *uint64 `json:"session"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil || d.More() {
		return store.Presence{}, errors.New("presence is not JSON of the right fields and types")
	}
	if w.Online == nil || w.Session == nil || *w.Session > 1<<53 {
		return store.Presence{}, errors.New("presence lacks online or session, or session is out of range")
	}
	return store.Presence{Device: device, Online: *w.Online, Session: *w.Session}, nil
}
