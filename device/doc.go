// SPDX-License-Identifier: Apache-2.0

// Package device is the counter box: it joins key-pad, panel, lamp, card reader, session and outbox, and runs the loop between them.
//
//	key edge ─► pinpad ═══ pin.PIN ═══► card goroutine       PINs: only this line
//	              │ events   ▲ modes          │ results
//	              ▼          │                ▼
//	            one channel ─► loop ─► session.Step ─► effects ─► painter, lamp, storage, card
//	                                                                         │
//	                                                                         ▼
//	                                                                      outbox ─║─► network side
//
// One goroutine owns the session. Everything that happens arrives on one channel with the time it happened; the only timer is the state's deadline, so a
// box at rest sleeps. What takes time (a card command, a commit, a picture, Argon2) runs beside the loop and answers with the number of its effect.
//
// A PIN goes from its slot in the pad to the card goroutine by Take, which empties the slot; whoever holds it wipes it, on every way out, also after a panic and
// after a command that hangs. A command past its deadline is abandoned, for nothing can stop SCardTransmit: its page is wiped under it and the card is
// connected anew. If connecting hangs too, Run ends with [ExitReader] and the service manager starts a new process, whose first screen says which card step was
// running.
//
// The network side is reached over one Unix socket (sync/wall) and is not trusted: a receipt counts only if city hall signed it for this box and its
// outbox. Configuration is a strict TOML file, see [LoadConfig].
//
// Updates (package update) run beside the loop. Rules and settings are put in force by a rename, while the loop holds the next case; firmware out of hours, through
// whatever [UpdateOpts] names. What comes over the wall is verified here and nowhere else.
//
// The package opens no device file and no network connection, knows no simulated part, and logs codes and causes, never what was typed or read.
package device
