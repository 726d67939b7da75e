// SPDX-License-Identifier: Apache-2.0

package procedure

import "madoguchi/device/policy"

func triAnswers(yes, no [2]string, usual Tri, to func(*Facts) *Tri) []Answer {
	a := []Answer{{"true", yes[0], yes[1], func(f *Facts) { *to(f) = Yes }}, {"false", no[0], no[1], func(f *Facts) { *to(f) = No }}}
	if usual == No {
		a[0], a[1] = a[1], a[0]
	}
	return a
}

var yesNoWords = [2][2]string{{"はい", "Yes"}, {"いいえ", "No"}}

func yesNo(usual Tri, to func(*Facts) *Tri) []Answer {
	return triAnswers(yesNoWords[0], yesNoWords[1], usual, to)
}

// pins sets how PINs stand. What the card itself says stays: it is locked.
func pins(signing, auth uint8) func(*Facts) {
	return func(f *Facts) { setPin(f, 0, signing); setPin(f, 1, auth) }
}

func setPin(f *Facts, kind int, state uint8) {
	if f.Pins[kind] != PinLocked {
		f.Pins[kind] = state
	}
}

func asked(k Kinds) func(*Facts) {
	return func(f *Facts) { f.Certs, f.Change, f.Reset, f.Revoke = k&bothCerts, k, k, k&bothCerts }
}

func group(c policy.Cell, ward Tri) func(*Facts) {
	return func(f *Facts) { f.AgeGroup, f.Ward = c+1, ward }
}

func posted(l *Letter, lost bool) func(*Facts) {
	return func(f *Facts) { f.Letter, f.LetterLost = l, lost }
}

// kinship sets how the relation of a representative to the principal shows without a family register certificate.
func kinship(household Tri, honseki string, confirmable Tri) func(*Facts) {
	return func(f *Facts) { f.Household, f.Honseki, f.Relation = household, honseki, confirmable }
}

// expiredLetter is over by any day that a case may have.
var expiredLetter = func(f *Facts) { f.Letter, f.LetterLost = &Letter{ValidUntil: f.Today.Previous()}, false }

// catalogue is every question that may be asked, in the order in which a counter would ask if nothing else decided. The birth date is never
// asked: the age group is enough.
var catalogue = []Question{
	{ID: "kinds", Ja: "どの電子証明書・暗証番号ですか。", En: "Which certificate or PIN?", dims: []policy.Dim{policy.Kinds},
		procs: []string{"pin_change", "pin_reset", "cert_revocation", "kiosk_pin_reset"},
		Answers: []Answer{{"both", "署名用と利用者証明用", "Both certificates", asked(bothCerts)}, {"user_auth", "利用者証明用", "User authentication", asked(UserAuth)},
			{"signing", "署名用", "Signing", asked(Signing)}, {"card_body", "カード本体用", "Card body", asked(ResidentRegister | CardInfo)}}},
	{ID: "pins", Ja: "暗証番号はわかりますか。", En: "Are the PINs known?", dims: []policy.Dim{policy.Pin, policy.UserAuthPin},
		procs: []string{"cert_new_issue", "cert_renewal", "suspension_release", "pin_change", "pin_change_online", "kiosk_pin_reset"},
		Answers: []Answer{{"known", "両方わかる", "Both known", pins(PinKnown, PinKnown)}, {"signing", "署名用がわからない", "Signing unknown", pins(PinForgotten, PinKnown)},
			{"user_auth", "利用者証明用がわからない", "User authentication unknown", pins(PinKnown, PinForgotten)}, {"both", "両方わからない", "Both unknown", pins(PinForgotten, PinForgotten)}}},
	{ID: "age_group", Ja: "ご本人は。", En: "The card holder is", dims: []policy.Dim{policy.Age, policy.Ward, policy.Signing},
		Answers: []Answer{{"18_or_over", "18歳以上", "18 or over", group(2, Unsaid)}, {"15_to_17", "15歳から17歳", "15 to 17", group(1, Unsaid)},
			{"under_15", "15歳未満", "Under 15", group(0, Unsaid)}, {"adult_ward", "成年被後見人", "An adult under guardianship", group(2, Yes)}}},
	{ID: "adult_ward", Ja: "ご本人は成年被後見人ですか。", En: "Is the card holder an adult under guardianship?", dims: []policy.Dim{policy.Ward, policy.Signing}, after: "age_group",
		Answers: yesNo(No, func(f *Facts) *Tri { return &f.Ward })},
	{ID: "visit", Ja: "何回目の来庁ですか。", En: "Which visit is it?", others: true, early: true, dims: []policy.Dim{policy.Visit},
		Answers: []Answer{{"1", "1回目", "First", func(f *Facts) { f.Visit = 1 }}, {"2", "2回目", "Second", func(f *Facts) { f.Visit = 2 }}}},
	{ID: "letter", others: true, Ja: "照会書兼回答書は。", En: "The inquiry letter?", dims: []policy.Dim{policy.Letter, policy.LetterFrom},
		Answers: []Answer{{"none", "ない", "None", posted(nil, false)}, {"jlis", "J-LISから、封あり", "From J-LIS, sealed", posted(&Letter{}, false)},
			{"city", "市から、封あり", "From the city, sealed", posted(&Letter{City: true}, false)}, {"unsealed", "封がない", "Not sealed", posted(&Letter{Unsealed: true}, false)},
			{"incomplete", "記入もれがある", "Not filled in", posted(&Letter{Unfilled: true}, false)}, {"expired", "期限切れ", "Expired", expiredLetter},
			{"lost", "紛失した", "Lost", posted(nil, true)}}},
	{ID: "pin_setting_request", others: true, Ja: "郵送した書類はご本人が記入していますか。", En: "Are the mailed papers filled in by the holder?", dims: []policy.Dim{policy.Request},
		Answers: []Answer{{"ok", "記入あり", "Filled in", func(f *Facts) { f.Request = &Letter{} }}, {"none", "ない", "Not there", func(f *Facts) { f.Request = nil }}}},
	{ID: "visit1_place", others: true, early: true, Ja: "1回目と同じ窓口ですか。", En: "Same window as the first visit?", dims: []policy.Dim{policy.SameWindow},
		Answers: []Answer{{"same", "同じ", "Same", func(f *Facts) { f.Visit1Place = f.Place }}, {"other", "別の窓口", "Another", func(f *Facts) {
			if f.Place == "" {
				f.Place = "counter"
			}
			f.Visit1Place = "other window"
		}}}},
	{ID: "proxy_reason", others: true, Ja: "代理の理由は。", En: "Why a proxy?", dims: []policy.Dim{policy.Reason},
		Answers: []Answer{{"cannot_come", "本人の来庁が困難", "Holder cannot come", func(f *Facts) { f.Reason = 3 }}, {"work", "仕事・学業", "Work or study", func(f *Facts) { f.Reason = 1 }}}},
	{ID: "asked_office", Ja: "事前に問い合わせがありましたか。", En: "Was the office asked beforehand?", dims: []policy.Dim{policy.Asked}, Answers: yesNo(Yes, func(f *Facts) *Tri { return &f.Asked })},
	{ID: "identity_confirmed", Ja: "本人確認ができましたか。", En: "Is the identity confirmed?", dims: []policy.Dim{policy.Identity}, Answers: yesNo(Yes, func(f *Facts) *Tri { return &f.Identity })},
	{ID: "honseki", Ja: "本籍はこの市ですか。", En: "Is the registered domicile in this city?", dims: []policy.Dim{policy.Honseki},
		Answers: []Answer{{"here", "はい", "Yes", func(f *Facts) { f.Honseki = here }}, {"other_city", "いいえ", "No", func(f *Facts) { f.Honseki = "other_city" }}}},
	{ID: "same_household", Ja: "代理人とご本人の関係は。", En: "How is the relation confirmed?", dims: []policy.Dim{policy.Household, policy.Honseki, policy.Relation},
		Answers: []Answer{{"same_household", "同一世帯", "Same household", kinship(Yes, "", Unsaid)}, {"confirmable", "本籍がこの市で、戸籍で確認できる", "By the register here", kinship(No, here, Yes)},
			{"no", "どちらでもない", "Neither", kinship(No, "other_city", No)}}},
	{ID: "application_form", others: true, Ja: "申請書は記入されていますか。", En: "Is the form filled in?", dims: []policy.Dim{policy.Form}, Answers: yesNo(Yes, func(f *Facts) *Tri { return &f.Form })},
	{ID: "wants_new_pin", Ja: "暗証番号の変更も希望しますか。", En: "Is a new PIN wished?", dims: []policy.Dim{policy.NewPin}, Answers: yesNo(No, func(f *Facts) *Tri { return &f.WantsNewPin })},
	{ID: "wants_signing_cert", Ja: "署名用電子証明書の発行を希望しますか。", En: "Is a signing certificate wished?", dims: []policy.Dim{policy.WantsSign}, Answers: yesNo(Yes, func(f *Facts) *Tri { return &f.WantsSigning })},
	{ID: "first_issue", Ja: "初めての発行ですか。", En: "Is it the first issue?", dims: []policy.Dim{policy.FirstIssue}, procs: []string{"cert_new_issue"}, Answers: yesNo(No, func(f *Facts) *Tri { return &f.FirstIssue })},
	{ID: "card_state", Ja: "カードはどうなりましたか。", En: "What happened to the card?", dims: []policy.Dim{policy.CardState}, procs: []string{"card_reissue"},
		Answers: []Answer{{"lost", "紛失", "Lost", func(f *Facts) { f.CardState = 1 }}, {"burned", "焼失", "Burned", func(f *Facts) { f.CardState = 3 }},
			{"badly_damaged", "著しい損傷", "Badly damaged", func(f *Facts) { f.CardState = 4 }}, {"function_impaired", "機能の故障", "Not working", func(f *Facts) { f.CardState = 5 }}}},
	{ID: "police_receipt_number", Ja: "遺失届の受理番号はありますか。", En: "Is there a police receipt number?", dims: []policy.Dim{policy.Receipt},
		Answers: []Answer{{"yes", "ある", "Yes", func(f *Facts) { f.Receipt = true }}, {"no", "ない", "No", func(f *Facts) { f.Receipt = false }}}},
	{ID: "with_certificates", Ja: "電子証明書も発行しますか。", En: "With certificates?", dims: []policy.Dim{policy.WithCerts}, procs: []string{"card_reissue", "residence_extension"}, Answers: yesNo(Yes, func(f *Facts) *Tri { return &f.WithCerts })},
	{ID: "cause_attributable_to", Ja: "原因は。", En: "Who is answerable?", dims: []policy.Dim{policy.Cause}, procs: []string{"card_reissue"},
		Answers: []Answer{{"principal", "本人", "The holder", func(f *Facts) { f.Cause = 1 }}, {"municipality", "市区町村・機構の誤り", "An official error", func(f *Facts) { f.Cause = 3 }},
			{"natural_disaster", "天災など", "Disaster or the like", func(f *Facts) { f.Cause = 4 }}}},
	{ID: "event", Ja: "何が変わりましたか。", En: "What changed?", dims: []policy.Dim{policy.Event}, procs: []string{"card_record_update"},
		Answers: []Answer{{"moved_in", "転入", "Moved in", func(f *Facts) { f.Event = 7 }}, {"moved_within_city", "転居", "Moved within the city", func(f *Facts) { f.Event = 9 }},
			{"married_name_changed", "婚姻などによる氏名", "Name by marriage", func(f *Facts) { f.Event = 3 }}, {"naturalised", "帰化", "Naturalised", func(f *Facts) { f.Event = 6 }}}},
	{ID: "phone_os", Ja: "スマートフォンは。", En: "Which phone?", dims: []policy.Dim{policy.Phone}, Answers: []Answer{{"android", "Android", "Android", func(f *Facts) { f.Phone = 1 }}, {"ios", "iPhone", "iPhone", func(f *Facts) { f.Phone = 2 }}}},
	{ID: "has", Ja: "対応スマートフォンとアプリは。", En: "Supported phone and app?", dims: []policy.Dim{policy.Has}, procs: []string{"kiosk_pin_reset", "pin_change_online"},
		Answers: []Answer{{"supported_smartphone_with_reset_app", "暗証番号リセットアプリ", "PIN reset app", func(f *Facts) { f.Has = 2 }}, {"supported_smartphone_with_mynaportal_app", "マイナポータルアプリ", "Mynaportal app", func(f *Facts) { f.Has = 1 }}}},
	{ID: "service", Ja: "どこで使いますか。", En: "Where is it to be used?", dims: []policy.Dim{policy.Service}, procs: []string{"face_auth_card"},
		Answers: []Answer{{"medical_institution", "医療機関", "Medical institution", func(f *Facts) { f.Service = 2 }}, {"mynaportal", "マイナポータル", "Mynaportal", func(f *Facts) { f.Service = 3 }},
			{"convenience_certificates", "コンビニ交付", "Convenience store", func(f *Facts) { f.Service = 1 }}}},
	{ID: "action", Ja: "更新ですか、利用ですか。", En: "Renew or use?", dims: []policy.Dim{policy.Action}, Answers: []Answer{{"renew", "更新・発行", "Renew", func(f *Facts) { f.Action = 1 }}, {"use", "利用", "Use", func(f *Facts) { f.Action = 2 }}}},
	{ID: "kind", Ja: "転入ですか、転出ですか。", En: "In or out?", dims: []policy.Dim{policy.Moving}, Answers: []Answer{{"move_in", "転入・転居", "Moving in", func(f *Facts) { f.Moving = 1 }}, {"move_out", "転出", "Moving out", func(f *Facts) { f.Moving = 2 }}}},
}

// here stands for the policy's own municipality as registered domicile.
const here = "here"
