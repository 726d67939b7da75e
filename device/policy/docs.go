// SPDX-License-Identifier: Apache-2.0

package policy

// DocCodes are the papers and cards that can lie on the desk: what identifies a person (the lists of section "documents" in the national
// file say which of them count where), proofs of authority and of hardship, and what else is brought along.
var DocCodes = []string{
	"my_number_card", "drivers_license", "driving_history_certificate", "passport", "physical_disability_handbook",
	"mental_disability_handbook", "rehabilitation_handbook", "residence_card", "special_permanent_resident_certificate", "juki_card",
	"temporary_refuge_permit", "provisional_stay_permit", "disability_handbook", "official_photo_id",
	"health_insurance_card", "eligibility_certificate", "care_insurance_card", "pension_book", "basic_pension_number_notice",
	"pension_amount_notice", "pension_transfer_notice", "pension_certificate", "child_medical_certificate",
	"child_rearing_allowance_certificate", "welfare_medical_certificate", "maternal_child_handbook", "employee_id", "student_id",
	"public_assistance_certificate", "hospital_card", "identity_document",
	"koseki_certificate", "guardianship_certificate", "medical_diagnosis", "facility_admission_certificate", "hardship_proof",
	"expiry_notice", "pin_memo", "inquiry_letter", "pin_setting_request", "application_form", "form_issue_renewal", "form_pin_change_reset",
	"card_application_form", "resident_record", "lost_property_report", "disaster_certificate", "damaged_card",
	"move_in_notice", "move_out_notice", "move_within_city", "marriage_notice", "family_name_change_notice",
	"principal_other_id", "rep_photo_id", "proxy_photo_id", "proxy_any_id", "principal_one_from_A_or_B", "proxy_one_from_A",
	"proxy_one_more_from_A_or_B", // a paper may also be named by what it serves for
}
