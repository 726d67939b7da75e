// SPDX-License-Identifier: Apache-2.0

package claim_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// A first visit gives a number; another office resumes it.
func Example() {
	today := claim.DayOf(time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC))
	number, err := claim.Draw(claim.PrefixOf("box-1"), func(claim.Number) bool { return false })
	if err != nil {
		fmt.Println(err)
		return
	}
	state := claim.State{Procedure: record.CertRenewal, Applicant: record.Proxy, Step: claim.LetterMailed, Way: claim.Handover,
		Issued: today, Expires: claim.ExpiryOf(claim.LetterMailed, today, 0), Rev: 1}

	public, private, _ := ed25519.GenerateKey(nil) // city hall's key
	get := claim.Get{Number: number, Nonce: claim.NewNonce()}
	answer, err := claim.SignAnswer(private, claim.Answer{Device: "box-2", Number: number, Nonce: get.Nonce, Verdict: claim.Found, State: state})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := claim.OpenAnswer(public, "box-2", answer)
	fmt.Println(err, a.Nonce == get.Nonce, a.State.Procedure, a.State.Step, a.State.Expires)

	_, err = claim.Parse("K7-3F9A-0")
	fmt.Println(errors.Is(err, claim.ErrForm))
	// Output:
	// <nil> true cert_renewal letter_mailed 2027-01-21
	// true
}
