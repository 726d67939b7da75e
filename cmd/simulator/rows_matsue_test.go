// SPDX-License-Identifier: Apache-2.0

package main

import "madoguchi/sync/record"

// Papers of Matsue's lists A and B.
const (
	mailedPapers = "ご本人が記入した暗証番号設定依頼書など"
	holderAorB   = "ご本人の本人確認書類(一覧のAまたはBから1点)"
	agentA       = "代理人の顔写真付き本人確認書類(一覧のAから1点)"
	agentAorB    = "代理人の本人確認書類もう1点(一覧のAまたはB)"
)

var (
	matsue  = counter{"matsue", "city_hall", tuesday}
	kashima = counter{"matsue", "kashima_branch", tuesday}
)

// matsueRuns are the rows M1 to M11.
var matsueRuns = at(matsue, []script{
	{row: "M1", card: "expiring", matter: "cert_renewal", by: "self", asked: "card_expires=以降; pins=両方わかる; wants_new_pin=いいえ",
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "M1", about: "at the box", card: "issuer_expiring", matter: "cert_renewal", by: "self", asked: "card_expires=以降; pins=両方わかる; wants_new_pin=いいえ",
		want: want{outcome: "complete", way: "issuer_link", fee: "要確認", visits: "1回", record: record.Done,
			told: "la ja; pt self memory; pe login verify.ok; pe signing verify.ok"}},
	{row: "M2", about: "at the box, one PIN forgotten", card: "issuer_expiring", matter: "cert_renewal", by: "self", asked: "card_expires=以降; pins=署名用がわからない",
		want: want{outcome: "redirect", way: "issuer_link", fee: "要確認", visits: "1回", next: "暗証番号の再設定; 電子証明書の更新", record: record.Done,
			told: "la ja; pt self memory; pe login verify.ok; pe signing change.ok; pe signing leave_check.ok"}},
	{row: "M2", about: "forgotten", card: "expiring", matter: "cert_renewal", by: "self", asked: "card_expires=以降; pins=両方わからない",
		want: want{outcome: "redirect", way: "handover", fee: "要確認", visits: "1回", next: "暗証番号の再設定; 電子証明書の更新", record: record.HandedOver}},
	{row: "M2n", about: "other PINs wished", card: "expiring", matter: "cert_renewal", by: "self", asked: "card_expires=以降; pins=両方わかる; wants_new_pin=はい",
		want: want{outcome: "redirect", way: "handover", fee: "要確認", visits: "1回", next: "暗証番号の再設定; 電子証明書の更新", record: record.HandedOver}},
	{row: "M3", card: "expiring", matter: "cert_renewal", by: "voluntary_proxy", asked: "card_expires=以降; pins=両方わかる; letter=J-LISから", papers: "+" + agentA,
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "M4", card: "expiring", matter: "cert_renewal", by: "voluntary_proxy", asked: "card_expires=以降; pins=両方わからない; application_form=はい", papers: "+" + agentA,
		want: want{outcome: "redirect", way: "handover", fee: "要確認", visits: "2回", next: "暗証番号の再設定; 電子証明書の更新", record: record.HandedOver}},
	{row: "M5", card: "expiring", matter: "cert_renewal", by: "self", asked: "card_expires=まで",
		want: want{outcome: "redirect", way: "handover", fee: "要確認", next: "カードの更新", record: record.HandedOver}},
	{row: "M6", about: "forgotten", card: "adult", matter: "pin_reset", by: "self", asked: "kinds=署名用と利用者証明用",
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "M6", about: "locked", card: "locked", matter: "pin_reset", by: "self", asked: "kinds=利用者証明用",
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "M6", about: "at the box, locked", card: "issuer_locked", matter: "pin_reset", by: "self", asked: "kinds=利用者証明用",
		want: want{outcome: "complete", way: "issuer_link", fee: "要確認", visits: "1回", record: record.Done,
			told: "la ja; pt self memory; pe login change.ok; pe login leave_check.ok"}},
	{row: "M7", about: "15 to 17", card: "adult", matter: "pin_reset", by: "legal_representative", asked: "kinds=署名用と利用者証明用; age_group=15歳から17歳", papers: "+" + repPhotoID,
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "M7", about: "under 15", card: "under_15", matter: "pin_reset", by: "legal_representative", asked: "kinds=利用者証明用; age_group=15歳未満", papers: "+" + repPhotoID,
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "M8", card: "adult", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=1回目; application_form=はい",
		want: want{outcome: "first_visit", way: "handover", fee: "要確認", visits: "2回", record: record.HandedOver}},
	{row: "M9", card: "adult", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=2回目; visit1_place=同じ; pin_setting_request=記入あり",
		papers: "+" + holderAorB + ";+" + agentA + ";+" + agentAorB,
		want:   want{outcome: "complete", way: "handover", fee: "要確認", visits: "2回", record: record.HandedOver}},
	{row: "M9", about: "at the box", card: "issuer_expiring", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=2回目; visit1_place=同じ; pin_setting_request=記入あり",
		papers: "+" + holderAorB + ";+" + agentA + ";+" + agentAorB,
		want: want{outcome: "complete", way: "issuer_link", fee: "要確認", visits: "2回", record: record.Done,
			told: "pt voluntary_proxy letter; pe login change.ok; pe signing change.ok"}},
	{row: "M9", about: "one paper of the agent", card: "adult", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=2回目; visit1_place=同じ; pin_setting_request=記入あり",
		papers: "+" + holderAorB + ";+" + agentA + ";-" + agentAorB,
		want:   want{outcome: "missing_documents", way: "handover", fee: "要確認", visits: "2回", missing: agentAorB, record: record.DeviceOrDocumentProblem}},
	{row: "M9w", about: "another window", card: "adult", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=2回目; visit1_place=別の窓口",
		want: want{outcome: "refuse", way: "handover", fee: "要確認", record: record.Done}},
	{row: "M11", matter: "kiosk_pin_reset", asked: "kinds=署名用と利用者証明用",
		want: want{outcome: "guidance", way: "guidance", record: record.Done}},
})

// kashimaRuns are at a branch that serves by reservation only.
var kashimaRuns = at(kashima, []script{
	{row: "M10", about: "no reservation", card: "expiring", matter: "cert_renewal", keys: map[string]string{"clerk.notice": "cancel"},
		want: want{says: "予約の方だけの窓口です; 0852-55-5704", record: record.Done}},
	{row: "M1", about: "at a branch, reserved", card: "expiring", matter: "cert_renewal", by: "self", asked: "card_expires=以降; pins=両方わかる; wants_new_pin=いいえ",
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
})
