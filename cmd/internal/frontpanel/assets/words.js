// SPDX-License-Identifier: Apache-2.0
// The page's own words. What the box says stands on the box.

export const words = {
  "promise": {
    ja: "この窓口では、職員は暗証番号を見ず、聞かず、残しません。入力の回数をむだにせず、使えることを確かめてお帰りいただけます。",
    en: "At this counter the clerk never sees, hears or stores your PIN, no try is wasted, and you leave knowing that it works." },
  "side.resident": { ja: "住民の側", en: "The resident's side" },
  "side.clerk": { ja: "職員の側", en: "The clerk's side" },
  "side.hall": { ja: "市役所(本庁)", en: "City hall" },
  "turn": { ja: "いまの番", en: "their turn" },
  "who.resident": { ja: "住民", en: "You are the resident" },
  "who.clerk": { ja: "職員", en: "You are the clerk" },
  "who.idle": { ja: "つぎに", en: "Next" },
  "cards.lead": { ja: "カードを1枚、下のさしこみ口へ(クリックでも、引っぱっても)。", en: "Put one card into the slot: click it, or drag it there." },
  "note.title": { ja: "ポケットのメモ", en: "The note in the resident's pocket" },
  "note.empty": { ja: "カードをえらぶと、その人が覚えている暗証番号が見えます。", en: "Choose a card to see which PINs its holder remembers." },
  "note.none": { ja: "暗証番号はありません。", en: "This card has no PIN." },
  "note.own": { ja: "自分で決めた番号", en: "the one you chose" },
  "fresh": { ja: "新しいカードにもどす", en: "Make it a fresh card" },
  "used": { ja: "使用中", en: "used" },
  "kind.login": { ja: "利用者証明用", en: "Login PIN" },
  "kind.signing": { ja: "署名用", en: "Signing password" },
  "kind.card_info": { ja: "券面事項入力補助用", en: "Card data PIN" },
  "kind.register": { ja: "住民基本台帳用", en: "Register PIN" },
  "tour.title": { ja: "試してみる", en: "Try this" },
  "tour.first": { ja: "はじめての受付", en: "A first case" },
  "tour.locked": { ja: "ロックした暗証番号", en: "A locked PIN" },
  "tour.cut": { ja: "回線が切れたとき", en: "The line goes down" },
  "tour.done": { ja: "できました", en: "done" },
  "tour.next": { ja: "つぎ", en: "next" },
  "tour.again": { ja: "はじめから", en: "Start over" },
  "tour.end": { ja: "おわりです。番号はカードのほかのどこにも行きませんでした。", en: "That is all. No PIN went anywhere but to the card." },
  "tour.first.1": { ja: "ふつうのカードを入れて、のこり回数を見る", en: "Put in the ordinary card and see the tries left" },
  "tour.first.2": { ja: "職員として受付をひらく(確認、職員コード)", en: "Open a case as the clerk (確認, clerk code)" },
  "tour.first.3": { ja: "暗証番号の変更、本人、利用者証明用をえらび、箱を回す", en: "Choose PIN change, the holder, the login PIN, and turn the box" },
  "tour.first.4": { ja: "住民として、いまの番号を入れる", en: "As the resident, type the present PIN" },
  "tour.first.5": { ja: "新しい番号を2回入れて、変える", en: "Type a new one twice: it is changed" },
  "tour.first.6": { ja: "カードを抜いて受付をおえ、記録が届くのを見る", en: "Take the card, close the case, and see its record arrive" },
  "tour.locked.1": { ja: "利用者証明用がロックしたカードを入れる", en: "Put in the card whose login PIN is locked" },
  "tour.locked.2": { ja: "のこり回数がないことを、番号なしで見る", en: "See without any PIN that no try is left" },
  "tour.locked.3": { ja: "職員として暗証番号の変更をえらぶ", en: "As the clerk, choose the PIN change" },
  "tour.locked.4": { ja: "箱がとめて、つぎの行き先を言うのを見る", en: "See the box stop there and say which way leads on" },
  "tour.locked.5": { ja: "受付をおえる(もう入力していません)", en: "Close the case: nothing was typed" },
  "tour.cut.1": { ja: "右の「回線」を切る", en: "Cut the line: the switch on the right" },
  "tour.cut.2": { ja: "待受の画面に、切れたことが出る", en: "The idle screen says that it is down" },
  "tour.cut.3": { ja: "それでも受付をひらく", en: "Open a case all the same" },
  "tour.cut.4": { ja: "受付をおえる。記録は箱に残る", en: "Close it: the record stays in the box" },
  "tour.cut.5": { ja: "回線をもどすと、記録が1件だけ届く", en: "Mend the line: the record arrives, once" },
  "trials.title": { ja: "ほかの試し方", en: "Try to break it" },
  "trial.pull": { ja: "入力のとちゅうでカードを抜く", en: "Pull the card out during entry" },
  "trial.power": { ja: "受付のとちゅうで電源を切る", en: "Cut the power in an open case" },
  "trial.line": { ja: "回線を切って手続をする", en: "Do a case with the line cut" },
  "trial.wrong": { ja: "わざとまちがえる(のこり1回のカードで)", en: "Meet the guard of the last try" },
  "trial.letters": { ja: "署名用パスワードを押す(英字)", en: "Type a password: letters on 16 keys" },
  "trial.licence": { ja: "運転免許証をさす", en: "Insert a driving licence" },
  "trial.service": { ja: "点検メニューをひらく(待受でM と Esc を2秒)", en: "Open the service menu (at idle M and Esc for 2 s)" },
  "trial.lid": { ja: "入力のとちゅうでふたを開ける", en: "Open the lid during entry" },
  "trial.wait": { ja: "放っておく(時計を+90秒)", en: "Walk away (clock +90 s)" },
  "refresh": { ja: "書きかえ中", en: "refreshing" },
  "slot.invite": { ja: "ここへカード", en: "card here" },
  "slot.reader": { ja: "本物のカードリーダーを使っています", en: "a real card reader is in use" },
  "take": { ja: "抜く", en: "take out" },
  "power": { ja: "電源", en: "Power" },
  "lid.closed": { ja: "ふた: 閉", en: "Lid: closed" },
  "lid.open": { ja: "ふた: 開", en: "Lid: open" },
  "line": { ja: "回線", en: "Line" },
  "broker": { ja: "中継", en: "Broker" },
  "seconds": { ja: "秒", en: " s" },
  "day": { ja: "日", en: " day" },
  "keys.help": {
    ja: "キーボードでも:0〜9、Enter 確認、Backspace 訂正、Esc 取消、↑↓、M メニュー。Shift+クリックで押したまま。点検メニューは、待受でM と Esc を2秒いっしょに",
    en: "Keyboard: 0–9, Enter 確認, Backspace 訂正, Esc 取消, ↑↓, M menu. Shift-click holds a key down. Service menu: at idle hold M and Esc for 2 s" },
  "lamp.off": { ja: "消灯", en: "off" },
  "lamp.waiting": { ja: "待機", en: "waiting" },
  "lamp.typing": { ja: "入力中", en: "typing" },
  "lamp.checking": { ja: "確認中", en: "checking" },
  "lamp.done": { ja: "完了", en: "done" },
  "lamp.help": { ja: "呼出", en: "help" },
  "lamp.stopped": { ja: "中止", en: "stopped" },
  "plan.clerk": { ja: "職員", en: "clerk" },
  "plan.resident": { ja: "住民", en: "resident" },
  "plan.counter": { ja: "カウンター", en: "counter" },
  "sees.resident": { ja: "住民に見える", en: "resident sees" },
  "sees.clerk": { ja: "職員に見える", en: "clerk sees" },
  "sees.hall": { ja: "市役所に届く", en: "city hall gets" },
  "sees.screen": { ja: "画面とキー", en: "screen and keys" },
  "sees.back": { ja: "箱の背", en: "the box's back" },
  "sees.idle": { ja: "待受の画面", en: "the idle screen" },
  "sees.lamp": { ja: "ランプだけ", en: "the lamp only" },
  "sees.clerkscreen": { ja: "受付の画面", en: "the case's questions" },
  "sees.record": { ja: "名前のない記録1件", en: "one record, no name" },
  "codes.letter": { ja: "新しい箱のため", en: "For the new box" },
  "codes.lead": { ja: "職員コード(見本)", en: "Clerk codes (sample)" },
  "way.box": { ja: "箱", en: "box" },
  "way.hall": { ja: "市役所", en: "city hall" },
  "records.count": { ja: "件が届きました", en: "records have arrived" },
  "records.one": { ja: "件が届きました", en: "record has arrived" },
  "records.all": { ja: "市役所の画面をひらく", en: "open city hall's page" },
  "records.lead": { ja: "届くのはこれだけです。名前も番号も時刻も入っていません。", en: "This is all that ever arrives: no name, no number, no time of day." },
  "records.none": { ja: "まだ1件もありません。", en: "Nothing yet." },
  "records.whole": { ja: "届いたもの全部", en: "all of what arrived" },
  "procedure.pin_check": { ja: "暗証番号の確認", en: "PIN check" },
  "procedure.pin_change": { ja: "暗証番号の変更", en: "PIN change" },
  "procedure.tries_board": { ja: "のこり回数の案内", en: "Tries board" },
  "facet.pd": { ja: "かかった時間", en: "duration" },
  "facet.fr": { ja: "つまずき", en: "friction" },
  "facet.la": { ja: "言葉", en: "language" },
  "facet.pe": { ja: "暗証番号の入力", en: "PIN entry" },
  "facet.st": { ja: "画面ごとの時間", en: "time of a step" },
  "facet.pt": { ja: "来た人", en: "applicant" },
  "facet.tb": { ja: "残り回数の表示(週)", en: "looks at the board (week)" },
  "facet.wc": { ja: "件数(週)", en: "cases (week)" },
  "outcome.done": { ja: "済", en: "done" },
  "outcome.handed_over": { ja: "引きつぎ", en: "handed over" },
  "outcome.abandoned": { ja: "とりやめ", en: "abandoned" },
  "outcome.device_or_document_problem": { ja: "機器・書類", en: "device or paper" },
  "outcome.interrupted": { ja: "中断", en: "interrupted" },
  "procedure.pin_reset": { ja: "暗証番号の再設定", en: "PIN reset" },
  "procedure.cert_new_issue": { ja: "電子証明書の発行", en: "new certificate" },
  "procedure.cert_renewal": { ja: "電子証明書の更新", en: "renewal" },
  "procedure.suspension_release": { ja: "一時停止の解除", en: "end of suspension" },
  "op.pin_reset": { ja: "再設定", en: "reset" },
  "op.cert_issue": { ja: "発行", en: "new certificate" },
  "op.cert_renewal": { ja: "更新", en: "renewal" },
  "op.suspension_release": { ja: "一時停止の解除", en: "end of suspension" },
  "release.title": { ja: "もう1人の職員の許可(模擬の発行者)", en: "A second clerk's release (simulated issuer)" },
  "release.lead": { ja: "番号が箱の画面と同じなら、許可します。受付した職員とは別の人です。", en: "Release it if the number is the one on the box. It must be another clerk than the one who opened the case." },
  "release.yes": { ja: "許可", en: "Release" },
  "release.no": { ja: "断る", en: "Refuse" },
  "trouble.gone": { ja: "シミュレータとつながりません。動いていますか。", en: "The simulator does not answer. Is it running?" },
  "key.cancel": { ja: "取消", en: "取消 cancel" },
  "key.clear": { ja: "訂正", en: "訂正 clear" },
  "key.menu": { ja: "メニュー", en: "メニュー menu" },
  "key.enter": { ja: "確認", en: "確認 enter" },
};

let lang = "ja";

export function setLang(l) {
  lang = l === "en" ? "en" : "ja";
  document.documentElement.lang = lang;
}

export function getLang() { return lang; }

// w gives the words of an id, or the id itself: a missing word must be seen.
export function w(id) {
  const e = words[id];
  return e ? e[lang] : id;
}

// pick chooses from {ja, en} that came from the simulator.
export function pick(o) {
  if (!o) return "";
  return o[lang] || o.ja || o.en || "";
}

// label writes the words into every element that names one.
export function label(root = document) {
  for (const e of root.querySelectorAll("[data-w]")) e.textContent = w(e.dataset.w);
}
