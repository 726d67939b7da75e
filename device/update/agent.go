// SPDX-License-Identifier: Apache-2.0

package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// An Installer puts one kind of object in force. Its steps are called one after the other; each may be cut off by a power cut and is called again after the start. Each has
// a limit (AgentOpts.Write, Step) at which its context ends; one that does not come back all the same is left alone, and the box serves residents again.
type Installer interface {
	// Check reads the fetched payload and refuses what this box could not use.
	Check(ctx context.Context, path string, m Manifest) error
	// Install lays the payload beside what is in force, durably.
	Install(ctx context.Context, path string, m Manifest) error
	// Activate puts it in force on trial. A slot returns ErrReboot: the trial begins when the box has started again.
	Activate(ctx context.Context, m Manifest) error
	// Running is the payload in force: what truly runs, not what was asked for.
	Running(ctx context.Context) (Digest, error)
	// Probe tells what is wrong with the version on trial; nil: healthy. It is called again and again until the trial ends.
	Probe(ctx context.Context, h Health) error
	// Commit keeps the version on trial. Revert brings the one before back in force; for a slot it may return ErrReboot. Revert is also called when the start that Activate
	// asked for has not come: from then on nothing may start the box into the other slot.
	Commit(ctx context.Context) error
	Revert(ctx context.Context) error
}

// ErrReboot says that the step goes on after a start of the box.
var ErrReboot = errors.New("goes on after a start")

// AgentOpts is what an agent needs of its box.
type AgentOpts struct {
	Device     string
	Root       []byte // root of the provisioning file
	Store      Store
	Dir        string // for payloads; the agent's own
	Box        Box    // Installed is filled from Store
	Installers map[Kind]Installer
	Public     *Log             // the transparency log that every release must be in; nil: none
	Send       func(Want) error // a wall.Want frame; an error counts as no answer
	Now        func() Moment    // the box's clock and whether it is believed
	// Hold keeps a case from opening while an object of a kind is put in force or taken back; false: one is open, or the counter is not quiet enough for it. What it
	// returns lets go; it is called once.
	Hold     func(Kind) (release func(), ok bool)
	Wipe     Wiper                             // nil: the box cannot be wiped by an order
	Changed  func(Status)                      // told at every change; nil: nobody is
	Reuse    func(Kind) (io.ReadCloser, error) // something of that kind that the box has, to take chunks from; nil: nothing
	Log      *slog.Logger                      // nil: silent
	Refresh  time.Duration                     // between looks for newer metadata; default 6 h
	Retry    time.Duration                     // after the line was lost; default 5 min
	Poll     time.Duration                     // between tries of Hold, looks at the window, and probes; default 5 s
	Answer   time.Duration                     // until a request for metadata is made again; default 20 s; longer after silence
	Transfer TransferOpts
	Attempts int           // for each object of an assignment; default 3
	Write    time.Duration // limit of Installer.Check and Install; default 30 min: a slot of 500 MB takes five
	Step     time.Duration // limit of each other step; default 2 min
}

// Agent carries out the assignments of one box, one object at a time.
type Agent struct {
	o       AgentOpts
	trust   *Trust
	kept    kept
	desired chan []byte
	parts   chan Part
	current []byte          // the assignment that is being carried out
	failed  map[Kind]Status // of this round: what is not in force, and why
	done    int64           // generation that was carried out to its end since the start
	release func()          // of Hold; nil: cases may open
	pace    *pace           // of the line

	busy      map[Kind]<-chan struct{} // steps that have not come back
	rebooting bool                     // the caller was asked for a start
	refused   string                   // code of the latest assignment that was none of ours
	wipe      *Wipe                    // of the assignment in force, once it was verified since the start
	wiping    *WipeStatus              // as it was told; nil: there is no order to
	last      Status                   // as it was told
}

// NewAgent opens the trust and the state of an agent, once at each start of the box and before anything reads what the installers have put in force: it counts the start if
// rules or settings are on trial, and takes them back if the box does not stay up with them. Nothing else happens before Run.
func NewAgent(o AgentOpts) (*Agent, error) {
	o.Refresh, o.Retry, o.Poll = orDefault(o.Refresh, 6*time.Hour), orDefault(o.Retry, 5*time.Minute), orDefault(o.Poll, 5*time.Second)
	o.Answer, o.Attempts = orDefault(o.Answer, 20*time.Second), orDefault(o.Attempts, 3)
	o.Write, o.Step = orDefault(o.Write, 30*time.Minute), orDefault(o.Step, 2*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func(Status) {}
	}
	trust, err := OpenTrust(o.Root, o.Store)
	if err != nil {
		return nil, err
	}
	a := &Agent{o: o, trust: trust, desired: make(chan []byte, 1), parts: make(chan Part, 2*orDefault(o.Transfer.Window, defaultWindow)), failed: map[Kind]Status{},
		pace: newPace(orDefault(o.Transfer.Window, defaultWindow)), busy: map[Kind]<-chan struct{}{}}
	if err := a.load(); err != nil {
		return nil, err
	}
	a.started()
	return a, nil
}

// Desired hands over the body of a wall.Desired frame. The newest waits; an older one that was not looked at yet is dropped.
func (a *Agent) Desired(raw []byte) {
	for {
		select {
		case a.desired <- raw:
			return
		default:
		}
		select {
		case <-a.desired:
		default:
		}
	}
}

// Part hands over the body of a wall.Bytes frame and never waits: what comes while the agent is too far behind is dropped, and it asks again.
func (a *Agent) Part(body []byte) error {
	p, err := ParsePart(body)
	if err != nil {
		return err
	}
	select {
	case a.parts <- p:
	default:
	}
	return nil
}

// Run carries out assignments until the context ends, or until the box is being wiped (ErrWipe), or until an installer says ErrReboot: then the caller starts the box again. Cases
// are still held then. If the start of an installer does not come, the caller calls Run of the same agent again: it lets cases open, and says what has happened ("restart").
func (a *Agent) Run(ctx context.Context) error {
	err := a.run(ctx)
	if !errors.Is(err, ErrReboot) && !errors.Is(err, ErrWipe) {
		a.letGo()
	}
	return err
}

func (a *Agent) run(ctx context.Context) error {
	a.sweep()
	raw, err := a.o.Store.Load(keptDesired)
	if err != nil {
		return fmt.Errorf("loading assignment: %w", err)
	}
	first := time.Duration(0)
	if raw == nil || a.rebooting { // what the board would not start into is not written again at once
		first = a.o.Refresh
	}
	a.current = raw
	if err := a.resume(ctx); err != nil {
		return err
	}
	a.letGo()
	again := time.NewTimer(first)
	defer again.Stop()
	for {
		var look <-chan time.Time
		if a.wipe != nil {
			look = time.After(a.o.Poll)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.parts: // of a request that nobody waits for any more
			continue
		case <-look:
			if err := a.tryWipe(); err != nil {
				return err
			}
			continue
		case raw = <-a.desired:
		case <-again.C:
		}
		next := a.o.Refresh
		if raw != nil {
			err := a.carryOut(ctx, raw)
			if errors.Is(err, ErrReboot) || errors.Is(err, ErrWipe) {
				return err
			}
			a.letGo()
			switch {
			case errors.Is(err, errStuck), ctx.Err() != nil:
				return err
			case errors.Is(err, errRefused):
				// What came is none of ours. The one in force must not be lost over it, nor the work on it.
				a.o.Log.Warn("update", "error", err)
				other := raw
				if raw, err = a.o.Store.Load(keptDesired); err != nil {
					return fmt.Errorf("loading assignment: %w", err)
				}
				if raw != nil && a.done != a.kept.Gen && !bytes.Equal(raw, other) {
					next = 0
				}
			case errors.Is(err, errLine), errors.Is(err, ErrSilent), errors.Is(err, errStorage):
				next = a.o.Retry
				a.o.Log.Info("update", "error", err)
			case err != nil:
				a.o.Log.Warn("update", "error", err)
			}
		}
		again.Reset(next)
	}
}

// carryOut verifies an assignment and installs what of it is not in force. A kind that cannot be installed does not hold up the others; nothing is told but what fails
// then, and the errors are joined.
func (a *Agent) carryOut(ctx context.Context, raw []byte) error {
	a.current = raw
	if err := a.trust.Refresh(ctx, a.fetch, a.o.Now()); err != nil {
		code := "metadata"
		if errors.Is(err, errLine) {
			code = "line"
		}
		return a.fail("", code, err)
	}
	as, err := a.trust.Assignment(raw, a.o.Device, a.kept.Gen, a.o.Now())
	if err != nil && !errors.Is(err, ErrSameAssignment) {
		return a.refuse(err)
	}
	a.refused = ""
	if as.Gen > a.kept.Gen {
		if err := a.adopt(as, raw); err != nil {
			return err
		}
	}
	a.wipe = as.Order.Wipe
	if err := a.tryWipe(); err != nil {
		return err
	}
	clear(a.failed) // an earlier failure is no longer the truth if nothing fails now
	var all []error
	for _, kind := range Kinds {
		o, ok := as.Objects[kind]
		if !ok {
			continue
		}
		var err error
		if a.o.Installers[kind] == nil { // said, or a rollout would wait for it in silence
			err = a.fail(kind, "refused.installer", fmt.Errorf("this box installs no %s", kind))
		} else {
			err = a.one(ctx, kind, o, as.Order)
		}
		if !errors.Is(err, ErrReboot) && !errors.Is(err, ErrWipe) {
			a.letGo()
		}
		if err != nil {
			all = append(all, err)
		}
		if ctx.Err() != nil || errors.Is(err, errStuck) || errors.Is(err, ErrReboot) || errors.Is(err, ErrWipe) || errors.Is(err, errSuperseded) || errors.Is(err, errLine) {
			return errors.Join(all...)
		}
	}
	a.done = a.kept.Gen
	for _, kind := range Kinds {
		if last, ok := a.failed[kind]; ok {
			a.tell(last) // the last word, not that of a kind after it
			return errors.Join(all...)
		}
	}
	a.tell(Status{State: Idle})
	return errors.Join(all...)
}

// adopt makes a newer assignment the one in force, and forgets what only the one before wanted. The document is stored first: a generation whose document is not there
// would be none that the box could carry out, and none that it would take again.
func (a *Agent) adopt(as Assignment, raw []byte) error {
	if err := a.o.Store.Save(keptDesired, raw); err != nil {
		return a.fail("", "storage", fmt.Errorf("%w: %w", errStorage, err))
	}
	before := a.kept
	a.kept.Gen, a.kept.Attempts, a.kept.Codes, a.kept.Wanted = as.Gen, nil, nil, map[Kind]Digest{}
	for kind, d := range before.Wanted {
		if _, still := as.Objects[kind]; still {
			a.kept.Wanted[kind] = d
		}
	}
	if err := a.save(); err != nil {
		a.kept = before
		return a.fail("", "storage", err)
	}
	a.sweep()
	return nil
}

// one installs one object, up to its trial's end.
func (a *Agent) one(ctx context.Context, kind Kind, o Object, order Order) error {
	m, err := o.Manifest(ctx, a.fetch)
	if err != nil {
		code := "manifest"
		if errors.Is(err, errLine) {
			code = "line"
		}
		return a.fail(kind, code, err)
	}
	if m.SHA256 == a.kept.Installed[kind].SHA256 {
		return nil
	}
	if err := a.public(ctx, o); err != nil {
		return a.fail(kind, logCode(err), err)
	}
	if n := a.kept.Attempts[kind]; n >= a.o.Attempts {
		if code := a.kept.Codes[kind]; code != "" {
			a.failed[kind] = Status{State: Reverted, Kind: kind, Version: m.Version, Code: code}
			return nil // it was told, and its reason stays the truth
		}
		return a.fail(kind, "attempts", fmt.Errorf("%s %s was tried %d times", kind, m.Version, n))
	}
	if err := m.Fits(a.box(), a.o.Now()); err != nil {
		return a.fail(kind, refusal(err), err)
	}
	if err := a.want(kind, m.SHA256); err != nil {
		return err
	}
	a.tell(Status{State: Fetching, Kind: kind, Version: m.Version})
	path, err := a.collect(ctx, m, order)
	if errors.Is(err, ErrBudget) {
		return a.attempt(kind, "budget", err) // bad bytes are not paid for without end
	}
	if err != nil {
		return a.fail(kind, transferCode(err), err)
	}
	if err := a.check(ctx, path, m); err != nil {
		return a.attempt(kind, lateCode("check", err), err)
	}
	if err := a.waitForGate(ctx, kind, m, order); err != nil {
		return err
	}
	if err := m.Fits(a.box(), a.o.Now()); err != nil { // the wait may have lasted for days
		return a.fail(kind, refusal(err), err)
	}
	a.tell(Status{State: Installing, Kind: kind, Version: m.Version})
	if err := a.install(ctx, path, m); err != nil {
		return a.attempt(kind, lateCode("install", err), err)
	}
	a.kept.Trial = &trial{Kind: kind, Manifest: m, Since: a.o.Now().At}
	if err := a.save(); err != nil {
		return err
	}
	if err := a.activate(ctx, m); errors.Is(err, ErrReboot) {
		a.tell(Status{State: Rebooting, Kind: kind, Version: m.Version})
		return err
	} else if err != nil {
		return a.revert(ctx, lateCode("activate", err), err)
	}
	a.letGo()
	return a.onTrial(ctx)
}

// box is what objects must fit, with what is installed now.
func (a *Agent) box() Box {
	box := a.o.Box
	box.Installed = a.kept.Installed
	return box
}

// want notes which payload is being collected for a kind, and removes those that nobody wants any more.
func (a *Agent) want(kind Kind, d Digest) error {
	if a.kept.Wanted[kind] == d {
		return nil
	}
	if a.kept.Wanted == nil {
		a.kept.Wanted = map[Kind]Digest{}
	}
	a.kept.Wanted[kind] = d
	if err := a.save(); err != nil {
		return err
	}
	a.sweep()
	return nil
}
