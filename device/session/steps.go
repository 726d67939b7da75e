// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"time"
)

// A stepID is one place in the flow drawn in doc.go.
type stepID uint8

// The steps. Overlays stand on another step and go back to it.
const (
	stepBoot        stepID = iota // before Start
	stepStarting                  // an interrupted case is being closed
	stepIdle                      // at rest: the idle screen, a fault or a notice
	stepIdleReading               // reading a card laid down at rest
	stepIdleBoard
	stepIdleWrong

	stepCode
	stepCodeChecking
	stepCodeWrong
	stepCodeWait
	stepConfirmDate // the clock is in doubt
	stepDate
	stepProcedure
	stepClaim // a claim number is typed
	stepClaimAsking
	stepClaimNone
	stepClaimFound
	stepTerminal // what came of the work at the integrated terminal
	stepNotice   // hours, reservation
	stepApplicant
	stepRefused
	stepKind
	stepKinds    // which PINs or certificates the issuer link is for
	stepQuestion // of the rules
	stepDocuments
	stepDecision
	stepTell
	stepOffice // what the office said
	stepGuide
	stepSaving // the record of a case that ends here is being stored
	stepGiven  // its claim number
	stepTurn
	stepOpening // journal is being opened

	stepLanguage
	stepPractice // a round without the card: four digits, then letters
	stepTry
	stepTryHow
	stepTryLetters
	stepPractised
	stepInsert
	stepReading
	stepCardWrong
	stepUnreadable
	stepRemoved
	stepReaderLost
	stepFailed
	stepBoard
	stepAbout
	stepLetters
	stepGuard1
	stepGuard2
	stepGuard3
	stepPIN
	stepReview // of the PIN that the card has
	stepChecking
	stepWrong
	stepSplit
	stepRules
	stepNew
	stepLookAlike
	stepReviewNew
	stepAgain
	stepMismatch
	stepChanging
	stepUnsure
	stepChanged
	stepLeaveAsk
	stepLeave
	stepLeaveChecking
	stepLeaveOK
	stepLeaveWrong
	stepRelocked   // a PIN has locked, and can be set anew in the same case
	stepIssueAbout // what the issuer link is about to do
	stepIssuing    // it is at work
	stepIssueAgain // only the card can say how it ended
	stepIssued

	stepFinishing // the record is being stored
	stepDone
	stepLocked
	stepNoPIN
	stepAbsent
	stepStopped
	stepHome  // what to take home
	stepWrite // the claim number, to be copied
	stepTake
	stepTurnBack
	stepWiping
	stepClosed

	stepCancel // overlays
	stepTimeout
	stepMenu
	stepHelp
	stepCall
	stepTongue // language, from the menu
	stepClerkCancel
	stepClerkTimeout
	stepClerkMenu
	stepClerkAbout
	stepClerkWhy

	stepService // the service menu
	stepServicePad
	stepServicePanel
	stepServicePicture
	stepServiceReader
	stepServiceQueue
	stepServiceAbout
	stepServiceClock
	stepServiceConfirm
	stepServiceDate
	stepServiceLamp
	stepServiceNew
	stepServiceAgain
	stepServiceSaving
	stepServiceSaved
	stepServiceRefused
	stepServiceCheck
	stepServiceIll // what is wrong, one part after the other

	numSteps
)

// Waits. Entry: 90 s to the first key, 60 s between keys, both with a notice 20 s before the end; up to 10 minutes can be asked for
// (WCAG 2.2 SC 2.2.1 asks for 20 s and ten times).
const (
	firstWait  = 90 * time.Second
	nextWait   = 60 * time.Second
	talkWait   = 5 * time.Minute // of the clerk, who looks for papers and speaks with the resident meanwhile
	noticeWait = 20 * time.Second
	maxExtra   = 10 * time.Minute

	cancelWait = 10 * time.Second // then the cancelled step goes on
	resultWait = 60 * time.Second // a result nobody answers
	shortWait  = 20 * time.Second // a word to the clerk
	boardWait  = 3 * time.Minute  // a card forgotten at rest does not show its board for ever
	codeWait   = 40 * time.Second // Argon2id for every clerk on the slowest board
	readWait   = 20 * time.Second // reading a card; the card goroutine gives up earlier
	workWait   = 30 * time.Second // VERIFY and CHANGE; likewise
	storeWait  = 10 * time.Second // one transaction on a slow card
	retryWait  = 2 * time.Second  // between attempts to store a record
	issueWait  = 30 * time.Minute // an operation ends by itself: the issuer gives it 15 minutes, and the box some more
	wipeWait   = 15 * time.Second // two full refreshes and a restart of the panel
	findWait   = 20 * time.Second // a claim number at city hall; device gives up earlier
	probeWait  = 60 * time.Second // between attempts at storage that failed
	panelWait  = 60 * time.Second // how long "the panel was started anew" stands
	toolWait   = 90 * time.Second // the service menu is left alone
	padWait    = 60 * time.Second // the key test, without a key
	padMost    = 5 * time.Minute  // the key test, also with contacts that never rest
	padHold    = 2 * time.Second  // 取消 in the key test
	tongueWait = 60 * time.Second // how long the idle screen keeps another language
)

// traits are what a step is, apart from its transitions.
type traits struct {
	name string
	lamp Lamp
	mode Mode
	wait time.Duration // to the deadline; 0: set by the transition, or at rest
	ask  bool          // 20 s before the end the resident or clerk is asked
	card bool          // the card must stay in
	busy bool          // an effect is in flight; nothing interrupts it
	pin  bool          // a PIN is being typed or is about to be: no open lid, no clerk's face
	over bool          // stands on another step
}

// steps says what each step is. All of it is data, so that a test can walk it.
var steps = [numSteps]traits{
	stepBoot:        {name: "boot"},
	stepStarting:    {name: "starting", wait: storeWait, busy: true},
	stepIdle:        {name: "idle", mode: ModeMenu},
	stepIdleReading: {name: "idle_reading", mode: ModeMenu, wait: readWait},
	stepIdleBoard:   {name: "idle_board", mode: ModeMenu, wait: boardWait},
	stepIdleWrong:   {name: "idle_wrong_card", mode: ModeMenu, wait: boardWait},

	stepCode:         {name: "code", mode: ModeSecret, wait: nextWait},
	stepCodeChecking: {name: "code_checking", wait: codeWait, busy: true},
	stepCodeWrong:    {name: "code_wrong", mode: ModeMenu, wait: shortWait},
	stepCodeWait:     {name: "code_wait", mode: ModeMenu, wait: shortWait},
	stepConfirmDate:  {name: "confirm_date", mode: ModeMenu, wait: firstWait, ask: true},
	stepDate:         {name: "date", mode: ModeMenu, wait: firstWait, ask: true},
	stepProcedure:    {name: "procedure", mode: ModeMenu, wait: firstWait, ask: true},
	stepClaim:        {name: "claim", mode: ModeMenu, wait: firstWait, ask: true},
	stepClaimAsking:  {name: "claim_asking", mode: ModeMenu, wait: findWait},
	stepClaimNone:    {name: "claim_none", mode: ModeMenu, wait: talkWait, ask: true},
	stepClaimFound:   {name: "claim_found", mode: ModeMenu, wait: talkWait, ask: true},
	stepTerminal:     {name: "terminal", mode: ModeMenu, wait: talkWait, ask: true},
	stepNotice:       {name: "notice", mode: ModeMenu, wait: talkWait, ask: true},
	stepApplicant:    {name: "applicant", mode: ModeMenu, wait: firstWait, ask: true},
	stepRefused:      {name: "refused", mode: ModeMenu, wait: firstWait, ask: true},
	stepKind:         {name: "kind", mode: ModeMenu, wait: firstWait, ask: true},
	stepKinds:        {name: "kinds", mode: ModeMenu, wait: talkWait, ask: true},
	stepQuestion:     {name: "question", mode: ModeMenu, wait: talkWait, ask: true},
	stepDocuments:    {name: "documents", mode: ModeMenu, wait: talkWait, ask: true},
	stepDecision:     {name: "decision", mode: ModeMenu, wait: talkWait, ask: true},
	stepTell:         {name: "tell", mode: ModeMenu, wait: talkWait, ask: true},
	stepOffice:       {name: "office", mode: ModeMenu, wait: talkWait, ask: true},
	stepGuide:        {name: "guide", mode: ModeMenu, wait: talkWait, ask: true},
	stepSaving:       {name: "saving", wait: storeWait, busy: true},
	stepGiven:        {name: "claim_given", mode: ModeMenu, wait: talkWait},
	stepTurn:         {name: "turn", mode: ModeMenu, wait: firstWait, ask: true},
	stepOpening:      {name: "opening", wait: storeWait, busy: true},

	stepLanguage:      {name: "language", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true},
	stepPractice:      {name: "practice", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, pin: true},
	stepTry:           {name: "practice_digits", lamp: LampTyping, mode: ModeSecret, wait: firstWait, ask: true, pin: true},
	stepTryHow:        {name: "practice_how", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, pin: true},
	stepTryLetters:    {name: "practice_letters", lamp: LampTyping, mode: ModeSecret, wait: firstWait, ask: true, pin: true},
	stepPractised:     {name: "practised", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true},
	stepInsert:        {name: "card_insert", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true},
	stepReading:       {name: "card_reading", lamp: LampChecking, wait: readWait, busy: true},
	stepCardWrong:     {name: "card_wrong", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true},
	stepUnreadable:    {name: "card_unreadable", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true},
	stepRemoved:       {name: "card_removed", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true},
	stepReaderLost:    {name: "reader_lost", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true},
	stepFailed:        {name: "card_failed", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true},
	stepBoard:         {name: "board", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepAbout:         {name: "about", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepLetters:       {name: "letters", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepGuard1:        {name: "guard_1", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepGuard2:        {name: "guard_2", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepGuard3:        {name: "guard_3", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepPIN:           {name: "pin", lamp: LampTyping, mode: ModeSecret, wait: firstWait, ask: true, card: true, pin: true},
	stepReview:        {name: "review", lamp: LampTyping, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepChecking:      {name: "checking", lamp: LampChecking, wait: workWait, busy: true, pin: true},
	stepWrong:         {name: "wrong", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepSplit:         {name: "split", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepRules:         {name: "rules", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepNew:           {name: "new_pin", lamp: LampTyping, mode: ModeSecret, wait: firstWait, ask: true, card: true, pin: true},
	stepLookAlike:     {name: "look_alike", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepReviewNew:     {name: "review_new", lamp: LampTyping, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepAgain:         {name: "new_pin_again", lamp: LampTyping, mode: ModeSecret, wait: firstWait, ask: true, card: true, pin: true},
	stepMismatch:      {name: "mismatch", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true, pin: true},
	stepChanging:      {name: "changing", lamp: LampChecking, wait: workWait, busy: true, pin: true},
	stepUnsure:        {name: "unsure", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepChanged:       {name: "changed", lamp: LampDone, mode: ModeMenu, wait: resultWait},
	stepLeaveAsk:      {name: "leave_ask", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepLeave:         {name: "leave_check", lamp: LampTyping, mode: ModeSecret, wait: firstWait, ask: true, card: true, pin: true},
	stepLeaveChecking: {name: "leave_checking", lamp: LampChecking, wait: workWait, busy: true, pin: true},
	stepLeaveOK:       {name: "leave_ok", lamp: LampDone, mode: ModeMenu, wait: resultWait},
	stepLeaveWrong:    {name: "leave_wrong", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true},

	stepRelocked:   {name: "relocked", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepIssueAbout: {name: "issue_about", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, card: true},
	stepIssuing:    {name: "issuing", lamp: LampChecking, mode: ModeMenu, wait: issueWait, busy: true},
	stepIssueAgain: {name: "issue_again", lamp: LampHelp, mode: ModeMenu, wait: issueWait, busy: true},
	stepIssued:     {name: "issued", lamp: LampDone, mode: ModeMenu, wait: resultWait},

	stepFinishing: {name: "finishing", lamp: LampChecking, wait: storeWait, busy: true},
	stepDone:      {name: "done", lamp: LampDone, mode: ModeMenu, wait: resultWait},
	stepLocked:    {name: "locked", lamp: LampHelp, mode: ModeMenu, wait: resultWait},
	stepNoPIN:     {name: "no_pin", lamp: LampHelp, mode: ModeMenu, wait: resultWait},
	stepAbsent:    {name: "absent", lamp: LampHelp, mode: ModeMenu, wait: resultWait},
	stepStopped:   {name: "stopped", lamp: LampStopped, mode: ModeMenu, wait: resultWait},
	stepHome:      {name: "home", lamp: LampDone, mode: ModeMenu, wait: firstWait},
	stepWrite:     {name: "claim_write", lamp: LampWaiting, mode: ModeMenu, wait: talkWait, ask: true},
	stepTake:      {name: "card_take", lamp: LampWaiting, mode: ModeMenu, wait: resultWait},
	stepTurnBack:  {name: "turn_back", lamp: LampDone, mode: ModeMenu, wait: resultWait},
	stepWiping:    {name: "wiping", lamp: LampChecking, wait: wipeWait, busy: true},
	stepClosed:    {name: "closed", lamp: LampDone, mode: ModeMenu, wait: resultWait},

	stepCancel:       {name: "cancel", lamp: LampHelp, mode: ModeMenu, wait: cancelWait, over: true},
	stepTimeout:      {name: "timeout", lamp: LampHelp, mode: ModeMenu, wait: noticeWait, over: true},
	stepMenu:         {name: "menu", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, over: true},
	stepHelp:         {name: "help", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, over: true},
	stepCall:         {name: "call", lamp: LampHelp, mode: ModeMenu, wait: firstWait, ask: true, over: true},
	stepTongue:       {name: "language_again", lamp: LampWaiting, mode: ModeMenu, wait: firstWait, ask: true, over: true},
	stepClerkCancel:  {name: "clerk_cancel", mode: ModeMenu, wait: cancelWait, over: true},
	stepClerkTimeout: {name: "clerk_timeout", mode: ModeMenu, wait: noticeWait, over: true},
	stepClerkMenu:    {name: "clerk_menu", mode: ModeMenu, wait: firstWait, over: true},
	stepClerkAbout:   {name: "clerk_about", mode: ModeMenu, wait: resultWait, over: true},
	stepClerkWhy:     {name: "clerk_why", mode: ModeMenu, wait: talkWait, over: true},

	stepService:        {name: "service", mode: ModeMenu, wait: toolWait},
	stepServicePad:     {name: "service_pad", mode: ModeTest, wait: padWait},
	stepServicePanel:   {name: "service_panel", mode: ModeMenu, wait: toolWait},
	stepServicePicture: {name: "service_picture", mode: ModeMenu, wait: toolWait},
	stepServiceReader:  {name: "service_reader", mode: ModeMenu, wait: toolWait},
	stepServiceQueue:   {name: "service_queue", mode: ModeMenu, wait: toolWait},
	stepServiceAbout:   {name: "service_about", mode: ModeMenu, wait: toolWait},
	stepServiceClock:   {name: "service_clock", mode: ModeMenu, wait: toolWait},
	stepServiceConfirm: {name: "service_confirm_date", mode: ModeMenu, wait: toolWait},
	stepServiceDate:    {name: "service_date", mode: ModeMenu, wait: toolWait},
	stepServiceLamp:    {name: "service_lamp", mode: ModeMenu, wait: toolWait},
	stepServiceNew:     {name: "service_new_code", mode: ModeSecret, wait: toolWait},
	stepServiceAgain:   {name: "service_new_code_again", mode: ModeSecret, wait: toolWait},
	stepServiceSaving:  {name: "service_saving", wait: codeWait, busy: true},
	stepServiceSaved:   {name: "service_saved", mode: ModeMenu, wait: resultWait},
	stepServiceRefused: {name: "service_refused", mode: ModeMenu, wait: toolWait},
	stepServiceCheck:   {name: "service_check", mode: ModeMenu, wait: toolWait},
	stepServiceIll:     {name: "service_check_ill", mode: ModeMenu, wait: toolWait},
}

// String names the step.
func (s stepID) String() string {
	if s >= numSteps {
		return fmt.Sprintf("step(%d)", uint8(s))
	}
	return steps[s].name
}

// part says in whose part of the flow a step lies.
type part uint8

const (
	atRest part = iota
	clerks
	residents
	ending    // wipe and after
	servicing // the service menu
)

// part of an overlay is not known from the step alone; see State.part.
func (s stepID) part() part {
	switch {
	case s <= stepIdleWrong:
		return atRest
	case s <= stepOpening:
		return clerks
	case s <= stepTurnBack:
		return residents
	case s <= stepClosed:
		return ending
	case s <= stepTongue:
		return residents
	case s <= stepClerkWhy:
		return clerks
	default:
		return servicing
	}
}
