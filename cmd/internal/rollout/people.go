// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Proof is how a person has shown who they are.
type Proof string

// The proofs. A city with accounts takes accounts only; keys are for one without.
const (
	ByAccount Proof = "account" // of city hall, by its password
	ByKey     Proof = "key"     // one of those that sign this kind of release
)

// Person is who draws up or approves a plan.
type Person struct {
	Name string // of the account; of a key its id
	By   Proof
}

// String names the person.
func (p Person) String() string {
	if p.By == ByKey {
		return fmt.Sprintf("key %.8s", p.Name)
	}
	return p.Name
}

// Signature is a key's consent to an act.
type Signature struct {
	Key string // TUF's id
	Act string // "draft", "approve"
	Sig []byte
}

// Statement is what a key signs for an act: the whole plan and who is in which wave. Neither changes afterwards.
func (r *Rollout) Statement(act string) ([]byte, error) {
	waves := map[string]int{}
	for id, m := range r.Members {
		waves[id] = m.Wave
	}
	text, err := json.Marshal(struct {
		Plan  Plan
		Waves map[string]int
	}{r.Plan, waves})
	if err != nil {
		return nil, fmt.Errorf("stating rollout: %w", err)
	}
	return fmt.Appendf(nil, "madoguchi rollout 1\n%s\n%x\n", act, sha256.Sum256(text)), nil
}

// Acts that two people do.
const (
	Drafting  = "draft"
	Approving = "approve"
)

// ErrSamePerson says that one person cannot do both.
var ErrSamePerson = errors.New("somebody else must approve")

// Approve is the second person's consent. It must be proved in the same way as the first's: whether an account and a key are one person nobody can tell.
func (r *Rollout) Approve(who Person, now time.Time) error {
	switch {
	case r.Phase != Draft:
		return r.errPhase("approving")
	case who.Name == "" || who.Name == r.Plan.Author.Name:
		return fmt.Errorf("approving rollout %s: %s drew it up: %w", r.Plan.ID, r.Plan.Author, ErrSamePerson)
	case who.By != r.Plan.Author.By:
		return fmt.Errorf("approving rollout %s: it was drawn up by %s, and can only be approved by another %s; draw it up anew", r.Plan.ID, r.Plan.Author, r.Plan.Author.By)
	}
	r.Approver = who
	r.to(Approved, now)
	r.log(now, who.String(), "approved", "")
	return nil
}

// Proved holds the two people of a rollout against their signatures, which verify checks: it says whether a key of a role has signed a message. A plan of accounts has
// none; there the database is believed.
func (r *Rollout) Proved(verify func(role, key string, message, sig []byte) error) error {
	if r.Plan.Author.By != ByKey {
		return nil
	}
	for act, who := range map[string]Person{Drafting: r.Plan.Author, Approving: r.Approver} {
		message, err := r.Statement(act)
		if err != nil {
			return err
		}
		err = errors.New("not signed")
		for _, s := range r.Signed {
			if s.Act == act && s.Key == who.Name {
				err = verify(r.Plan.Kind, s.Key, message, s.Sig)
				break
			}
		}
		if err != nil {
			return fmt.Errorf("rollout %s: %s by %s: %w", r.Plan.ID, act, who, err)
		}
	}
	if r.Approver.Name == r.Plan.Author.Name {
		return fmt.Errorf("rollout %s: one key drew it up and approved it: %w", r.Plan.ID, ErrSamePerson)
	}
	return nil
}
