// SPDX-License-Identifier: Apache-2.0

package samples

import "madoguchi/display"

// tell is what a policy has for the resident to read: in the resident's language, over several pages, and where a language lacks.
func tell() []Sample {
	keep := map[string]string{
		"ja":      "暗証番号は、ほかの人に知られないよう、大切に保管してください。",
		"ja_easy": "暗証番号(あんしょうばんごう)を ほかの人(ひと)に 教(おし)えないでください。",
		"en":      "Keep your PINs safe and let nobody know them.",
		"zh":      "请保管好密码，不要让别人知道。",
		"ko":      "비밀번호를 다른 사람이 알지 못하게 잘 보관하세요.",
		"pt":      "Guarde bem as senhas e não conte a ninguém.",
		"vi":      "Xin giữ kín mã PIN, đừng để người khác biết.",
	}
	form := map[string]string{
		"ja":      "署名用は6文字から16文字で、英字の大文字と数字の両方を使います。ほかの暗証番号は数字4桁です。",
		"ja_easy": "署名用(しょめいよう)は 6文字(もじ)から 16文字(もじ)です。大(おお)きい ABCと 数字(すうじ)を 両方(りょうほう) 使(つか)います。ほかは 数字(すうじ) 4つです。",
		"en":      "The signing password has 6 to 16 characters with both capital letters and digits. The other PINs are 4 digits.",
		"zh":      "署名用密码为6到16位，大写字母和数字都要用。其他密码为4位数字。",
		"ko":      "서명용은 6자에서 16자이며 대문자와 숫자를 모두 씁니다. 다른 비밀번호는 숫자 4자리입니다.",
		"pt":      "A senha de assinatura tem de 6 a 16 caracteres, com letras maiúsculas e números. As outras têm 4 números.",
		"vi":      "Mật khẩu ký tên dài 6 đến 16 ký tự, có cả chữ hoa và số. Các mã PIN khác là 4 chữ số.",
	}
	lacking := map[string]string{
		"ja":      "岩瀬庁舎、大和庁舎、真壁庁舎でできます。",
		"ja_easy": "岩瀬(いわせ)、大和(やまと)、真壁(まかべ)の 庁舎(ちょうしゃ)で できます。",
		"en":      "Go to the Iwase, Yamato or Makabe office.",
	}
	f := display.Facts{Procedure: "pin_change"}
	short, lack := one(display.ResidentTell, f), named("lacking", display.ResidentTell, f)
	short.Texts, lack.Texts = []map[string]string{keep}, []map[string]string{lacking}
	out := []Sample{short, lack}
	for _, k := range []string{"login", "register"} {
		home := f
		home.Paras = []display.Para{{Code: "pin", Word: k}, {Code: "keep"}, {Code: "ends", Date: "2029-12-14"}}
		for home.Page = range 3 {
			if home.Page > 0 {
				out = append(out, named(k+"_home"+string(rune('0'+home.Page)), display.ResidentTell, home))
			}
		}
	}
	for _, n := range []int{1, 2} {
		f.Page = n
		s := named("page"+string(rune('0'+n)), display.ResidentTell, f)
		s.Texts = []map[string]string{keep, form, lacking}
		out = append(out, s)
	}
	return out
}
