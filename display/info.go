// SPDX-License-Identifier: Apache-2.0

package display

import "slices"

// Info is what session and painter must know of a screen besides its words.
type Info struct {
	Face Face
	// Seen: keys pressed before the painter has reported this screen as shown are dropped. Screens without it keep keys typed ahead.
	Seen bool
	// FullRefresh: the panel is driven through black and white, so that nothing of the screen before it stays as a ghost.
	FullRefresh bool
	// Entry: characters are typed in secret mode; updates that change only Filled or Half fall on the 500 ms grid.
	Entry bool
	// Keys are the keys that do something here, as the screen's foot or its lines say: names of pinpad.Key, "digits" for a choice by
	// number (▲▼ move the mark, 確認 takes the marked line), "any" for a warning that every key ends. Long presses are not listed.
	Keys []string
}

// Info returns what is known of a screen; false for an id that is not listed.
func (id ID) Info() (Info, bool) {
	in, ok := infos[id]
	return in, ok
}

// IDs returns every screen id, sorted.
func IDs() []ID {
	ids := make([]ID, 0, len(infos))
	for id := range infos {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

var infos = buildInfos()

func buildInfos() map[ID]Info {
	m := map[ID]Info{
		Boot:                   {Face: FaceIdle, FullRefresh: true},
		Idle:                   {Face: FaceIdle, FullRefresh: true, Keys: []string{"enter", "menu"}},
		IdleReading:            {Face: FaceIdle},
		IdleBoard:              {Face: FaceIdle, Keys: []string{"enter", "menu"}},
		IdleWrongCard:          {Face: FaceIdle},
		IdleUnreadable:         {Face: FaceIdle},
		Wipe:                   {Face: FaceIdle, Seen: true, FullRefresh: true},
		ClerkCode:              {Face: FaceClerk, Entry: true, Keys: []string{"cancel", "clear", "enter"}},
		ClerkCodeWrong:         {Face: FaceClerk, Keys: []string{"cancel", "enter"}},
		ClerkCodeWait:          {Face: FaceClerk, Keys: []string{"cancel"}},
		ClerkProcedure:         {Face: FaceClerk, Keys: choice("cancel", "menu")},
		ClerkKind:              {Face: FaceClerk, Keys: choice("cancel", "menu")},
		ClerkApplicant:         {Face: FaceClerk, Keys: choice("cancel", "menu")},
		ClerkRefused:           {Face: FaceClerk, Seen: true, Keys: []string{"enter"}},
		ClerkTurn:              {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		ClerkCancel:            {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		ClerkTimeout:           {Face: FaceClerk, Seen: true, Keys: []string{"any"}},
		ClerkMenu:              {Face: FaceClerk, Keys: choice("cancel")},
		ClerkAbout:             {Face: FaceClerk, Keys: []string{"enter"}},
		ClerkClosed:            {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		ClerkClaim:             {Face: FaceClerk, Keys: []string{"digits", "cancel", "clear", "enter"}},
		ClerkClaimAsking:       {Face: FaceClerk, Keys: []string{"cancel"}},
		ClerkClaimNone:         {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		ClerkClaimFound:        {Face: FaceClerk, Seen: true, Keys: []string{"up", "down", "cancel", "enter"}},
		ClerkQuestion:          {Face: FaceClerk, Keys: choice("cancel", "menu")},
		ClerkDocuments:         {Face: FaceClerk, Keys: choice("cancel", "menu")},
		ClerkDate:              {Face: FaceClerk, Keys: []string{"digits", "cancel", "clear", "enter"}},
		ClerkConfirmDate:       {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "clear", "enter"}},
		ClerkDecision:          {Face: FaceClerk, Seen: true, Keys: []string{"up", "down", "cancel", "menu", "enter"}},
		ClerkWhy:               {Face: FaceClerk, Keys: []string{"up", "down", "cancel", "menu", "enter"}},
		ClerkTell:              {Face: FaceClerk, Seen: true, Keys: []string{"up", "down", "cancel", "enter"}},
		ClerkGuide:             {Face: FaceClerk, Seen: true, Keys: []string{"up", "down", "cancel", "menu", "enter"}},
		ClerkNotice:            {Face: FaceClerk, Seen: true, Keys: []string{"up", "down", "cancel", "clear", "enter"}},
		ClerkInterrupted:       {Face: FaceClerk, Seen: true, FullRefresh: true, Keys: []string{"enter"}},
		ClerkLetter:            {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		ClerkRecover:           {Face: FaceClerk, Seen: true, Keys: []string{"enter"}},
		ResidentLanguage:       {Face: FaceResident, Seen: true, FullRefresh: true, Keys: choice()},
		ResidentStart:          {Face: FaceResident, Seen: true, FullRefresh: true, Keys: choice()},
		ResidentCardInsert:     {Face: FaceResident, Keys: []string{"cancel", "menu"}},
		ResidentCardReading:    {Face: FaceResident},
		ResidentCardWrong:      {Face: FaceResident, Seen: true, Keys: []string{"cancel"}},
		ResidentCardUnreadable: {Face: FaceResident, Seen: true, Keys: []string{"cancel"}},
		ResidentCardRemoved:    {Face: FaceResident, Seen: true, Keys: []string{"cancel"}},
		ResidentCardNoPIN:      {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentCardTake:       {Face: FaceResident, Seen: true},
		ResidentBoard:          {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter", "menu"}},
		ResidentTell:           {Face: FaceResident, Seen: true, Keys: []string{"up", "down", "enter", "menu"}},
		ResidentRelocked:       {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentLocked:         {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentAbsent:         {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentLetters:        {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentGuard1:         {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentGuard2:         {Face: FaceResident, Seen: true, Keys: []string{"cancel", "down"}},
		ResidentGuard3:         {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentCancel:         {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentTimeout:        {Face: FaceResident, Seen: true, Keys: []string{"any"}},
		ResidentChecking:       {Face: FaceResident},
		ResidentChanging:       {Face: FaceResident},
		ResidentWrong:          {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentSplit:          {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentLookAlike:      {Face: FaceResident, Seen: true, Keys: []string{"clear", "enter"}},
		ResidentReview:         {Face: FaceResident, Keys: []string{"up", "down", "cancel", "clear", "enter"}},
		ResidentPractice:       {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentPractised:      {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentMismatch:       {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentDone:           {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentChanged:        {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentLeaveAsk:       {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentLeaveOK:        {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentLeaveWrong:     {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentUnsure:         {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentFailed:         {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentStopped:        {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentIssueAbout:     {Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}},
		ResidentIssueWait:      {Face: FaceResident, Seen: true, Keys: []string{"cancel", "menu"}},
		ResidentIssueCard:      {Face: FaceResident},
		ResidentIssueAgain:     {Face: FaceResident, Seen: true, Keys: []string{"menu"}},
		ResidentIssued:         {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentHelp:           {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentMenu:           {Face: FaceResident, Keys: choice("cancel")},
		ResidentCall:           {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ResidentTurnBack:       {Face: FaceResident, Seen: true, Keys: []string{"enter"}},
		ServiceCode:            {Face: FaceClerk, Entry: true, Keys: []string{"cancel", "clear", "enter"}},
		ServiceMenu:            {Face: FaceClerk, Keys: choice("cancel")},
		ServicePad:             {Face: FaceClerk, Keys: []string{"cancel"}},
		ServicePanel:           {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		ServiceBlack:           {Face: FaceClerk, Seen: true, FullRefresh: true, Keys: []string{"cancel", "enter"}},
		ServiceWhite:           {Face: FaceClerk, Seen: true, FullRefresh: true, Keys: []string{"cancel", "enter"}},
		ServiceFine:            {Face: FaceClerk, Seen: true, FullRefresh: true, Keys: []string{"cancel", "enter"}},
		ServicePrint:           {Face: FaceClerk, Seen: true, FullRefresh: true, Keys: []string{"cancel", "enter"}},
		ServiceReader:          {Face: FaceClerk, Keys: []string{"cancel"}},
		ServiceQueue:           {Face: FaceClerk, Keys: []string{"cancel"}},
		ServiceAbout:           {Face: FaceClerk, Keys: []string{"cancel"}},
		ServiceClock:           {Face: FaceClerk, Keys: []string{"cancel"}},
		ServiceLamp:            {Face: FaceClerk, Keys: []string{"up", "down", "cancel", "enter"}},
		ServiceOldCode:         {Face: FaceClerk, Entry: true, Keys: []string{"cancel", "clear", "enter"}},
		ServiceNewCode:         {Face: FaceClerk, Entry: true, Keys: []string{"cancel", "clear", "enter"}},
		ServiceAgain:           {Face: FaceClerk, Entry: true, Keys: []string{"cancel", "clear", "enter"}},
		ServiceSaving:          {Face: FaceClerk},
		ServiceSaved:           {Face: FaceClerk, Seen: true, Keys: []string{"enter"}},
		ServiceRefused:         {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		ServiceEnrolWords:      {Face: FaceClerk, Seen: true, FullRefresh: true, Keys: []string{"cancel", "menu", "enter"}},
		ServiceEnrolCode:       {Face: FaceClerk, Keys: []string{"digits", "cancel", "clear", "enter"}},
		ServiceEnrolWait:       {Face: FaceClerk, Keys: []string{"cancel"}},
		ServiceEnrolStop:       {Face: FaceClerk, Seen: true, Keys: []string{"menu", "enter"}},
		ServiceEnrolDone:       {Face: FaceClerk, FullRefresh: true},
		ServiceWipe:            {Face: FaceClerk, FullRefresh: true},
		ServiceWipeAlone:       {Face: FaceClerk, FullRefresh: true, Seen: true, Keys: []string{"enter"}},
		ServiceWiped:           {Face: FaceClerk, FullRefresh: true},
		ServiceCheck:           {Face: FaceClerk, FullRefresh: true, Keys: []string{"cancel", "enter"}},
		ServiceIll:             {Face: FaceClerk, Seen: true, Keys: []string{"cancel", "enter"}},
		FaultReader:            {Face: FaceIdle},
		FaultService:           {Face: FaceIdle},
		FaultPanel:             {Face: FaceIdle, FullRefresh: true},
		FaultStorage:           {Face: FaceIdle, Seen: true, Keys: []string{"enter"}},
		FaultKeypad:            {Face: FaceIdle},
		FaultLid:               {Face: FaceIdle},
		FaultStart:             {Face: FaceIdle, FullRefresh: true},
		FaultUpdate:            {Face: FaceIdle},
	}
	for _, k := range []string{"login", "signing"} {
		m[PracticeID(k)] = Info{Face: FaceResident, Entry: true, Keys: []string{"cancel", "clear", "enter"}}
	}
	for _, k := range Kinds {
		m[LetterID(k)] = Info{Face: FaceClerk, Entry: true, Keys: []string{"cancel", "clear", "enter"}}
		m[AboutID(k)] = Info{Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}}
		m[RulesID(k)] = Info{Face: FaceResident, Seen: true, Keys: []string{"cancel", "enter"}}
		for _, id := range []ID{PINID(k), NewPINID(k), AgainID(k), LeaveID(k)} {
			m[id] = Info{Face: FaceResident, Entry: true, Keys: []string{"cancel", "clear", "enter"}}
		}
	}
	return m
}

// choice are the keys of a screen with numbered lines.
func choice(more ...string) []string {
	return append([]string{"digits", "up", "down", "enter"}, more...)
}
