// SPDX-License-Identifier: Apache-2.0

package samples

import "madoguchi/display"

// procedures are the lines of the clerk's first list, the frequent ones first.
var procedures = []string{
	"cert_renewal", "pin_reset", "pin_change", "cert_new_issue", "card_record_update", "tries_board",
	"pin_check", "suspension_release", "card_renewal", "card_reissue", "loss_report", "suspension",
	"cert_revocation", "residence_extension", "card_abolition", "kiosk_pin_reset", "pin_change_online", "smartphone_cert",
	"face_auth_card", "juki_card_cert", "convenience_certificates", "moving_one_stop", "claim",
}

func lines(codes ...string) []display.Line {
	var out []display.Line
	for _, c := range codes {
		out = append(out, display.Line{Code: c})
	}
	return out
}

func texts(words ...string) []display.Line {
	var out []display.Line
	for _, w := range words {
		out = append(out, display.Line{Text: w})
	}
	return out
}

// rules are the screens of a case that the rules decide. Texts that a policy brings are Japanese in every language here.
func rules() []Sample {
	var out []Sample
	pages := (len(procedures) + display.LinesPerPage - 1) / display.LinesPerPage
	for i := range pages {
		f := display.Facts{Page: i + 1, Pages: pages, Lines: lines(procedures[i*display.LinesPerPage : min(len(procedures), (i+1)*display.LinesPerPage)]...)}
		f.Choice = 1
		out = append(out, named("page"+string(rune('1'+i)), display.ClerkProcedure, f))
	}
	warned := display.Facts{Lines: lines(procedures[:display.LinesPerPage]...), Page: 1, Pages: pages, Choice: 1}
	for _, p := range []display.Para{{Code: "hours", Word: "closed"}, {Code: "place", Word: "reservation"}, {Code: "place", Word: "elsewhere"}} {
		warned.Paras = []display.Para{p}
		out = append(out, named(p.Word, display.ClerkProcedure, warned))
	}
	applicants := lines("self", "legal_representative", "voluntary_proxy")
	renewal := display.Facts{Procedure: "cert_renewal"}
	applicant := renewal
	applicant.Lines, applicant.Choice = applicants, 1
	out = append(out, one(display.ClerkApplicant, applicant))
	applicant.Paras = warned.Paras
	out = append(out, named("warned", display.ClerkApplicant, applicant))
	return append(append(append(out, questions()...), decisions()...), explained()...)
}

func questions() []Sample {
	ask := func(name, title string, rest int, l ...display.Line) Sample {
		return named(name, display.ClerkQuestion, display.Facts{Procedure: "cert_renewal", Title: title, Lines: l, Rest: rest, Choice: 1})
	}
	letter := texts("ない", "J-LISから、封あり", "市から、封あり", "封がない", "記入もれがある", "期限切れ")
	papers := []display.Line{
		{Text: "マイナンバーカード", Tick: display.TickOn},
		{Text: "照会書兼回答書", Tick: display.TickOff},
		{Text: "代理人の顔写真付き本人確認書類(官公署発行)1点", Tick: display.TickOn},
		{Text: "ご本人の来庁が困難であることを証明する書類", Tick: display.TickOff},
	}
	short := []display.Line{
		{Text: "マイナンバーカード", Tick: display.TickOn}, {Text: "照会書兼回答書", Tick: display.TickOff}, {Text: "申請書", Tick: display.TickOff},
	}
	docs := display.Facts{Procedure: "cert_renewal", Lines: papers, Choice: 2, Page: 1, Pages: 2}
	few := display.Facts{Procedure: "cert_renewal", Lines: short}
	more := ask("more", "照会書兼回答書は。", 2, letter...)
	more.Screen.Facts.Page, more.Screen.Facts.Pages = 1, 2
	return []Sample{
		ask("two", "署名用電子証明書の発行を希望しますか。", 1, texts("はい", "いいえ")...),
		ask("four", "暗証番号はわかりますか。", 2, texts("両方わかる", "署名用がわからない", "利用者証明用がわからない", "両方わからない")...),
		ask("phone", "スマートフォンは。", 0, texts("Android", "iPhone")...),
		more,
		one(display.ClerkDocuments, docs),
		named("few", display.ClerkDocuments, few),
		one(display.ClerkDate, display.Facts{Text: "202611"}),
		named("empty", display.ClerkDate, display.Facts{Title: "照会書の期限はいつですか。"}),
		named("fault", display.ClerkDate, display.Facts{Text: "20260231", Fault: "no_such_day"}),
		named("range", display.ClerkDate, display.Facts{Text: "19991231", Fault: "out_of_range"}),
		one(display.ClerkConfirmDate, display.Facts{Date: "2026-11-22"}),
	}
}

func decisions() []Sample {
	free := []display.Para{{Code: "fee"}, {Code: "visits", N: 1}}
	with := func(head []display.Para, more ...display.Para) []display.Para {
		return append(append([]display.Para(nil), head...), more...)
	}
	unknown := []display.Para{{Code: "fee", Word: "unknown"}, {Code: "visits", Word: "unknown"}}
	reasons := func(codes ...string) []display.Para {
		var out []display.Para
		for _, c := range codes {
			out = append(out, display.Para{Code: "reason", Word: c})
		}
		return out
	}
	decide := func(name, verdict string, paras ...display.Para) []Sample {
		return paged(name, display.ClerkDecision, display.Facts{Procedure: "cert_renewal", Verdict: verdict, Paras: paras})
	}
	lack := []display.Para{
		{Code: "missing", Text: "照会書兼回答書"},
		{Code: "missing", Text: "代理人の顔写真付き本人確認書類(官公署発行)1点"},
	}
	var out []Sample
	for _, part := range [][]Sample{
		decide("complete", "complete", with(free, display.Para{Code: "way", Word: "on_device"},
			display.Para{Code: "tell", Text: "暗証番号は、ほかの人に知られないよう、大切に保管してください。"})...),
		decide("missing", "missing_documents", with([]display.Para{{Code: "fee", N: 200}, {Code: "visits", N: 2}}, lack...)...),
		decide("first", "first_visit", with([]display.Para{{Code: "fee", N: 1000}, {Code: "visits", N: 2}},
			display.Para{Code: "tell", Text: "ご本人に照会の書類を郵送します。届きましたら、もう一度お越しください。"},
			display.Para{Code: "default"})...),
		decide("redirect", "redirect", with(free, display.Para{Code: "next", Word: "pin_reset"}, display.Para{Code: "next", Word: "cert_renewal"},
			display.Para{Code: "way", Word: "handover"})...),
		decide("early", "not_yet_open", with(unknown, display.Para{Code: "opens", Date: "2027-01-15"})...),
		decide("refuse", "refuse", reasons("reason_not_accepted")...),
		decide("ask", "ask_office", with(unknown, append(reasons("letter_incomplete"), display.Para{Code: "phone", Text: "0852-55-5560"})...)...),
		decide("reserve", "needs_reservation", display.Para{Code: "place", Text: "東出雲支所"}, display.Para{Code: "phone", Text: "0852-55-5844"},
			display.Para{Code: "hours", Text: "平日 8:30から17:15まで"}),
		decide("closed", "closed", display.Para{Code: "hours", Text: "平日 8:30から17:15まで、第2・第4日曜日 9:00から12:00まで"}),
		decide("guidance", "guidance", display.Para{Code: "next", Word: "card_renewal"}, display.Para{Code: "way", Word: "mynaportal"},
			display.Para{Code: "carry", Text: "マイナンバーカード"}),
		decide("silent", "silent", with(unknown, display.Para{Code: "default", Text: "この市のページは、この場合を書いていません。"})...),
		decide("reasons", "refuse", reasons("not_resident_here", "wrong_place", "under_15", "adult_ward", "not_a_my_number_card", "juki_card_ended",
			"letter_not_sealed", "pin_unknown", "other_window_than_visit1", "not_at_window", "a_code_of_tomorrow")...),
		decide("ways", "guidance", display.Para{Code: "way", Text: "この装置(回線で再設定・更新)"}, display.Para{Code: "way", Word: "counter"},
			display.Para{Code: "way", Word: "kiosk"}, display.Para{Code: "way", Word: "online"}, display.Para{Code: "way", Word: "post"},
			display.Para{Code: "way", Word: "telephone"}),
	} {
		out = append(out, part...)
	}
	return out
}

func explained() []Sample {
	f := display.Facts{Procedure: "cert_renewal"}
	why, tell, guide, notice := f, f, display.Facts{Procedure: "suspension"}, display.Facts{Verdict: "closed"}
	why.Paras = []display.Para{
		{Code: "source", Text: "M3 002:40-46"}, {Code: "why", Text: "任意代理人による更新。照会書兼回答書がない。"},
		{Code: "source", Text: "N11 000_c257bf1b0108432f.txt:197-203"}, {Code: "default", Text: "Q36: 期限切れの照会書は、ないものとして扱います。"},
		{Code: "missing", Text: "照会書兼回答書"},
	}
	tell.Paras = []display.Para{
		{Code: "tell", Text: "転出予定日から30日を過ぎても転入届がない場合や、転入日から14日以上たって転入届をした場合、カードが失効することがあります。"},
		{Code: "tell", Text: "署名用は6文字から16文字で、英字の大文字と数字の両方を使います。ほかの暗証番号は数字4桁です。"},
		{Code: "tell", Text: "暗証番号は、ほかの人に知られないよう、大切に保管してください。"},
	}
	guide.Paras = []display.Para{
		{Text: "電話で受け付けます。"}, {Code: "phone", Text: "0120-95-0178"}, {Code: "hours", Text: "365日24時間"},
		{Code: "tell", Text: "あわせて、住民票のある市区町村の窓口に紛失を届け出てください。"},
	}
	notice.Paras = []display.Para{{Code: "place", Text: "東出雲支所"}, {Code: "hours", Text: "平日 8:30から17:15まで"}, {Code: "phone", Text: "0852-55-5844"}}
	var out []Sample
	for _, part := range [][]Sample{
		paged("", display.ClerkWhy, why), paged("", display.ClerkTell, tell), paged("", display.ClerkGuide, guide), paged("", display.ClerkNotice, notice),
	} {
		out = append(out, part...)
	}
	return out
}

// paged makes a sample of each page of a text.
func paged(name string, id display.ID, f display.Facts) []Sample {
	var out []Sample
	f.Pages = display.ParaPages(display.Screen{ID: id, Lang: display.Japanese, Facts: f})
	for i := range f.Pages {
		f.Page = i + 1
		s := one(id, f)
		if name != "" {
			s.Name += "_" + name
		}
		if i > 0 {
			s.Name += "_page" + string(rune('1'+i))
		}
		out = append(out, s)
	}
	return out
}
