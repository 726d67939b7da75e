// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"time"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update/signer"
)

// who is the person that acts, for the audit log. Where city hall has accounts it is an admin's, proved by its password; where it has none, whoever is logged in at
// this machine.
func (a *app) who(ctx context.Context, db *store.Store) (string, error) {
	accounts, err := db.Accounts(ctx)
	if err != nil {
		return "", err
	}
	if len(accounts) == 0 {
		if a.as != "" {
			return "", usage("--as %s: city hall has no accounts (cityhall account set makes one)", a.as)
		}
		u, err := user.Current()
		if err != nil {
			return "", fmt.Errorf("asking for your name: %w", err)
		}
		return u.Username, nil
	}
	if a.as == "" {
		return "", usage("--as is missing: city hall has accounts, so say which one acts")
	}
	password, err := a.ask("Password of " + a.as + ": ")
	if err != nil {
		return "", err
	}
	account, wait, err := cityweb.LogIn(ctx, db, a.as, password, time.Now())
	switch {
	case errors.Is(err, cityweb.ErrWait):
		return "", fmt.Errorf("account %s: %w; try again in %s", a.as, err, wait.Round(time.Second))
	case err != nil:
		return "", err
	case account.Name == "":
		return "", errors.Join(fmt.Errorf("there is no account %s with this password", a.as), db.Note(ctx, "-", "fleet refused", "wrong account or password"))
	case account.Role != string(cityweb.Admin):
		return "", errors.Join(fmt.Errorf("account %s is no admin", a.as), db.Note(ctx, a.as, "fleet refused", "no admin"))
	}
	return account.Name, nil
}

// signatory is a person who draws up or approves a plan; key is nil if they prove themselves by an account.
type signatory struct {
	rollout.Person
	key signer.Key
}

// signatory proves a person for a plan of a kind: by an account of city hall, or where there is none by one of the keys that sign the kind's releases. A name at its
// word would make the rule of two people one of two names.
func (a *app) signatory(ctx context.Context, db *store.Store, kind, file string) (signatory, error) {
	accounts, err := db.Accounts(ctx)
	if err != nil {
		return signatory{}, err
	}
	if len(accounts) > 0 {
		if file != "" {
			return signatory{}, usage("--key is for a city without accounts; this one has some: --as NAME")
		}
		name, err := a.who(ctx, db)
		return signatory{Person: rollout.Person{Name: name, By: rollout.ByAccount}}, err
	}
	if file == "" {
		return signatory{}, usage("who are you? city hall has no accounts: make them (cityhall account set NAME --role admin), or give one of the %s keys: --key FILE", kind)
	}
	d, err := a.depot()
	if err != nil {
		return signatory{}, err
	}
	key, err := depot.ReadKey(file, func(path string) (string, error) { return a.ask("Passphrase for " + path + ": ") })
	if err != nil {
		return signatory{}, err
	}
	id, err := signer.KeyID(key)
	if err != nil {
		return signatory{}, err
	}
	p := signatory{Person: rollout.Person{Name: id, By: rollout.ByKey}, key: key}
	return p, d.With(nil, func(repo *signer.Repository) error { // tried before it is relied on
		probe := []byte("madoguchi: is this key of the role?")
		sig, err := signer.SignBare(key, probe)
		if err == nil {
			err = repo.Verify(kind, id, probe, sig)
		}
		if err != nil {
			return fmt.Errorf("key file %s: %w", file, err)
		}
		return nil
	})
}

// sign adds the person's signature to a rollout, if they have a key.
func (p signatory) sign(r *rollout.Rollout, act string) error {
	if p.key == nil {
		return nil
	}
	text, err := r.Statement(act)
	if err != nil {
		return err
	}
	sig, err := signer.SignBare(p.key, text)
	if err != nil {
		return err
	}
	r.Signed = append(r.Signed, rollout.Signature{Key: p.Name, Act: act, Sig: sig})
	return nil
}
