// SPDX-License-Identifier: Apache-2.0

package display

import (
	"errors"
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display/fonts"
)

func TestTold(t *testing.T) {
	all := map[string]string{"ja": "日本語", "ja_easy": "やさしい", "en": "English", "vi": "Tiếng Việt", "zh": "中文"}
	zh := fonts.Simplified.Shape("中文")
	tests := []struct {
		name  string
		texts map[string]string
		lang  Lang
		want  []string
	}{
		{"own", all, English, []string{"English"}},
		{"own script", all, Chinese, []string{zh}},
		{"Japanese alone", all, Japanese, []string{"日本語"}},
		{"none of Korean", all, Korean, []string{"やさしい", "日本語"}},
		{"no easy words either", map[string]string{"ja": "日本語", "en": "English"}, Portuguese, []string{"日本語"}},
		{"no easy words for their reader", map[string]string{"ja": "日本語"}, EasyJapanese, []string{"日本語"}},
		{"a letter without a glyph", map[string]string{"ja": "日本語", "ja_easy": "やさしい", "zh": "龘"}, Chinese, []string{"やさしい", "日本語"}},
		{"easy words without a glyph", map[string]string{"ja": "日本語", "ja_easy": "ก"}, Korean, []string{"日本語"}},
		{"nothing", nil, Korean, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, p := range Told(tt.texts, tt.lang) {
				got = append(got, p.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("paragraphs (-want +got):\n%s", diff)
			}
		})
	}
}

// A row more is better than a word in two, as long as the paragraph stays on its page.
func TestToldLines(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"a row more", "15歳未満の方と成年被後見人の方には、署名用電子証明書は発行されません。", []string{"15歳未満の方と", "成年被後見人の方には、", "署名用電子証明書は", "発行されません。"}},
		{"no row for nothing", "損傷したカードを窓口にお持ちください。", []string{"損傷したカードを窓口に", "お持ちください。"}},
		{"beside a space", "カードを紛失された場合は、すぐに 0120-95-0178 に電話してください。", []string{"カードを紛失された", "場合は、すぐに", "0120-95-0178", "に電話してください。"}},
		{"a reading stays with its word", "ほかの人(ひと)に 教(おし)えないでください。", []string{"ほかの人(ひと)に", "教(おし)えないで", "ください。"}},
		{"only the wide piece is parted", "その人(ひと)は、更新(こうしん)しなくても いいです。", []string{"その人(ひと)は、", "更新(こうしん)しなくても", "いいです。"}},
		{"a fixed space", "cartão My\u00A0Number e o cartão My\u00A0Number", []string{"cartão My Number e", "o cartão My Number"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, toldLines(tt.text, toldPrint)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLegible(t *testing.T) {
	for lang, text := range map[Lang]string{Chinese: "请，", Korean: "힘", Portuguese: "ção", Vietnamese: "Ữ", Japanese: "彁"} {
		if err := Legible(lang, text); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
	var g *GlyphError
	if err := Legible(Vietnamese, "Ữก"); !errors.As(err, &g) || g.Rune != 'ก' {
		t.Errorf("got %v, want a GlyphError naming ก", err)
	}
}

// Whatever a policy says, every page of it draws on both panels, nothing is lost, and a paragraph that fits on a page is whole.
func TestToldPagesDraw(t *testing.T) {
	words := map[Lang][]string{
		Japanese: {"暗証番号", "を", "、", "窓口で。", "ABC"}, EasyJapanese: {"住所(じゅうしょ)を", " 入れます。"}, English: {"letters ", "and ", "incomprehensibilities "},
		Chinese: {"请", "，", "窗口", "PIN"}, Korean: {"비밀번호를 ", "창구 ", "2번 "}, Portuguese: {"ção ", "maiúsculas ", "é "}, Vietnamese: {"Mật ", "khẩu ", "nghiêng "},
	}
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	var renderers []*Renderer
	for _, size := range []image.Point{{400, 300}, {800, 480}} {
		r, err := NewRenderer(image.Rectangle{Max: size})
		if err != nil {
			t.Fatal(err)
		}
		renderers = append(renderers, r)
	}
	for lang, ws := range words {
		for range 8 {
			var paras []Para
			var want strings.Builder
			for range 1 + rnd.IntN(4) {
				var b strings.Builder
				for range 1 + rnd.IntN(30) {
					b.WriteString(ws[rnd.IntN(len(ws))])
				}
				paras = append(paras, Told(map[string]string{string(lang): b.String()}, lang)...)
				want.WriteString(strings.Join(strings.Fields(b.String()), ""))
			}
			var got strings.Builder
			for _, p := range toldFlow(paras) {
				for i, r := range p {
					got.WriteString(strings.ReplaceAll(fonts.PlainText(r.text), " ", ""))
					if i >= toldRows {
						t.Fatalf("seed %d: a page of %d rows", seed, len(p))
					}
				}
			}
			if got.String() != want.String() {
				t.Errorf("seed %d %s: %q became %q", seed, lang, want.String(), got.String())
			}
			for n := range ToldPages(paras) {
				for _, r := range renderers {
					if _, err := r.Render(Screen{ID: ResidentTell, Lang: lang, Facts: Facts{Paras: paras, Page: n + 1}}); err != nil {
						t.Errorf("seed %d: page %d: %v", seed, n+1, err)
					}
				}
			}
		}
	}
	r := renderers[0]
	var unknown *UnknownError
	if _, err := r.Render(Screen{ID: ResidentTell, Lang: Japanese}); !errors.As(err, &unknown) {
		t.Errorf("nothing to tell: got %v, want an UnknownError", err)
	}
}
