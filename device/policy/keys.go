// SPDX-License-Identifier: Apache-2.0

package policy

// Key is a key of a decision. The order is that in which a decision is written.
type Key uint8

// Shape is what a key's value looks like.
type Shape uint8

// The shapes of values.
const (
	Bool Shape = iota
	Int
	Word    // a string
	Words   // a list of strings
	Span    // two whole numbers, from and to
	State   // certificate or PIN kinds, each with a word or yes/no
	Special // written by the engine only
)

// The keys of a decision.
const (
	KOutcome Key = iota
	KReason
	KCompletedToday
	KSameDay
	KVisits
	KMissing
	KSequence
	KRequired
	KFee
	KFeeCharged
	KTell
	KPhone
	KPhoneMenu
	KPlace
	KReservation
	KChannel
	KChannels
	KLeadTime
	KPinsToEnter
	KPinsBy
	KPinsFrom
	KSigningAllowed
	KRepAllowed
	KPinAccepted
	KPinSettable
	KPinLocked
	KRenewalOpen
	KRenewalOpensOn
	KRenewalRequired
	KCertExpires
	KCardExpires
	KCertUntil
	KCertExpired
	KCertUsable
	KCertAfter
	KNoticeSent
	KExpiryChange
	KCardID
	KCertServices
	KServiceUsable
	KLapsed
	KActions
	KAllowed
	KOnline
	KKiosk
	KCounterOnly
	KHardship
	KAvailable
	KNewPhoto
	KVisitRequired
	KProvisional
	KNotStated
	KBecause
	NumKeys
)

var keys = [NumKeys]struct {
	name  string
	shape Shape
}{
	KOutcome: {"outcome", Special}, KReason: {"reason", Special}, KCompletedToday: {"completed_today", Bool}, KSameDay: {"same_day", Bool},
	KVisits: {"visits", Int}, KMissing: {"missing", Special}, KSequence: {"procedure_sequence", Special},
	KRequired: {"procedure_required", Word}, KFee: {"fee_yen", Int}, KFeeCharged: {"fee_charged", Bool}, KTell: {"tell", Special},
	KPhone: {"phone", Word}, KPhoneMenu: {"phone_menu", Int}, KPlace: {"place_required", Word}, KReservation: {"reservation_required", Bool},
	KChannel: {"channel", Word}, KChannels: {"channels", Words}, KLeadTime: {"lead_time_days", Span},
	KPinsToEnter: {"pins_to_enter", Words}, KPinsBy: {"pins_entered_by", Word}, KPinsFrom: {"pins_entered_from", Word},
	KSigningAllowed: {"signing_cert_allowed", Bool}, KRepAllowed: {"legal_rep_path_allowed", Bool}, KPinAccepted: {"pin_accepted", Special},
	KPinSettable: {"pin_kind_settable", State}, KPinLocked: {"pin_locked", Bool}, KRenewalOpen: {"renewal_open", Bool},
	KRenewalOpensOn: {"renewal_opens_on", Special}, KRenewalRequired: {"renewal_required", Bool}, KCertExpires: {"cert_expires_on", Special},
	KCardExpires: {"card_expires_on", Special}, KCertUntil: {"cert_usable_until", Special}, KCertExpired: {"cert_expired", Bool},
	KCertUsable: {"cert_usable", Bool}, KCertAfter: {"cert_state_after", State}, KNoticeSent: {"expiry_notice_sent", Bool},
	KExpiryChange: {"expiry_change_needed_for", Words}, KCardID: {"card_usable_as_id", Bool},
	KCertServices: {"certificate_services_usable", Bool}, KServiceUsable: {"service_usable", Bool}, KLapsed: {"card_may_have_lapsed", Bool},
	KActions: {"actions", Words}, KAllowed: {"allowed", Bool}, KOnline: {"online_allowed", Bool}, KKiosk: {"kiosk_allowed", Bool},
	KCounterOnly: {"counter_only", Bool}, KHardship: {"hardship_proof_accepted", Bool}, KAvailable: {"available_now", Bool},
	KNewPhoto: {"new_photo", Bool}, KVisitRequired: {"visit_required", Bool}, KProvisional: {"provisional_only", Bool},
	KNotStated: {"not_stated", Special}, KBecause: {"because", Special},
}

// Name is the key as JSON has it.
func (k Key) Name() string { return keys[k].name }

// Shape is what the key's values look like.
func (k Key) Shape() Shape { return keys[k].shape }

// KeyOf finds a key by its name.
func KeyOf(name string) (Key, bool) {
	for k := range keys {
		if keys[k].name == name {
			return Key(k), true
		}
	}
	return 0, false
}
