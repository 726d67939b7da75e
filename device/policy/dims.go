// SPDX-License-Identifier: Apache-2.0

package policy

// Dim is one circumstance that a condition may ask for. Every circumstance has a short, closed list of values, so that whether a row can
// ever be reached, and whether two rows contradict each other, is decided exactly and not by trying.
type Dim uint8

// The circumstances, in the order of dims.
const (
	Procedure   Dim = iota
	Applicant       // as whom the applicant may act: a representative whose path is closed acts as a proxy
	AppliedAs       // as whom the applicant came
	Age             // of the principal, by the age rule
	Ward            // the principal is an adult ward
	Resident        // the principal's resident record is here
	CardType        // what card it is
	CardBody        // valid, in its last year, expired
	CardFirst       // the card ends on or before the day its certificates end
	CardState       // lost, burned …
	CardShown       // the card is on the desk
	Residence       // period of stay of a foreign resident
	Opening         // renewal window: none = this policy has no rule, unknown = no expiry is known
	CertDate        // the certificates' expiry against today
	Pin             // the worst state among the PINs concerned
	UserAuthPin     // the user-auth PIN alone
	Kinds           // which PINs or certificates the case is about
	Signing         // a signing certificate is asked for and the principal may have none
	Letter          // state of the inquiry letter
	LetterFrom      // who sent it
	Request         // Matsue's mailed paper
	Visit           // first or second
	SameWindow      // visit 2 at the window of visit 1
	Stands          // where the resident stands
	Reservation     // whether this place needs one, and has one
	OpenNow         // open or closed
	Reason          // why a proxy comes
	Asked           // the office was asked beforehand
	Identity        // identity confirmed by the clerk
	Honseki         // registered domicile
	Household       // representative and principal in one household
	Relation        // the relation can be confirmed from the register here
	NewPin          // wishes a new PIN
	WantsSign       // wishes a signing certificate
	WantsUse        // will go on using the certificates
	FirstIssue      // first issue of certificates
	WithCerts       // reissue with certificates
	Cause           // who is answerable for the loss or damage
	Mishandled      // broke because the cautions were not followed
	Event           // what changed
	Phone           // operating system
	Has             // supported smartphone with an app
	Service         // where the card is to be used
	Action          // renew or use
	Moving          // move in or out
	Question        // guidance asked for
	LostPlace       // away from home
	Receipt         // receipt number of the lost-property report is there
	CertState       // certificates of the case: invalid or none means that new issue is the way
	SigningCert     // state of the signing certificate before the procedure
	Lapse           // a move that may have made the card lapse
	Form            // the application form is filled in
	Documents       // whether anybody has looked at the documents yet
	Result          // outcome of the path; only rows that answer may ask for it
	numDims
)

// dims names the circumstances and their values as a policy writes them. The first value of most is what holds when nothing is said.
var dims = [numDims]struct {
	name   string
	values []string
}{
	Procedure:   {"procedure", Procedures},
	Applicant:   {"applicant", Applicants},
	AppliedAs:   {"applied_as", Applicants},
	Age:         {"age", []string{"under_15", "15_to_17", "18_or_over", "unknown"}},
	Ward:        {"ward", yesNo},
	Resident:    {"resident", yesNo},
	CardType:    {"card_type", []string{"my_number_card", "face_auth_card", "juki_card"}},
	CardBody:    {"card_body", []string{"valid", "last_year", "expired"}},
	CardFirst:   {"card_first", yesNoUnknown},
	CardState:   {"card_state", []string{"none", "lost", "suspended_and_found", "burned", "badly_damaged", "function_impaired"}},
	CardShown:   {"card_shown", yesNoUnknown},
	Residence:   {"residence", []string{"japanese", "unlimited", "limited", "foreign_unknown"}},
	Opening:     {"window", []string{"open", "closed", "none", "unknown"}},
	CertDate:    {"certificate", []string{"valid", "expired", "unknown"}},
	Pin:         {"pin", []string{"known", "forgotten", "locked", "mismatch"}},
	UserAuthPin: {"user_auth_pin", []string{"known", "unusable"}},
	Kinds:       {"kinds", []string{"both", "signing", "user_auth", "card_body"}},
	Signing:     {"signing_denied", []string{"no", "part", "only"}},
	Letter:      {"letter", []string{"none", "ok", "incomplete", "unsealed", "expired", "lost"}},
	LetterFrom:  {"letter_from", []string{"none", "jlis", "city"}},
	Request:     {"request", []string{"none", "ok", "incomplete"}},
	Visit:       {"visit", []string{"1", "2"}},
	SameWindow:  {"same_window", yesNoUnknown},
	Stands:      {"place", []string{"unstated", "here", "elsewhere", "home"}},
	Reservation: {"reservation", []string{"not_needed", "made", "lacking", "unknown"}},
	OpenNow:     {"hours", []string{"open", "closed"}},
	Reason:      {"proxy_reason", []string{"unstated", "work", "study", "cannot_come"}},
	Asked:       {"asked_office", yesNoUnknown},
	Identity:    {"identity_confirmed", yesNoUnknown},
	Honseki:     {"honseki", []string{"here", "elsewhere", "unknown"}},
	Household:   {"same_household", yesNoUnknown},
	Relation:    {"relation_confirmable", yesNoUnknown},
	NewPin:      {"wants_new_pin", yesNo},
	WantsSign:   {"wants_signing_cert", yesNo},
	WantsUse:    {"wants_to_use", yesNoUnknown},
	FirstIssue:  {"first_issue", yesNoUnknown},
	WithCerts:   {"with_certificates", yesNoUnknown},
	Cause:       {"cause", []string{"unstated", "principal", "jlis", "municipality", "natural_disaster"}},
	Mishandled:  {"mishandled", yesNo},
	Event: {"event", []string{"none", "address_changed", "name_changed", "married_name_changed", "family_name_change_in_register",
		"sex_entry_changed", "naturalised", "moved_in", "moved_out", "moved_within_city"}},
	Phone:       {"phone_os", []string{"unstated", "android", "ios"}},
	Has:         {"has", []string{"unstated", "supported_smartphone_with_mynaportal_app", "supported_smartphone_with_reset_app"}},
	Service:     {"service", []string{"none", "convenience_certificates", "medical_institution", "mynaportal", "online_eligibility_check"}},
	Action:      {"action", []string{"unstated", "renew", "use"}},
	Moving:      {"moving", []string{"unstated", "move_in", "move_out"}},
	Question:    {"question", []string{"none", "convenience_store", "pins_to_set", "reservation", "what_still_works", "where"}},
	LostPlace:   {"lost_place", []string{"unstated", "away_from_home"}},
	Receipt:     {"police_receipt", yesNo},
	CertState:   {"certificate_state", []string{"valid", "part_invalid", "invalid", "none"}},
	SigningCert: {"signing_certificate", []string{"valid", "invalid", "none"}},
	Lapse:       {"lapse", []string{"none", "not_updated_90", "no_notice_30", "late_notice_14", "in_time"}},
	Form:        {"application_form", yesNo},
	Documents:   {"documents", []string{"seen", "unseen"}},
	Result:      {"outcome", Outcomes},
}

var (
	yesNo        = []string{"yes", "no"}
	yesNoUnknown = []string{"yes", "no", "unknown"}

	// Procedures are the twenty procedures of the pages, by code.
	Procedures = []string{"cert_new_issue", "cert_renewal", "pin_change", "pin_reset", "suspension", "suspension_release",
		"cert_revocation", "card_record_update", "residence_extension", "loss_report", "card_abolition", "card_reissue", "card_renewal",
		"face_auth_card", "smartphone_cert", "juki_card_cert", "kiosk_pin_reset", "pin_change_online", "convenience_certificates",
		"moving_one_stop"}
	// Applicants are who may come, by code.
	Applicants = []string{"self", "legal_representative", "voluntary_proxy"}
	// Outcomes are how a case can end; "silent" stands for a page that does not say (null in a decision).
	Outcomes = []string{"complete", "first_visit", "missing_documents", "redirect", "not_yet_open", "refuse", "ask_office",
		"needs_reservation", "closed", "guidance", "silent"}
	// Kinds4 are the PINs in the order of the pages; the first two are also the certificates.
	Kinds4 = []string{"signing", "user_auth", "resident_register", "card_info"}
	// Reasons are the codes that may stand beside an outcome.
	Reasons = []string{"not_resident_here", "wrong_place", "under_15", "adult_ward", "not_a_my_number_card", "juki_card_ended",
		"reason_not_accepted", "letter_not_sealed", "letter_incomplete", "pin_unknown", "other_window_than_visit1", "not_at_window"}
)

// Cell is a value of a Dim: its place in the dimension's list.
type Cell = uint8

// Situation is a case as the rows see it: one cell for every circumstance.
type Situation [numDims]Cell

// Name is the word a policy uses for the circumstance.
func (d Dim) Name() string { return dims[d].name }

// Values are the words a policy may use.
func (d Dim) Values() []string { return dims[d].values }

// Value is the word for a cell.
func (d Dim) Value(c Cell) string { return dims[d].values[c] }

// NumDims is how many circumstances there are.
const NumDims = int(numDims)

// CellOf finds a word.
func (d Dim) CellOf(word string) (Cell, bool) {
	for i, v := range dims[d].values {
		if v == word {
			return Cell(i), true
		}
	}
	return 0, false
}

// DimOf finds a circumstance by its word.
func DimOf(name string) (Dim, bool) {
	for d := range dims {
		if dims[d].name == name {
			return Dim(d), true
		}
	}
	return 0, false
}
