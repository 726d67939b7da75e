// SPDX-License-Identifier: Apache-2.0

package main

import "madoguchi/sync/record"

var city001 = counter{"city_001", "city_hall", tuesday}

const hardship = "ご本人の来庁が困難であることを証明する書類"

// city001Runs are the rows C1 to C7.
var city001Runs = at(city001, []script{
	{row: "C1", about: "not the first issue", card: "adult", matter: "cert_new_issue", by: "self", asked: "kinds=署名用と利用者証明用; pins=両方わかる; first_issue=いいえ",
		want: want{outcome: "complete", way: "handover", fee: "200円", visits: "1回", record: record.HandedOver}},
	{row: "C1", about: "at the box", card: "issuer_no_signing", matter: "cert_new_issue", by: "self", asked: "kinds=署名用; age_group=18歳以上; pins=両方わかる; first_issue=いいえ",
		want: want{outcome: "complete", way: "issuer_link", fee: "200円", visits: "1回", record: record.Done,
			told: "la ja; pt self memory; pe signing change.ok; pe signing leave_check.ok"}},
	{row: "C2", rule: "B7", card: "under_15", matter: "cert_new_issue", by: "self", asked: "kinds=署名用; age_group=15歳未満; first_issue=いいえ",
		want: want{outcome: "refuse", way: "handover", fee: "200円", record: record.Done}},
	{row: "C2", about: "ward", rule: "B8", card: "issuer_ward", matter: "cert_new_issue", by: "legal_representative", asked: "kinds=署名用; age_group=成年被後見人; first_issue=いいえ",
		want: want{outcome: "refuse", way: "handover", fee: "200円", record: record.Done}},
	{row: "C1", about: "first issue", card: "adult", matter: "cert_new_issue", by: "self", asked: "kinds=署名用と利用者証明用; pins=両方わかる; first_issue=はい",
		want: want{outcome: "complete", way: "handover", fee: "無料", visits: "1回", record: record.HandedOver}},
	{row: "C3", about: "proxy", card: "adult", matter: "cert_new_issue", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=1回目; asked_office=はい; first_issue=いいえ",
		want: want{outcome: "first_visit", way: "handover", fee: "200円", visits: "2回", record: record.HandedOver}},
	{row: "C3", about: "child's first certificate", card: "issuer_first", matter: "cert_new_issue", by: "legal_representative", asked: "kinds=利用者証明用; first_issue=はい; visit=1回目; asked_office=はい",
		want: want{outcome: "first_visit", way: "handover", fee: "無料", visits: "2回", record: record.HandedOver}},
	{row: "C3", about: "child's first certificate at the box, second visit", rule: "C3v", card: "issuer_first", matter: "cert_new_issue", by: "legal_representative", asked: "kinds=利用者証明用; first_issue=はい; visit=2回目",
		want: want{outcome: "ask_office", way: "issuer_link", fee: "無料", visits: "2回", record: record.Done,
			told: "la ja; pt legal_representative memory; pe login change.ok; pe login leave_check.ok"}},
	{row: "C3", about: "proxy, second visit", rule: "C3v", card: "issuer_no_signing", matter: "cert_new_issue", by: "voluntary_proxy", asked: "kinds=署名用; visit=2回目; age_group=18歳以上; first_issue=いいえ",
		want: want{outcome: "ask_office", way: "handover", fee: "200円", visits: "2回", record: record.HandedOver}},
	{row: "C3a", about: "office not asked", card: "adult", matter: "cert_new_issue", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=1回目; asked_office=いいえ; first_issue=いいえ",
		want: want{outcome: "ask_office", way: "handover", fee: "200円", visits: "2回", record: record.HandedOver}},
	{row: "C4", card: "adult", matter: "pin_reset", by: "self", asked: "kinds=署名用と利用者証明用", papers: "+" + otherID,
		want: want{outcome: "complete", way: "handover", fee: "要確認", visits: "1回", record: record.HandedOver}},
	{row: "C5", card: "adult", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=1回目; proxy_reason=本人の来庁が困難; asked_office=はい", papers: "+" + hardship,
		want: want{outcome: "first_visit", way: "handover", fee: "要確認", visits: "2回", record: record.HandedOver}},
	{row: "C5", about: "second visit", rule: "C5v", card: "issuer_locked", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=利用者証明用; visit=2回目; proxy_reason=本人の来庁が困難",
		want: want{outcome: "ask_office", way: "handover", fee: "要確認", visits: "2回", record: record.HandedOver}},
	{row: "C5", about: "representative at the box", rule: "C5r", card: "issuer_child", matter: "pin_reset", by: "legal_representative", asked: "kinds=利用者証明用",
		want: want{outcome: "ask_office", way: "issuer_link", fee: "要確認", visits: "2回", record: record.Done,
			told: "la ja; pt legal_representative memory; pe login change.ok; pe login leave_check.ok"}},
	{row: "C6", card: "adult", matter: "pin_reset", by: "voluntary_proxy", asked: "kinds=署名用と利用者証明用; visit=1回目; proxy_reason=仕事",
		want: want{outcome: "refuse", way: "handover", fee: "要確認", record: record.Done}},
	{row: "C7", matter: "juki_card_cert", by: "self", asked: "action=更新",
		want: want{outcome: "refuse", way: "handover", record: record.Done}},
})
