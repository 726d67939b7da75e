// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/card"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// scenes bring a session to each step, the way people do.
var scenes [numSteps]func(*world)

func init() {
	scenes = [numSteps]func(*world){
		stepBoot: nil, // see TestTable
		stepStarting: func(w *world) {
			*w = world{t: w.t, s: New(Config{Office: "市民課"}), now: noon, store: true, slow: true, opened: 1}
			w.single(Event{Kind: Start, Open: true, Journal: Entry{Procedure: services[1], Applicant: Self, Week: mustWeek(), Op: OpChange, Kind: card.KindLogin}})
		},
		stepIdle:         func(*world) {},
		stepIdleReading:  func(w *world) { w.put(card.Present) },
		stepIdleBoard:    func(w *world) { w.put(card.Present); w.board(adult(3, 5)) },
		stepIdleWrong:    func(w *world) { w.put(card.Mute) },
		stepCode:         func(w *world) { w.press(KeyEnter); w.typed(4) },
		stepCodeChecking: func(w *world) { w.press(KeyEnter); w.typed(4); w.enter(FaultNone) },
		stepCodeWrong:    func(w *world) { w.code(false) },
		stepCodeWait: func(w *world) {
			for range freeMisses {
				w.code(false)
				if w.s.step == stepCodeWrong {
					w.press(KeyCancel)
				}
			}
		},
		stepConfirmDate: func(w *world) { w.under("nabari", ""); w.s.cfg.Floor = noon.AddDate(0, 1, 0); w.code(true) },
		stepDate:        func(w *world) { scenes[stepConfirmDate](w); w.press(KeyClear, Key2) },
		stepNotice:      func(w *world) { w.under("matsue", "kashima_branch"); w.code(true); w.choose(record.CertRenewal) },
		stepQuestion:    func(w *world) { w.under("nabari", ""); w.code(true); w.choose(record.CertRenewal); w.press(Key1) },
		stepDocuments:   func(w *world) { scenes[stepQuestion](w); w.usual(stepDocuments) },
		stepDecision:    func(w *world) { scenes[stepQuestion](w); w.usual(stepDecision) },
		stepClaim:       func(w *world) { w.under("nabari", ""); w.code(true); w.choose(goOn); w.press(Key2) },
		stepClaimAsking: func(w *world) { w.asks(aNumber) },
		stepClaimNone:   func(w *world) { w.asks(aNumber); w.finds(FindUnknown, claim.State{}) },
		stepClaimFound:  func(w *world) { w.asks(aNumber); w.finds(FindOK, mailed()) },
		stepTerminal: func(w *world) {
			w.asks(aNumber)
			s := mailed()
			s.Step = claim.AtTerminal
			w.finds(FindOK, s)
			w.press(KeyEnter)
		},
		stepGiven:    func(w *world) { scenes[stepTell](w); w.press(KeyEnter) },
		stepWrite:    func(w *world) { scenes[stepGiven](w); w.press(KeyEnter) },
		stepTell:     func(w *world) { scenes[stepDecision](w); w.press(KeyEnter) },
		stepOffice:   func(w *world) { w.under("matsue", ""); w.code(true); w.press(Key2, Key1, Key1); w.usual(stepOffice) },
		stepGuide:    func(w *world) { w.under("nabari", ""); w.code(true); w.choose(record.Suspension) },
		stepSaving:   func(w *world) { scenes[stepTell](w); w.slow = true; w.press(KeyEnter) },
		stepClerkWhy: func(w *world) { scenes[stepDecision](w); w.press(KeyMenu) },

		stepProcedure: func(w *world) { w.code(true) },
		stepApplicant: func(w *world) { w.code(true); w.press(Key2) },
		stepRefused:   func(w *world) { w.code(true); w.press(Key2, Key3) },
		stepKind:      func(w *world) { w.code(true); w.press(Key2, Key1) },
		stepKinds:     func(w *world) { w.linked("nabari"); w.code(true); w.choose(record.PinReset); w.press(Key1) },
		stepTurn:      func(w *world) { w.clerk(Key2, Key1) },
		stepOpening:   func(w *world) { w.clerk(Key2, Key1); w.slow = true; w.press(KeyEnter) },

		stepRelocked: func(w *world) { w.renewing("sakuragawa", 0) },

		stepLanguage:   func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter) },
		stepInsert:     func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter, Key1) },
		stepReading:    func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter, Key1); w.put(card.Present) },
		stepCardWrong:  func(w *world) { w.toBoard(Key2, Key1, card.Board{Species: card.SpeciesDrivingLicence}) },
		stepUnreadable: func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter, Key1); w.put(card.Mute) },
		stepRemoved:    func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)); w.put(card.Empty) },
		stepReaderLost: func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)); w.put(card.NoReader) },
		stepFailed: func(w *world) {
			w.clerk(Key2, Key1)
			w.press(KeyEnter, Key1)
			w.put(card.Present)
			w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Result: ResultFailed})
		},
		stepBoard:    func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)) },
		stepAbout:    func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)); w.press(KeyEnter) },
		stepLetters:  func(w *world) { w.toBoard(Key2, Key2, adult(3, 5)); w.press(KeyEnter, KeyEnter) },
		stepGuard1:   func(w *world) { w.toPIN(Key2, Key1, adult(1, 5)) },
		stepGuard2:   func(w *world) { w.toPIN(Key2, Key1, adult(1, 5)); w.press(KeyEnter) },
		stepGuard3:   func(w *world) { w.toPIN(Key2, Key1, adult(1, 5)); w.press(KeyEnter, KeyDown) },
		stepPIN:      func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.typed(2) },
		stepChecking: func(w *world) { w.toPIN(Key1, Key1, adult(3, 5)); w.typed(4); w.enter(FaultNone) },
		stepWrong: func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultWrong, 2)
		},
		stepSplit: func(w *world) {
			w.toPIN(Key2, Key4, adult(3, 5))
			w.entries()
			w.changed(ResultSplit, 2)
		},
		stepRules:      func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.typed(4); w.enter(FaultNone) },
		stepNew:        func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.typed(4); w.enter(FaultNone); w.press(KeyEnter) },
		stepPractice:   func(w *world) { scenes[stepLanguage](w); w.press(Key8) },
		stepTry:        func(w *world) { scenes[stepPractice](w); w.press(KeyEnter); w.typed(2) },
		stepTryHow:     func(w *world) { scenes[stepTry](w); w.typed(4); w.enter(FaultNone) },
		stepTryLetters: func(w *world) { scenes[stepTryHow](w); w.press(KeyEnter); w.typed(3) },
		stepPractised:  func(w *world) { scenes[stepTryLetters](w); w.typed(6); w.enter(FaultNone) },
		stepLookAlike: func(w *world) {
			w.toPIN(Key2, Key2, adult(3, 5))
			w.typed(8)
			w.enter(FaultNone)
			w.press(KeyEnter)
			w.typed(8)
			w.enter(FaultNone)
		},
		stepReview: func(w *world) {
			w.s.cfg.Reveal = true
			w.toPIN(Key2, Key2, adult(3, 5))
			w.typed(8)
			w.enter(FaultNone)
		},
		stepReviewNew: func(w *world) {
			scenes[stepLookAlike](w)
			w.s.cfg.Reveal = true
			w.press(KeyEnter)
		},
		stepHome: func(w *world) { scenes[stepDone](w); w.press(KeyEnter) },
		stepAgain: func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.press(KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
		},
		stepMismatch: func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.press(KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.typed(4)
			w.enter(FaultMismatch)
		},
		stepChanging: func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.entries() },
		stepUnsure: func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.changed(ResultGoneChange, 0)
			w.put(card.Empty)
			w.put(card.Present)
			w.board(adult(3, 5))
			w.press(KeyEnter)
		},
		stepChanged:  func(w *world) { w.change(adult(3, 5)) },
		stepLeaveAsk: func(w *world) { w.change(adult(3, 5)); w.press(KeyEnter) },
		stepLeave:    func(w *world) { w.change(adult(3, 5)); w.press(KeyEnter, KeyEnter) },
		stepLeaveChecking: func(w *world) {
			w.change(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
		},
		stepLeaveOK: func(w *world) {
			w.change(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		},
		stepLeaveWrong: func(w *world) {
			w.change(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultWrong, 2)
		},

		stepIssueAbout: func(w *world) { w.toIssue(adult(0, 5)) },
		stepIssuing: func(w *world) {
			w.toIssue(adult(0, 5))
			w.press(KeyEnter)
			w.issueNews(IssueNews{Phase: IssueWaiting, Check: 417})
		},
		stepIssueAgain: func(w *world) { scenes[stepIssuing](w); w.issueNews(IssueNews{Phase: IssueAgain, Final: true}) },
		stepIssued:     func(w *world) { w.resets(adult(0, 5)) },

		stepFinishing: func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.secret(Cancelled)
			w.slow = true
			w.press(KeyCancel)
		},
		stepDone: func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		},
		stepLocked:   func(w *world) { w.toBoard(Key1, Key1, adult(0, 5)) },
		stepNoPIN:    func(w *world) { w.toBoard(Key1, Key1, card.Board{Species: card.SpeciesFaceAuth, HasAuth: true}) },
		stepAbsent:   func(w *world) { b := adult(3, 5); b.HasAuth = false; w.toBoard(Key1, Key1, b) },
		stepStopped:  func(w *world) { w.toPIN(Key1, Key1, adult(3, 5)); w.secret(Cancelled); w.press(KeyCancel) },
		stepTake:     func(w *world) { scenes[stepStopped](w); w.press(KeyEnter) },
		stepTurnBack: func(w *world) { scenes[stepTake](w); w.put(card.Empty) },
		stepWiping:   func(w *world) { scenes[stepTurnBack](w); w.hold = true; w.press(KeyEnter) },
		stepClosed:   func(w *world) { scenes[stepTurnBack](w); w.press(KeyEnter) },

		stepCancel:       func(w *world) { scenes[stepPIN](w); w.secret(Cancelled) },
		stepTimeout:      func(w *world) { scenes[stepPIN](w); w.wait(nextWait - noticeWait) },
		stepMenu:         func(w *world) { scenes[stepPIN](w); w.secret(Menued) },
		stepHelp:         func(w *world) { scenes[stepMenu](w); w.press(Key4) },
		stepCall:         func(w *world) { scenes[stepMenu](w); w.press(Key5) },
		stepTongue:       func(w *world) { scenes[stepMenu](w); w.press(Key1) },
		stepClerkCancel:  func(w *world) { scenes[stepTurn](w); w.press(KeyCancel) },
		stepClerkTimeout: func(w *world) { scenes[stepKind](w); w.wait(firstWait - noticeWait) },
		stepClerkMenu:    func(w *world) { scenes[stepKind](w); w.press(KeyMenu) },
		stepClerkAbout:   func(w *world) { scenes[stepClerkMenu](w); w.press(Key2) },

		stepService:        func(w *world) { w.service() },
		stepServicePad:     func(w *world) { w.service(); w.press(Key1) },
		stepServicePanel:   func(w *world) { w.service(); w.press(Key2); w.inspected() },
		stepServicePicture: func(w *world) { scenes[stepServicePanel](w); w.press(KeyEnter) },
		stepServiceReader:  func(w *world) { w.service(); w.press(Key3) },
		stepServiceQueue:   func(w *world) { w.service(); w.press(Key4); w.inspected() },
		stepServiceAbout:   func(w *world) { w.service(); w.press(Key5); w.inspected() },
		stepServiceClock:   func(w *world) { w.service(); w.press(Key6) },
		stepServiceConfirm: func(w *world) { w.s.cfg.Floor = noon.AddDate(0, 1, 0); w.service(); w.press(Key6) },
		stepServiceDate:    func(w *world) { scenes[stepServiceConfirm](w); w.press(KeyClear, Key2) },
		stepServiceCheck:   func(w *world) { w.service(); w.press(Key9) },
		stepServiceIll:     func(w *world) { w.check(Findings{PartReader: 9, PartStorage: 3}); w.press(KeyEnter) },
		stepServiceLamp:    func(w *world) { w.service(); w.press(Key7); w.inspected() },
		stepServiceNew:     func(w *world) { w.service(); w.oldCode(true); w.typed(4) },
		stepServiceAgain:   func(w *world) { scenes[stepServiceNew](w); w.enter(FaultNone); w.typed(4) },
		stepServiceSaving:  func(w *world) { scenes[stepServiceAgain](w); w.enter(FaultNone) },
		stepServiceSaved:   func(w *world) { w.newCode(RefusedNone) },
		stepServiceRefused: func(w *world) { w.newCode(RefusedUnfit) },
	}
}
