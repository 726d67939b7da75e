// SPDX-License-Identifier: Apache-2.0

// Package session is one case at the counter, step by step: a pure function from a state and an event to the next state and the effects it wants. It reads no
// clock, no key and no card, and it knows PINs only as slots that are filled, sent or wiped; so every path can be written as a table, replayed from a log of
// events, and walked at random (decisions on tries, guard, leave-check and time-outs: the package's tests).
//
//	         確認            code right                                                   確認
//	idle ─────────► code ──────────► (the rules' conversation, below) ► turn ───────────────────┐
//	 ▲ │ card        │ wrong: again, after five 1, 5, 15 min                  journal: case open │      clerk's face
//	 │ ▼             ▼                                                                           │ ═══════════════
//	 │ board        idle                                                                         ▼    resident's face
//	 │                                   ┌────────────── removed ◄── (card pulled at any step) language
//	 │                                   ▼                  ▲                                    │
//	 │        wrong card ◄──────────► insert ► reading ► board ► about ► [letters] ► [guard 1 2 3]
//	 │        unreadable, reader lost            │                                     │ 確認 ▼ 確認, with one try left
//	 │                                           │ locked, no PIN, absent               ▼
//	 │                                           │                       ┌──────────► PIN ──────► rules ► new ► again
//	 │                                           │                 wrong │   check    │ change              ▲      │
//	 │                                           │                       │            ▼              mismatch◄──┤    (password: look-alikes, then again)
//	 │                                           │                       ├──── checking                         ▼
//	 │                                           │                       └───────────────────────────────── changing
//	 │                                           │                                    │ right                   │ changed
//	 │                                           ▼          ┌─────────────────────────┴─────────────────────────┤
//	 │                                       finishing ◄────┘  record stored, then shown                         │
//	 │                                           │                                       leave ask ► leave-check┘
//	 │                                           ▼                                            │ wrong: change again
//	 └── closed ◄──── wiping ◄──── turn back ◄── take the card ◄─ [home] ◄─ done, stopped, … ◄┘
//	        clerk's   white, seen
//
// The clerk's part is a conversation with the municipality's rules (device/procedure). One key is one answer, and 取消 or 訂正 takes the last one back, with
// that answer marked; ticks stay. It ends at the turn of the box or with the decision:
//
//	code ► [date] ► procedure ► [notice] ► applicant ► [kind] ► question … ► documents ► decision ► tell ─┬► turn     a PIN change that may be made
//	         │          │          │ hours,               PIN                 ticks        │ メニュー       ├► office   the page is silent: did the office
//	         │          │          │ reservation          change              1 = all      ▼               │           agree? yes: turn
//	         │          ├► guide ► saving ► idle ◄── 取消: that is what was told          why              └► saving ► idle     carried out elsewhere
//	         │          └► applicant ► kind ► turn    PIN check, tries board: no decision needed
//	         └ once a day while the clock shows a time that has passed: confirmed, or typed
//
// What is not asked: what the card in the reader tells (its species, the login certificate's end, a signing certificate, locked PINs; it is read while the clerk
// is asked, also when it is laid down late), the day and the hour, the place. No day is typed about a card: the days that make a difference today stand in the
// answers. Which question comes next is procedure.Talk's matter; it is settled once when the conversation begins, and each answer only narrows, so no step takes
// long. A question that changes because a card was laid down takes no key that was struck for the one before. The rules in force when the code was accepted hold
// to the case's end. A case that ends here stores its record and facets, closed sets all (Facts): no answer goes into journal or record, and at rest the state holds none.
//
// A case that is to go on has a claim number (sync/claim): after a first visit, while papers lack, and for the check of the PIN after the integrated terminal. It is
// stored with the record and shown after that: to the clerk, and on 確認 to the resident, who copies it. A revocation, say, has nothing to go on with, and a proxy
// types no PIN, so neither gets one for the terminal. The first list takes a number, too:
//
//	procedure ► claim ► asking ─┬► found ─┬► question …      second visit, papers: procedure, applicant and visit are not asked
//	                            │         ├► terminal ► kind ► turn   done there: the check of the PIN
//	                            │         └► kind ► turn      a change that was cut off
//	                            └► none                       why, and what to do; nothing is recorded
//
// Beside all this stands the service menu, which opens from rest alone: メニュー and 取消 held, a clerk code under the same throttle, then key test, pictures for the
// panel, pages about reader, queue, box and clock, lamp and buzzer, and the change of the clerk's code. It opens no case, reads no card, and ends by itself. In
// the key test alone the session hears which contacts are closed, never beside a PIN or a code.
//
// Reset, issue, renewal and release go over the issuer link where one is configured, its line is up and the card obeys (Config.Issuer; else the case is handed over,
// before anything is typed). Their tasks come from the decision and the card, and a redirect whose parts can all be done now is one case (issueplan.go):
//
//	board ► [PIN ► checking]… ► about ► issuing (asked, released by a second clerk) ► [rules ► new ► again] ► issuing ► … ► issued ► leave-check of each new PIN
//
// A PIN that locks on the way is set anew in the same case, if the rules, asked again, lead to a reset that needs no further paper (relock.go); else the case ends there.
// While an operation can still be given up every way out of it gives it up (leftIssue); afterwards only its own end leads on. A proxy's letter is letter.go's.
//
// Over every step of the resident's lie: cancel (取消, then 取消 again), timeout (20 s before the end: any key goes on), menu (language, large print, slow keys,
// what the keys do, call). Large print and slow keys hold to the end of the case. A dead panel or key-pad ends the case by wiping; what a card is doing is always
// waited for first, because its result is owed to the resident.
//
// Between 8 on the language screen (2 on the first screen of a box with one language) and that screen again lies a practice round, with entries like the real
// ones and neither card nor record. Every new password, whatever it is, is followed by a hint at letters that are easily mistaken. A PIN that was right or was
// changed ends with what to take home: what it is for, what the municipality has to say that matters after the counter, and the last day of the certificate it
// opens, which no storage keeps.
//
// Where Config.Reveal allows it, a typed password is followed by a review: メニュー held shows one character for at most three seconds, ▲▼ choose it, 訂正 goes back to
// the entry as it stands. While the panel brings a character the PIN's page is in use, and no key leads on.
//
// Each card command is journaled before it is sent, and the case's one record is stored before its result is shown. A VERIFY carries the number of tries that
// the resident was shown; the card goroutine sends nothing if the card says another. With one try left nothing is sent but through the guard.
//
// Screens, key mode and lamp are not effects of transitions: they are derived from the state after each step, and asked for when they differ from what was
// asked for last. A transition cannot forget one.
//
// The package decides nothing about papers, fees or applicants' rights itself (device/procedure), and does not know how anything is shown, typed or sent.
package session
