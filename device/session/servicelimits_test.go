// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"
	"time"
)

// TestRefusalsAreKept: whoever leaves the change of a code and chooses it anew has no more tries at other clerks' codes than who stays.
func TestRefusalsAreKept(t *testing.T) {
	w := newWorld(t)
	w.newCode(RefusedUnfit)
	for n := 2; n <= maxRefusals; n++ {
		w.press(KeyCancel)
		w.at(stepService)
		w.oldCode(true)
		w.at(stepServiceNew)
		for range 2 {
			w.typed(4)
			w.enter(FaultNone)
		}
		w.apply(Event{Kind: CodeStored, No: take[StoreCode](w).No, Refusal: RefusedUnfit})
		w.at(stepServiceRefused)
	}
	w.press(KeyCancel)
	w.at(stepIdle)
}

// TestChatterEndsKeyTest: a contact that never rests keeps the key test open no longer than a person may need.
func TestChatterEndsKeyTest(t *testing.T) {
	w := newWorld(t)
	scenes[stepServicePad](w)
	began := w.now
	for w.s.step == stepServicePad && w.now.Sub(began) < time.Hour {
		w.contacts(0, 1<<5)
		w.wait(time.Second)
	}
	w.at(stepService)
	if took := w.now.Sub(began); took < padMost || took > padMost+5*time.Second {
		t.Errorf("the key test ended after %v", took)
	}
}

// TestStoreTimeout: a code that could not be stored in time is given up for good: what was kept is wiped before the clerk reads it, and nothing is changed by its late answer.
func TestStoreTimeout(t *testing.T) {
	w := newWorld(t)
	scenes[stepServiceSaving](w)
	e := take[StoreCode](w)
	w.wait(codeWait)
	w.at(stepServiceRefused)
	if w.kept {
		t.Error("the old code is still kept")
	}
	w.apply(Event{Kind: CodeStored, No: e.No})
	w.at(stepServiceRefused)
	w.press(KeyEnter)
	w.at(stepIdle)
}
