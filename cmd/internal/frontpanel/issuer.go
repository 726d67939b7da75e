// SPDX-License-Identifier: Apache-2.0

package frontpanel

import (
	"fmt"
	"net/http"
	"strconv"
)

// issuer is the second person at the simulated issuer, who lets an operation be done or not.
func (s *server) issuer(w http.ResponseWriter, r *http.Request) error {
	var c struct {
		Release *string `json:"release"`
		Refuse  *string `json:"refuse"`
		By      string  `json:"by"`
	}
	if err := read(w, r, &c, issuerExample); err != nil {
		return err
	}
	where, number := "release", c.Release
	if c.Refuse != nil {
		where, number = "refuse", c.Refuse
	}
	if (c.Release == nil) == (c.Refuse == nil) {
		return bad("body", "not one of release and refuse", "send exactly one: "+issuerExample)
	}
	n, err := strconv.ParseUint(*number, 10, 16)
	if err != nil || len(*number) != 4 {
		return bad(where, fmt.Sprintf("%.20q is no number of four digits", *number), "send the number on the box's screen: "+issuerExample)
	}
	if err := s.world.Release(r.Context(), uint16(n), c.By, c.Release != nil); err != nil {
		return err
	}
	answer(w, http.StatusOK, done{true})
	return nil
}
