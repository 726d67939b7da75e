// SPDX-License-Identifier: Apache-2.0

package main

import "madoguchi/sync/record"

var city004 = counter{"city_004", "city_hall", tuesday}

const disaster = "罹災証明書"

// city004Runs are the rows F1 to F11. What its staff carry out is handed over with a number, which is taken up at the next counter.
var city004Runs = at(city004, []script{
	{row: "F1", about: "too early", card: "adult", matter: "cert_renewal", by: "self",
		want: want{outcome: "not_yet_open", way: "handover", fee: "要確認", record: record.Done}},
	{row: "F2", card: "adult", matter: "pin_reset", by: "self", asked: "kinds=署名用と利用者証明用; identity_confirmed=はい",
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "F4", about: "moved within the city", taken: true, card: "adult", matter: "card_record_update", by: "self", asked: "event=転居",
		want: want{outcome: "complete", way: "handover", visits: "1回", record: record.HandedOver}},
	{row: "F6", matter: "smartphone_cert",
		want: want{outcome: "refuse", way: "guidance", record: record.Done}},
	{row: "F7", about: "card still good", taken: true, card: "adult", matter: "residence_extension", by: "self",
		want: want{outcome: "complete", way: "handover", fee: "無料", record: record.HandedOver}},
	{row: "F7", about: "card expired", rule: "F7x", matter: "residence_extension", by: "self", asked: "card_expires=切れている; with_certificates=はい",
		want: want{outcome: "redirect", way: "handover", fee: "1,000円", visits: "1回", next: "カードの再交付", record: record.HandedOver}},
	{row: "F8", taken: true, matter: "loss_report", by: "self",
		want: want{outcome: "guidance", way: "handover", record: record.HandedOver}},
	{row: "F9", about: "at the box", card: "issuer_suspended", matter: "suspension_release", by: "self", asked: "pins=両方わかる",
		want: want{outcome: "complete", way: "issuer_link", fee: "要確認", visits: "1回", record: record.Done, told: "la ja"}},
	{row: "F10", about: "lost", taken: true, matter: "card_reissue", by: "self", asked: "card_state=紛失; police_receipt_number=ある; cause_attributable_to=本人; with_certificates=はい",
		want: want{outcome: "complete", way: "handover", fee: "1,000円", record: record.HandedOver}},
	{row: "F10", about: "burned in a disaster, no certificate of it", matter: "card_reissue", by: "self", asked: "card_state=焼失; cause_attributable_to=天災など", papers: "-" + disaster,
		want: want{outcome: "missing_documents", way: "handover", fee: "無料", missing: disaster, record: record.DeviceOrDocumentProblem}},
	{row: "F11", taken: true, matter: "face_auth_card", by: "self", asked: "card_expires=以降",
		want: want{outcome: "guidance", way: "handover", record: record.HandedOver}},
})
