// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/sync/record"
)

// machine is one call of Step: the state being changed and the effects so far.
type machine struct {
	State
	out   []Effect
	fresh bool // the step was entered in this call
}

// Step applies one event. It reads no clock and does nothing else: equal arguments give equal results. Events that the state does not wait for
// (another generation, another number, a key that means nothing here, a key struck before a `seen` screen was seen) change nothing.
func Step(s State, ev Event) (State, []Effect) {
	m := &machine{State: s}
	if ev.At.After(m.at) {
		m.at = ev.At
	}
	m.dispatch(ev)
	m.faults()
	m.leftIssue()
	m.note(&s)
	m.settle()
	return m.State, m.out
}

// dispatch leads an event to its transition.
func (m *machine) dispatch(ev Event) {
	if m.step == stepBoot && ev.Kind != Start && ev.Kind != Reader && ev.Kind != Keypad && ev.Kind != Lid && ev.Kind != LinkState && ev.Kind != NewRules && ev.Kind != Held && ev.Kind != NewSettings {
		return
	}
	switch ev.Kind {
	case Start:
		if m.step == stepBoot {
			m.start(ev)
		}
	case Tick:
		if !m.deadline.IsZero() && !m.at.Before(m.deadline) {
			m.tick()
		}
	case Press:
		if ev.Gen == m.keys.Gen && m.keys.Mode == ModeMenu && m.seen(ev.At) {
			m.careful = false
			m.press(ev.Key)
		}
	case LongPress, LetGo:
		if ev.Gen == m.keys.Gen && m.keys.Mode == ModeMenu && m.seen(ev.At) {
			m.longPress(ev.Key, ev.Kind == LongPress)
		}
	case Revealed:
		m.revealed(ev)
	case Typed, Entered, Cancelled, Cleared, Menued:
		if ev.Gen == m.keys.Gen && m.keys.Mode == ModeSecret {
			m.secret(ev)
		}
	case Keypad:
		m.keypadBad, m.keypadLines = ev.Bad, ev.Lines
	case Lid:
		m.lidOpen = ev.Bad
	case Shown:
		m.shown(ev)
	case Reader:
		m.reader(ev)
	case LinkState:
		m.linkState(ev)
	case Service:
		if ev.Gen == m.keys.Gen && m.keys.Mode == ModeMenu && !m.panelBad {
			m.openService()
		}
	case Contacts:
		if ev.Gen == m.keys.Gen && m.keys.Mode == ModeTest {
			m.contacts(ev.Closed)
		}
	case NewRules:
		if m.rulesBad = ev.Bad; ev.Rules != nil {
			m.rules = ev.Rules // a case that is open keeps its own
		}
	case Held:
		m.hold(ev)
	case NewSettings:
		m.settings(*ev.Settings)
	case Examined:
		m.examined(ev)
	case WipeOrdered:
		m.wipe = ev.OK
	case Issuing:
		m.issueNews(ev)
	case CodeChecked, BoardRead, Verified, Changed, Stored, Inspected, CodeStored, ClaimFound:
		if ev.Kind == Stored && ev.No != 0 && ev.No == m.unsaved.No {
			m.recordStored(ev)
			return
		}
		if ev.Kind == Stored && ev.No != 0 && ev.No == m.after {
			m.cleared(ev)
			return
		}
		if ev.Kind == BoardRead && ev.No != 0 && ev.No == m.reading {
			m.readAnswer(ev)
			return
		}
		if ev.No != 0 && ev.No == m.wait && ev.Kind == m.answer {
			m.wait = 0
			m.result(ev)
		}
	}
}

// result leads an awaited answer to the step that asked.
func (m *machine) result(ev Event) {
	switch m.step {
	case stepIdle:
		m.probed(ev)
	case stepIdleReading:
		m.idleRead(ev)
	case stepCodeChecking:
		m.codeResult(ev)
	case stepOpening:
		m.opened(ev)
	case stepSaving: // the journal; without it the record is all the more to be kept
		m.store()
	case stepClaimAsking:
		m.claimFound(ev)
	case stepReading:
		m.cardRead(ev)
	case stepChecking, stepChanging, stepLeaveChecking:
		m.worked(ev)
	case stepIssuing:
		m.issueJournaled(ev.OK)
	case stepServiceSaving:
		m.codeStored(ev.Refusal)
	case stepServicePanel, stepServiceReader, stepServiceQueue, stepServiceAbout, stepServiceLamp:
		m.tools.survey, m.tools.surveyed = ev.Survey, true
	}
}

// shown notes what the panel shows.
func (m *machine) shown(ev Event) {
	if ev.Gen != m.gen {
		return
	}
	if ev.Bad {
		m.panelBad, m.painted = true, false
		return
	}
	if m.panelBad {
		m.panelBad = false
		m.notices |= noticePanel
	}
	if !m.painted {
		m.painted, m.shownAt = true, ev.At
	}
	if m.step == stepWiping {
		m.wiped()
	}
}

// seen tells whether a key struck at t was an answer to the screen that asks for one.
func (m *machine) seen(t time.Time) bool {
	if m.panelBad {
		return false
	}
	in, _ := m.screen.ID.Info()
	return !in.Seen && !m.careful || m.painted && !t.Before(m.shownAt)
}

// to enters a step and starts its wait.
func (m *machine) to(s stepID) {
	m.step, m.under, m.wait, m.fresh = s, 0, 0, true
	m.filled, m.half, m.fault, m.resume, m.leaf = 0, false, FaultNone, false, 1
	m.await(steps[s].wait)
}

// await sets the deadline d from now; if the step asks first and there is time left to ask for, the notice comes 20 s before.
func (m *machine) await(d time.Duration) {
	if steps[m.step].ask && m.extra < maxExtra {
		d -= noticeWait
	}
	if m.deadline = m.at.Add(d); d <= 0 {
		m.deadline = time.Time{}
	}
}

// over lays an overlay on the step, in place of one that is there. What was typed stays in its slot.
func (m *machine) over(s stepID) {
	if !steps[m.step].over {
		m.under = m.step
	}
	m.step, m.leaf = s, 1
	m.await(steps[s].wait)
}

// back leaves an overlay. The step below goes on where it was.
func (m *machine) back() {
	m.step, m.under, m.resume, m.leaf = m.under, 0, true, 1
	if m.await(nextWait); steps[m.step].wait > firstWait {
		m.await(steps[m.step].wait)
	}
	if m.inquiry.stale {
		m.refresh()
	}
}

// ask gives an effect its number and waits for its answer.
func (m *machine) ask(answer EventKind) uint32 {
	m.wait, m.answer = m.next(), answer
	return m.wait
}

// next is the next effect's number.
func (m *machine) next() uint32 {
	m.no++
	return m.no
}

func (m *machine) do(e ...Effect) { m.out = append(m.out, e...) }

// settle compares what the state wants shown, typed and lit with what was last asked for, and asks for the difference. The screen goes first, so that its
// generation is older than any key struck for it.
func (m *machine) settle() {
	if m.step == stepBoot {
		return
	}
	if !m.reviewing() {
		m.cover()
	}
	if s := m.draw(); m.gen == 0 || !s.Equal(m.screen) {
		m.gen++
		m.screen, m.painted = s, false
		m.do(Show{m.gen, s})
	}
	want := m.wantKeys()
	if m.keys.Gen == 0 || m.fresh && want.Mode == ModeSecret || want.Mode != m.keys.Mode || want.Input != m.keys.Input {
		want.Gen = m.keys.Gen + 1
		m.keys = want
		m.do(want)
	}
	if m.slow != m.slowed {
		m.slowed = m.slow
		m.do(SlowKeys{m.slow})
	}
	if l := m.wantLamp(); l != m.lamp {
		m.lamp = l
		m.do(SetLamp{l})
	}
}

// wantKeys is the key mode the step wants. A slot is gone on with only right after an overlay; the mode already set is kept as it is.
func (m *machine) wantKeys() Keys {
	k := Keys{Mode: steps[m.step].mode}
	if m.keypadBad && m.step != stepServicePad || m.panelBad && m.step != stepIdle {
		k.Mode = ModeOff
	}
	if k.Mode != ModeSecret {
		return k
	}
	switch m.step {
	case stepCode:
		k.Input = Input{Slot: SlotCode}
	case stepTry:
		k.Input = Input{Slot: SlotCurrent, Kind: card.KindLogin}
	case stepTryLetters:
		k.Input = Input{Slot: SlotCurrent, Kind: card.KindSigning}
	case stepPIN, stepLeave:
		k.Input = Input{Slot: SlotCurrent, Kind: m.kind}
	case stepNew:
		k.Input = Input{Slot: SlotNew, Kind: m.kind, New: true}
	case stepAgain:
		k.Input = Input{Slot: SlotNew, Kind: m.kind, New: true, Again: true}
	case stepServiceNew:
		k.Input = Input{Slot: SlotNewCode}
	case stepServiceAgain:
		k.Input = Input{Slot: SlotNewCode, Again: true}
	}
	k.Input.Resume = m.resume
	return k
}

func (m *machine) wantLamp() Lamp {
	switch {
	case m.panelBad, m.keypadBad, m.storageBad && m.part() == atRest:
		return LampStopped
	case m.step == stepIdle && m.notices != 0:
		return LampHelp
	case m.step == stepIdle && m.readerKnown && m.presence == card.NoReader:
		return LampStopped
	case m.step == stepServiceLamp:
		return m.tools.lamp
	case m.step == stepFinishing:
		return m.lamp
	case m.step == stepTake, m.step == stepTurnBack, m.step == stepWiping, m.step == stepClosed:
		if m.outcome == record.Done && !m.unsure || m.claim.given && m.claim.clerks {
			return LampDone
		}
		return LampStopped
	}
	return steps[m.step].lamp
}
