// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"

	"madoguchi/device/policy"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// staffMatters are carried out by the staff of another counter, without this box: it opens the case, says what the rules say, and hands it over with a claim number.
var staffMatters = []record.Procedure{record.CardRecordUpdate, record.CertRevocation, record.CardReissue, record.CardAbolition, record.ResidenceExtension,
	record.LossReport, record.FaceAuthCard}

func staffed(p record.Procedure) bool { return slices.Contains(staffMatters, p) }

// toStaff is the claim of such a case after its decision; zero: the decision ends it.
func (m *machine) toStaff(v *verdict) Claim {
	p := m.procedure
	switch v.Outcome() {
	case "redirect":
		seq := names(v, policy.KSequence)
		if len(seq) == 0 {
			return Claim{}
		}
		next, err := record.ParseProcedure(seq[0])
		if err != nil || !staffed(next) {
			return Claim{} // not a counter's
		}
		p = next
	case "missing_documents":
		return m.claimAt(claim.PapersWanted, p)
	case "complete", "guidance", "ask_office", "":
	default:
		return Claim{}
	}
	return m.claimAt(claim.AtTerminal, p)
}

// endsAs is how the case is recorded that ends with the decision.
func (m *machine) endsAs() record.Outcome {
	v := m.inquiry.verdict
	if staffed(m.procedure) && v.Outcome() == "guidance" { // told, and carried out elsewhere
		return record.HandedOver
	}
	return v.ends(m.guided())
}

// stand names where a case with a number stands, for people.
func stand(s claim.State) string {
	if s.Step == claim.AtTerminal && staffed(s.Procedure) {
		return "at_staff"
	}
	return s.Step.String()
}
