// SPDX-License-Identifier: Apache-2.0

package display

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display/fonts"
)

// columns counts a rune as one or two half columns.
func columns(r rune) int {
	if r = fonts.Plain(r); r < 0x2000 {
		return 1
	}
	return 2
}

func TestWrap(t *testing.T) {
	tests := []struct {
		name, text string
		width      int
		want       []string
	}{
		{"fits", "カードを入れる", 24, []string{"カードを入れる"}},
		{"phrases", "マイナンバーカードを|奥まで|さしこみます。", 24, []string{"マイナンバーカードを", "奥までさしこみます。"}},
		{"new line", "一\n二", 24, []string{"一", "二"}},
		{"no comma first", "あいうえおかき、くけ", 14, []string{"あいうえおか", "き、くけ"}},
		{"no small kana first", "あいうえおかきょく", 14, []string{"あいうえおか", "きょく"}},
		{"no bracket last", "あいうえおか「き」", 14, []string{"あいうえおか", "「き」"}},
		{"english", "Please leave the card in.", 12, []string{"Please leave", "the card in."}},
		{"space dropped at the break", "ab cd", 2, []string{"ab", "cd"}},
		{"number stays whole", "あいうえお2026年", 12, []string{"あいうえお", "2026年"}},
		{"cannot break", "incomprehensible", 8, []string{"incomprehensible"}},
		{"space beside a bar", "e-Tax |など", 20, []string{"e-Tax など"}},
		{"empty", "", 10, nil},
		{"a name keeps the space of its script", fonts.Vietnamese.Shape("thẻ My\u00A0Number"), 9, []string{fonts.Vietnamese.Shape("thẻ"), fonts.Vietnamese.Shape("My Number")}},
		{"a unit stays with its number", "あいうえ12日まで", 11, []string{"あいうえ", "12日まで"}},
		{"in Chinese too", fonts.Simplified.Shape("还可以输入3次"), 12, []string{fonts.Simplified.Shape("还可以输入"), fonts.Simplified.Shape("3次")}},
		{"a name stays whole", "Insira o cartão My\u00A0Number.", 19, []string{"Insira o cartão", "My Number."}},
		{"chinese", "请将卡片插到底，不要拔出。", 12, []string{"请将卡片插到", "底，不要拔", "出。"}},
		{"korean by words", "카드를 넣어 주세요.", 12, []string{"카드를 넣어", "주세요."}},
		{"a korean word stays whole", "이용자증명용 비밀번호", 10, []string{"이용자증명용", "비밀번호"}},
		{"marks two high", fonts.Vietnamese.Shape("Mã PIN mới"), 6, []string{fonts.Vietnamese.Shape("Mã PIN"), fonts.Vietnamese.Shape("mới")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, wrap(tt.text, tt.width, columns)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the text, wrapping loses nothing but spaces and bars, and no line is too wide if it could have been broken.
func FuzzWrap(f *testing.F) {
	f.Add("マイナンバーカードを|入れてください。", 24)
	f.Add("Please leave the card in.", 7)
	f.Add("ー、。「", 2)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 2 || width > 100 || len(text) > 2000 || !utf8.ValidString(text) {
			return
		}
		lines := wrap(text, width, columns)
		strip := func(s string) string {
			return strings.Map(func(r rune) rune {
				if p := fonts.Plain(r); p == '|' || p == ' ' || p == fixedSpace || p == '\n' {
					return -1
				}
				return r
			}, strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' }), ""))
		}
		var trimmed []string
		for para := range strings.SplitSeq(text, "\n") {
			trimmed = append(trimmed, strings.TrimSpace(para))
		}
		if want, got := strip(strings.Join(trimmed, "\n")), strip(strings.Join(lines, "")); want != got {
			t.Errorf("text %q at %d: %q became %q", text, width, want, got)
		}
		for _, l := range lines {
			n := 0
			for _, r := range l {
				n += columns(r)
			}
			if n > width && breakable([]rune(l), width) {
				t.Errorf("text %q at %d: line %q is too wide", text, width, l)
			}
		}
	})
}

// breakable reports whether a line can be parted within its first width columns.
func breakable(l []rune, width int) bool {
	n := 0
	for i := 0; i < len(l)-1; i++ {
		if n += columns(l[i]); n > width {
			return false
		}
		if mayPart(l[i], l[i+1]) {
			return true
		}
	}
	return false
}
