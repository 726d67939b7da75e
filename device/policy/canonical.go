// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
)

// canonical is what a signature covers: the two files as parsed, the national base first, as one line of JSON
//
//	{"base":{…},"policy":{…}}
//
// with the fields in the order of File, the keys of tables sorted by their bytes, no spaces, no escapes beyond those that JSON demands, and
// a final newline. Comments, blank lines, the order of keys and the way a string is quoted do not change it; everything a rule says does.
func canonical(base, policy *File) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(struct {
		Base   *File `json:"base"`
		Policy *File `json:"policy"`
	}{base, policy}); err != nil {
		panic("policy: canonical form: " + err.Error()) // parsed TOML holds nothing that JSON cannot
	}
	return b.Bytes()
}
