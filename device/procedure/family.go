// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"iter"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// Family goes through typical cases of a municipality around a day: every procedure and applicant with the facts that rules turn on, each
// changed alone and the deciding ones together. It is for comparing policies: what is the same over the family may still differ elsewhere.
func Family(city string, today civil.Date) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		soon, _ := today.AddMonths(2)
		later, _ := today.AddMonths(5)
		far, _ := today.AddMonths(62)
		born := func(age int) civil.Date { return civil.Date{Year: today.Year - age, Month: 1, Day: 15} }
		ends := []civil.Date{soon, later, today.Previous()}
		letters := []*Letter{nil, {}, {City: true}, {Unsealed: true}, {Unfilled: true}, {City: true, ValidUntil: today.Previous()}}
		desks := [][]Document{{}, desk("principal", "my_number_card"), fullDesk(today)}
		for proc := range policy.Procedures {
			for app := range policy.Applicants {
				base := Case{ID: "family", Municipality: city, Procedure: policy.Cell(proc), Applicant: policy.Cell(app),
					Facts: Facts{Today: today, Birth: born(40), CertExpires: soon, CardExpires: far, Visit: 1, Documents: desks[2], HasDocuments: true}}
				one := func(change func(f *Facts)) bool {
					c := base
					change(&c.Facts)
					return yield(c)
				}
				for _, end := range ends {
					for _, pin := range []uint8{PinKnown, PinForgotten, PinMismatch} {
						for _, d := range desks {
							for _, l := range letters {
								for visit := 1; visit <= 2; visit++ {
									if app == 0 && (l != nil || visit == 2) {
										continue
									}
									if !one(func(f *Facts) {
										f.CertExpires, f.Pins[1], f.Documents, f.Letter, f.Visit = end, pin, d, l, visit
										if visit == 2 {
											f.Request = l
										}
									}) {
										return
									}
								}
							}
						}
					}
				}
				for _, change := range changes(born, today, soon) {
					if !one(change) {
						return
					}
				}
			}
		}
	}
}

func desk(owner string, docs ...string) []Document {
	var out []Document
	for _, d := range docs {
		out = append(out, Document{Owner: owner, Doc: d})
	}
	return out
}

func fullDesk(today civil.Date) []Document {
	out := desk("principal", "my_number_card", "passport", "koseki_certificate", "guardianship_certificate", "medical_diagnosis", "disaster_certificate")
	out = append(out, desk("representative", "drivers_license", "health_insurance_card")...)
	out = append(out, desk("proxy", "drivers_license", "health_insurance_card")...)
	for i := range out {
		if out[i].Doc == "koseki_certificate" {
			out[i].IssuedOn, _ = today.AddMonths(-4)
		}
	}
	return out
}

func changes(born func(int) civil.Date, today, soon civil.Date) []func(*Facts) {
	out := []func(*Facts){
		func(f *Facts) { f.Birth = born(10) },
		func(f *Facts) { f.Birth, f.Honseki = born(10), "other_city" },
		func(f *Facts) { f.Birth = born(16) },
		func(f *Facts) { f.Ward = Yes },
		func(f *Facts) { f.Resident = No },
		func(f *Facts) { f.CardExpires = soon },
		func(f *Facts) { f.CardExpires = today.Previous() },
		func(f *Facts) { f.Within = No },
		func(f *Facts) { f.Place = "not_city_hall" },
		func(f *Facts) { f.Place = "home" },
		func(f *Facts) { f.WantsNewPin = Yes },
		func(f *Facts) { f.WantsUse = No },
		func(f *Facts) { f.FirstIssue = Yes },
		func(f *Facts) { f.FirstIssue = No },
		func(f *Facts) { f.Foreign, f.ResidenceUntil = Yes, soon },
		func(f *Facts) { f.LetterLost = true },
		func(f *Facts) { f.Asked = No },
		func(f *Facts) { f.Identity = No },
		func(f *Facts) { f.Reset, f.Change, f.Certs, f.Revoke = Signing, Signing, Signing, Signing },
		func(f *Facts) { f.Reset, f.Change, f.Certs, f.Revoke = UserAuth, UserAuth, UserAuth, UserAuth },
		func(f *Facts) { f.Reset, f.Change = CardInfo, CardInfo },
		func(f *Facts) { f.WantsSigning = Yes },
		func(f *Facts) { f.Birth, f.CertExpires, f.CertIssued = born(40), civil.Date{}, today },
	}
	for _, d := range []struct {
		dim policy.Dim
		to  func(*Facts, policy.Cell)
	}{
		{policy.CardState, func(f *Facts, c policy.Cell) { f.CardState = c }},
		{policy.CardType, func(f *Facts, c policy.Cell) { f.CardType = c }},
		{policy.Cause, func(f *Facts, c policy.Cell) { f.Cause, f.CardState, f.WithCerts = c, 1, Yes }},
		{policy.Reason, func(f *Facts, c policy.Cell) { f.Reason = c }},
		{policy.Event, func(f *Facts, c policy.Cell) { f.Event = c }},
		{policy.Phone, func(f *Facts, c policy.Cell) { f.Phone = c }},
		{policy.Has, func(f *Facts, c policy.Cell) { f.Has = c }},
		{policy.Service, func(f *Facts, c policy.Cell) { f.Service = c }},
		{policy.Action, func(f *Facts, c policy.Cell) { f.Action = c }},
		{policy.Moving, func(f *Facts, c policy.Cell) { f.Moving = c }},
	} {
		for i := 1; i < len(d.dim.Values()); i++ {
			out = append(out, func(f *Facts) { d.to(f, policy.Cell(i)) })
		}
	}
	return out
}
