// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"madoguchi/cmd/internal/store"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/crypto/argon2"
)

// Role says what an account may do.
type Role string

// The roles. Auditor and Admin both see what Viewer sees, and not what the other
// may do: who changes something does not watch over it.
const (
	Viewer  Role = "viewer"  // figures, devices, alerts, exports
	Auditor Role = "auditor" // also single records and the audit log
	Admin   Role = "admin"   // also acknowledges alerts and steers rollouts
)

// ParseRole finds a role by its name.
func ParseRole(name string) (Role, error) {
	for _, r := range []Role{Viewer, Auditor, Admin} {
		if string(r) == name {
			return r, nil
		}
	}
	return "", fmt.Errorf("role %q is not viewer, auditor or admin", name)
}

// right is something that not every role may do.
type right int

const (
	seeAudit right = iota
	seeRecords
	acknowledge
	steer
)

// visitor is who asks. Without accounts it is whoever sits at this machine, who
// may do everything.
type visitor struct {
	Name  string
	Role  Role
	local bool
}

func (v visitor) may(r right) bool {
	switch r {
	case seeAudit, seeRecords:
		return v.local || v.Role == Auditor
	case acknowledge, steer:
		return v.local || v.Role == Admin
	}
	return false
}

type visitorKey struct{}

func visitorOf(ctx context.Context) visitor {
	v, _ := ctx.Value(visitorKey{}).(visitor)
	return v
}

// People is where accounts, sessions and the audit log lie; *store.Store is one.
type People interface {
	Accounts(context.Context) ([]store.Account, error)
	Tried(ctx context.Context, name string, right bool, locked time.Time) error
	Note(ctx context.Context, who, action, what string) error
	Audits(ctx context.Context, limit int) ([]store.Audit, error)
	Acknowledge(ctx context.Context, kind, device string, count int) error
}

var _ People = (*store.Store)(nil)

// Argon2id as OWASP's cheat sheet has it at the least: 19 MiB, 2 passes, 1 lane.
const (
	hashMemory = 19 << 10
	hashTime   = 2
	hashLanes  = 1
	saltLen    = 16
	hashLen    = 32
)

// MinPassword is the least length of a password, in bytes.
const MinPassword = 12

// HashPassword makes the text that stands for a password, Argon2id in PHC form.
func HashPassword(password string) (string, error) {
	if len(password) < MinPassword || len(password) > maxPassword {
		return "", fmt.Errorf("hashing password: it has %d bytes, want %d to %d", len(password), MinPassword, maxPassword)
	}
	salt := make([]byte, saltLen)
	rand.Read(salt)
	return phc(salt, argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashLanes, hashLen)), nil
}

// maxPassword keeps a stranger from having megabytes hashed.
const maxPassword = 200

func phc(salt, hash []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashLanes, b.EncodeToString(salt), b.EncodeToString(hash))
}

// fits says whether a password is the one of a hash.
func fits(text, password string) bool {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	again := phc(salt, argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashLanes, hashLen))
	return subtle.ConstantTimeCompare([]byte(again), []byte(text)) == 1
}

// nobody is hashed against when there is no such account, so that the answer
// takes as long.
var nobody = phc(make([]byte, saltLen), make([]byte, hashLen))

// waits follow every fifth wrong password.
var waits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

const freeMisses = 5

// ErrWait says that an account is closed for a while.
var ErrWait = errors.New("too many wrong passwords")

// gate is the log-in.
type gate struct {
	people   People
	sessions *scs.SessionManager
	hashing  sync.Mutex // one at a time: 19 MiB each
	now      func() time.Time
}

// logIn is LogIn, one at a time.
func (g *gate) logIn(ctx context.Context, name, password string) (a store.Account, wait time.Duration, err error) {
	g.hashing.Lock()
	defer g.hashing.Unlock()
	return LogIn(ctx, g.people, name, password, g.now())
}

// LogIn checks a password, here and in the tools beside the pages. An account without a name says that name or password is wrong; with ErrWait, wait is how long the
// account is closed yet.
func LogIn(ctx context.Context, people People, name, password string, now time.Time) (a store.Account, wait time.Duration, err error) {
	list, err := people.Accounts(ctx)
	if err != nil {
		return a, 0, err
	}
	a.Hash = nobody
	for _, have := range list {
		if have.Name == name {
			a = have
		}
	}
	if wait := a.Locked.Sub(now); wait > 0 {
		return store.Account{}, wait, ErrWait
	}
	if len(password) <= maxPassword && fits(a.Hash, password) && a.Name != "" {
		return a, 0, people.Tried(ctx, name, true, time.Time{})
	}
	if a.Name == "" {
		return store.Account{}, 0, nil
	}
	var until time.Time
	if misses := a.Misses + 1; misses%freeMisses == 0 {
		until = now.Add(waits[min(misses/freeMisses, len(waits))-1])
	}
	return store.Account{}, 0, people.Tried(ctx, name, false, until)
}

// account finds a logged-in account, with its role of now: an account that was
// deleted is out at once.
func (g *gate) account(ctx context.Context, name string) (visitor, bool, error) {
	list, err := g.people.Accounts(ctx)
	if err != nil {
		return visitor{}, false, err
	}
	for _, a := range list {
		if a.Name == name && name != "" {
			return visitor{Name: a.Name, Role: Role(a.Role)}, true, nil
		}
	}
	return visitor{}, false, nil
}

// newGate makes the log-in. Sessions end after 30 minutes without a look and
// after 10 hours, a working day.
func newGate(people People, keep scs.CtxStore, secure bool, now func() time.Time) *gate {
	m := scs.New()
	m.Store = keep
	m.Lifetime, m.IdleTimeout = 10*time.Hour, 30*time.Minute
	m.Cookie.Name, m.Cookie.HttpOnly, m.Cookie.SameSite = "madoguchi", true, http.SameSiteLaxMode
	m.Cookie.Secure, m.Cookie.Persist = secure, false
	return &gate{people: people, sessions: m, now: now}
}
