// SPDX-License-Identifier: Apache-2.0

package device

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"madoguchi/device/session"
	"madoguchi/device/update"
)

// UpdateOpts say how a box takes updates. Whether it takes any is said by Config.UpdateRoot.
type UpdateOpts struct {
	Firmware update.Installer              // of the slots; nil: rules and settings are taken, firmware is refused
	Restart  func(context.Context) error   // starts the board anew, into the slot on trial; with Firmware
	Reuse    func() (io.ReadCloser, error) // the bundle that the running slot was made of, to take chunks from; nil: nothing
	Detail   func(code string) string      // more about why firmware is not in force, as update.Status has it; nil: nothing
	Follow   func(func(percent int))       // takes who is to be told how far the writing of firmware is; nil: nobody can be

	// For the simulator and for tests; zero: the product's.
	Refresh, Retry, Poll, Answer time.Duration // see update.AgentOpts
	Report                       time.Duration // between two state documents when the box's health has changed
}

// quietFor is how long no case was open before firmware is written: a resident who was sent for a paper comes back.
const quietFor = 10 * time.Minute

// updateFolder, in the data folder, is the agent's own.
const updateFolder = "update"

const (
	// restartWithin is how long the counter is held for a start that was asked for: systemd ends the programs within seconds, this one within 30.
	restartWithin = 2 * time.Minute
	// restartAgain is the pause before a version that could not be taken back is tried to be once more; it doubles up to restartSeldom. Residents are served meanwhile.
	restartAgain, restartSeldom = time.Minute, time.Hour
)

// updates runs the agent beside the loop. Its methods work on a nil *updates: a box that takes none.
type updates struct {
	d      *Device
	agent  *update.Agent
	status atomic.Pointer[update.Status]
	hushed atomic.Int64 // until then the state document stays as it is, Unix nanoseconds
}

func newUpdates(d *Device) (*updates, error) {
	if d.cfg.UpdateRoot == "" {
		return nil, nil
	}
	root, err := os.ReadFile(d.cfg.UpdateRoot)
	if err != nil {
		return nil, &FieldError{Key: "update_root", What: err.Error()}
	}
	dir := filepath.Join(d.cfg.DataDir, updateFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making folder of updates: %w", err)
	}
	u := &updates{d: d}
	o := d.opts.Update
	live := func(reload func() error) func() error {
		return func() error {
			if d.ctx == nil { // the start itself reads what lies there
				return nil
			}
			return reload()
		}
	}
	installers := map[update.Kind]update.Installer{
		update.Policy: &liveFile{path: filepath.Join(d.cfg.DataDir, rulesBundle), check: d.checkBundle, reload: live(d.reloadRules), bad: &d.rulesBad, probe: u.probe},
		update.Config: &liveFile{path: filepath.Join(d.cfg.DataDir, settingsFile), check: func(text []byte) error { _, err := d.checkSettings(text); return err },
			reload: live(d.reloadSettings), bad: &d.settingsBad, probe: u.probe},
	}
	if o.Firmware != nil {
		installers[update.Firmware] = &gate{o.Firmware, u}
	}
	var public *update.Log
	if d.cfg.LogKey != "" {
		if public, err = update.OpenLog(d.cfg.LogKey, updateStore{d}); err != nil {
			return nil, &FieldError{Key: "log_key", What: err.Error()}
		}
	}
	u.agent, err = update.NewAgent(update.AgentOpts{
		Device: d.cfg.DeviceID, Root: root, Store: updateStore{d}, Dir: dir,
		Box:        update.Box{Product: "counter", Hardware: d.cfg.Hardware, City: d.cfg.City, Version: d.opts.Build},
		Installers: installers, Public: public, Send: u.send, Hold: u.hold, Wipe: wiper{d}, Changed: u.changed, Reuse: u.reuse, Log: d.log,
		Now:     func() update.Moment { return update.Moment{At: d.clock.Now(), Trusted: d.trusted.Load()} },
		Refresh: o.Refresh, Retry: o.Retry, Poll: o.Poll, Answer: o.Answer,
	})
	if err != nil {
		return nil, err
	}
	if o.Follow != nil {
		o.Follow(u.progress)
	}
	return u, nil
}

// updateStore keeps what was verified in the box's one file.
type updateStore struct{ d *Device }

var _ update.Store = updateStore{}

func (s updateStore) Load(name string) ([]byte, error)   { return s.d.box.Update(name) }
func (s updateStore) Save(name string, raw []byte) error { return s.d.box.PutUpdate(name, raw) }

// run carries out assignments until ctx ends.
func (u *updates) run(ctx context.Context) {
	if u == nil {
		return
	}
	wait := restartAgain
	for ctx.Err() == nil {
		err := u.agent.Run(ctx)
		if errors.Is(err, update.ErrWipe) {
			u.d.fail(&ExitError{ExitWipe, err})
			<-ctx.Done() // no case opens meanwhile
			return
		}
		if errors.Is(err, update.ErrReboot) {
			u.restart(ctx)
			continue // it has not come: the agent lets cases open and says so
		}
		if ctx.Err() == nil {
			u.d.log.Error("update", "cause", err)
			u.d.pause(ctx, wait)
			wait = min(2*wait, restartSeldom)
		}
	}
}

// restart asks for a start of the board and comes back when ctx ends with it, or when it has not come. Until then the counter is held.
func (u *updates) restart(ctx context.Context) {
	begin := u.d.opts.Update.Restart
	if begin == nil {
		u.d.log.Error("update", "cause", "nobody starts the board anew")
		return
	}
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() { // it may not come back: then it is left alone
		if err := begin(bounded); err != nil {
			failed <- err
		}
	}()
	late, stop := u.d.clock.Timer(restartWithin)
	defer stop()
	select {
	case <-ctx.Done():
	case err := <-failed:
		u.d.log.Error("update", "cause", err)
	case <-late:
		u.d.log.Error("update", "cause", "the board was told to start anew, and has not", "within", restartWithin)
	}
}

// send hands a request to the line; it never waits.
func (u *updates) send(w update.Want) error {
	body, err := w.Encode()
	if err != nil {
		return err
	}
	select {
	case u.d.line.wants <- body:
		return nil
	default:
		return errors.New("requests wait already")
	}
}

// part takes the body of a wall.Bytes frame.
func (u *updates) part(body []byte) error {
	if u == nil {
		return errors.New("the box takes no updates")
	}
	return u.agent.Part(body)
}

// desired takes the body of a wall.Desired frame.
func (u *updates) desired(body []byte) {
	if u != nil {
		u.agent.Desired(body)
	}
}

func (u *updates) reuse(kind update.Kind) (io.ReadCloser, error) {
	if kind != update.Firmware || u.d.opts.Update.Reuse == nil {
		return nil, nil
	}
	return u.d.opts.Update.Reuse()
}

// changed keeps what the agent says and lets the line say it on.
func (u *updates) changed(s update.Status) {
	if s.State == update.Committed {
		u.d.cases.Store(0)
	}
	was := u.status.Load()
	wiping := changedWiping(was, s)
	if (wiping || was != nil && was.State == update.Waiting && s.State != update.Waiting) && u.d.usedWithin(quietFor) {
		u.hush() // first, or it could be told before
	}
	if detail := u.d.opts.Update.Detail; detail != nil && s.Kind == update.Firmware && s.Code != "" {
		s.Detail = detail(s.Code)
	}
	u.status.Store(&s)
	if wiping {
		u.showWiping()
	}
	u.d.log.Info("update", "state", s.State, "kind", s.Kind, "version", s.Version, "code", s.Code, "detail", s.Detail)
	u.news()
}

// progress tells how far the writing of firmware is, by quarters: the state document is not for watching.
func (u *updates) progress(percent int) {
	was := u.status.Load()
	quarter := percent / 25 * 25
	if was == nil || was.State != update.Installing || quarter <= was.Percent {
		return
	}
	s := *was
	s.Percent = quarter
	if u.status.CompareAndSwap(was, &s) {
		u.news()
	}
}

// news lets the line look for what is to be told.
func (u *updates) news() {
	u.d.line.retell()
}

// hush keeps the state document as it is for a random while: what waited for a case's end goes on at that end, and nobody is to learn when that was.
func (u *updates) hush() {
	wait := time.Duration(rand.Int64N(int64(cmp.Or(u.d.opts.Update.Report, reportCounts))))
	u.hushed.Store(u.d.clock.Now().Add(wait).UnixNano())
	u.d.spawn("news of updates", func() {
		u.d.pause(u.d.ctx, wait)
		u.news()
	})
}

// quiet tells whether the state document must stay as it is.
func (u *updates) quiet() bool { return u != nil && u.d.clock.Now().UnixNano() < u.hushed.Load() }

// told is the status as it stands in the state document.
func (u *updates) told() jsonText {
	if u == nil {
		return ""
	}
	s := u.status.Load()
	if s == nil {
		return ""
	}
	text, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return jsonText(text)
}

// holdRequest asks the loop to keep cases from opening.
type holdRequest struct {
	kind   update.Kind
	answer chan bool
}

// hold asks the loop; see update.AgentOpts.
func (u *updates) hold(kind update.Kind) (func(), bool) {
	d := u.d
	r := holdRequest{kind, make(chan bool, 1)}
	select {
	case d.holds <- r:
	case <-d.ctx.Done():
		return nil, false
	}
	select {
	case ok := <-r.answer:
		if !ok {
			return nil, false
		}
	case <-d.ctx.Done(): // the loop may have ended before it answered
		return nil, false
	}
	return func() { d.send(d.ctx, session.Event{Kind: session.Held}) }, true
}

// hold is the loop's answer: no while anything is under way, and for firmware, which takes minutes, and for a wipe not soon after a case.
func (d *Device) hold(kind update.Kind) bool {
	lasts := kind == update.Firmware
	now := d.clock.Now()
	if !d.state.Quiet() || (lasts || kind == update.Wiping) && d.usedWithin(quietFor) {
		return false
	}
	d.step(session.Event{At: now, Kind: session.Held, OK: true, Bad: lasts})
	return true
}

// usedWithin tells whether a case was open a while ago or is.
func (d *Device) usedWithin(t time.Duration) bool {
	return d.clock.Now().UnixNano()-d.used.Load() < int64(t)
}

// About is what an information page says of the box's versions.
type About struct {
	Build    string                 // of the program
	Policy   string                 // the rules in force
	Versions map[update.Kind]string // what updates have brought; a kind that is not there came with the image
	Update   update.Status          // the latest word; State "": the box takes no updates, or has not looked yet
}

// About may be called from any goroutine.
func (d *Device) About() About {
	a := About{Build: d.opts.Build, Policy: d.rules.Load().Label()}
	if d.upd != nil {
		if s := d.upd.status.Load(); s != nil {
			a.Update, a.Versions = *s, s.Versions
		}
	}
	return a
}
