// SPDX-License-Identifier: Apache-2.0

package display

import (
	"errors"
	"image"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display/fonts"
	"madoguchi/display/mono"
)

func TestFold(t *testing.T) {
	tests := []struct {
		name, text   string
		cols, indent int
		want         []string
	}{
		{"empty", "", 10, 0, nil},
		{"fits", "無料", 10, 0, []string{"無料"}},
		{"at a phrase", "この理由では代理になれません。", 18, 0, []string{"この理由では", "代理になれません。"}},
		{"no polite prefix last", "住民票をお持ちの方はご本人だけです。", 20, 0, []string{"住民票をお持ちの方は", "ご本人だけです。"}},
		{"no comma first", "あいうえおかき、くけ", 14, 0, []string{"あいうえお", "かき、くけ"}},
		{"number stays whole", "第2・第4日曜日 9:00から12:00まで", 22, 0, []string{"第2・第4日曜日", "9:00から12:00まで"}},
		{"words stay whole", "Proof that the holder cannot come", 14, 0, []string{"Proof that", "the holder", "cannot come"}},
		{"a bar may break", "住民票が|この市にありません", 18, 0, []string{"住民票が", "この市にありません"}},
		{"a space inside a row stays", "市役所 本庁舎の一階の窓口", 18, 0, []string{"市役所 本庁舎の", "一階の窓口"}},
		{"nor behind a particle", "窓口へお問い合わせください。", 22, 0, []string{"窓口へ", "お問い合わせください。"}},
		{"a loan word stays whole", "オンラインまたは郵送で申請してください。", 22, 0, []string{"オンラインまたは郵送で", "申請してください。"}},
		{"a word of two signs stays whole", "書類を郵送します。", 12, 0, []string{"書類を", "郵送します。"}},
		{"after a middle dot", "マイナポータル・保険証などで使います。", 24, 0, []string{"マイナポータル・", "保険証などで使います。"}},
		{"Chinese after a mark", fonts.Simplified.Shape("请保管好密码，不要让别人知道。"), 24, 0, []string{fonts.Simplified.Shape("请保管好密码，"), fonts.Simplified.Shape("不要让别人知道。")}},
		{"new line", "一\n二", 10, 0, []string{"一", "二"}},
		{"address of the net", "https://www.jpki.go.jp/", 12, 0, []string{"https://www.", "jpki.go.jp/"}},
		{"one word wider than a row", "incomprehensible", 8, 0, []string{"incompre", "hensible"}},
		{"indent", "あいうえお", 6, 4, []string{"あ", "いう", "えお"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, fold(tt.text, tt.cols, tt.indent)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// Nothing of a text is lost, no row is too wide, and there are no more rows than breaking anywhere would give, but for what must not be parted.
func FuzzFold(f *testing.F) {
	f.Add("転出予定日から30日を過ぎても転入届がない場合や、カードが失効することがあります。", 27, 5)
	f.Add("See https://www.kojinbango-card.go.jp/apprec/ before you come|, please", 32, 7)
	f.Add("。。。。。「「「「「", 6, 0)
	f.Fuzz(func(t *testing.T, text string, cols, indent int) {
		cols = 8 + abs(cols%40)
		indent = abs(indent % 7)
		if len(text) > 2000 {
			return
		}
		squeeze := func(s string) string {
			return strings.Join(strings.Fields(strings.ReplaceAll(s, "|", "")), "")
		}
		rows := fold(text, cols, indent)
		// bars and spaces may go, letters may not
		if got, want := squeeze(strings.Join(rows, "")), squeeze(strings.ToValidUTF8(text, "\uFFFD")); strings.ToValidUTF8(got, "\uFFFD") != want && !strings.ContainsRune(text, '\uFFFD') && strings.ToValidUTF8(text, "") == text {
			t.Errorf("%q in %d columns: got %q, want %q", text, cols, got, want)
		}
		for i, r := range rows {
			have := cols
			if i == 0 {
				have -= indent
			}
			if w := measure(r, halves); w > have {
				t.Errorf("%q in %d columns: row %q takes %d", text, have, r, w)
			}
		}
	})
}

// Columns are counted as the glyphs are wide, for every sign that a policy may bring.
func TestHalvesAreTheGlyphs(t *testing.T) {
	for _, size := range []int{24, 32, 40} {
		face, err := fonts.Open(size)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range face.Runes() {
			if !fromOutside(r) {
				continue
			}
			n++
			if got, _ := face.Advance(r); got != halves(r)*size/2 {
				t.Errorf("%d px: %q (%U) is %d px wide, counted as %d half columns", size, r, r, got, halves(r))
			}
		}
		if n < 6900 {
			t.Errorf("%d px holds %d signs of ASCII and JIS X 0208, want all", size, n)
		}
	}
}

// fromOutside reports whether a rune stands in the rows of JIS X 0208 or in ASCII; letters of other scripts are drawn in residents' texts only.
func fromOutside(r rune) bool {
	switch {
	case r < 0x80, r == fonts.DottedZero:
		return true
	case r < 0x100, r >= 0x1E00 && r < 0x1F00, r >= 0xAC00 && r < 0xF900, r >= 0xF0000:
		return strings.ContainsRune("¢£¥§¨¬°±´¶×÷", r)
	}
	return slices.ContainsFunc([][2]rune{{0x370, 0x460}, {0x2010, 0x2670}, {0x3000, 0x3400}, {0x4E00, 0xA000}, {0xFF00, 0xFFF0}},
		func(span [2]rune) bool { return r >= span[0] && r < span[1] })
}

func TestFlow(t *testing.T) {
	long := strings.Repeat("あ", 16*9)
	rowsOf := func(pages [][]row) []int {
		var out []int
		for _, p := range pages {
			out = append(out, len(p))
		}
		return out
	}
	tests := []struct {
		name  string
		paras []worded
		top   int
		want  []int
	}{
		{"nothing", nil, 3, []int{0}},
		{"one", []worded{{text: "あ"}}, 0, []int{1}},
		{"under a verdict", []worded{{text: "あ\nあ\nあ\nあ\nあ"}, {text: "あ"}}, 3, []int{5, 1}},
		{"a short one is not parted", []worded{{text: "あ\nあ\nあ\nあ\nあ\nあ"}, {text: "あ\nあ\nあ"}}, 0, []int{6, 3}},
		{"a long one is parted, no row alone", []worded{{text: long}}, 0, []int{7, 2}},
		{"a very long one", []worded{{text: strings.Repeat(long, 3)}}, 3, []int{5, 8, 8, 6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, rowsOf(flow(tt.paras, 5, tt.top))); diff != "" {
				t.Errorf("rows on each page (-want +got):\n%s", diff)
			}
		})
	}
	same := flow([]worded{{tag: "方法", text: "窓口"}, {tag: "方法", text: "郵送"}, {tag: "電話", text: "119"}}, 5, 0)
	want := []row{{tag: "方法", at: 5, text: "窓口"}, {mark: markDot, at: 5, text: "郵送"}, {tag: "電話", at: 5, text: "119"}}
	if diff := cmp.Diff(want, same[0], cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("heads (-want +got):\n%s", diff)
	}
	full := flow([]worded{{text: "あ\nあ\nあ\nあ\nあ\nあ\nあ"}, {tag: "方法", text: "窓口"}, {tag: "方法", text: "郵送"}}, 5, 0)
	if diff := cmp.Diff("方法", full[1][0].tag); diff != "" {
		t.Errorf("head at the top of a page (-want +got):\n%s", diff)
	}
}

// Every list is paged so that each page draws, whatever its lines are, and every text, whatever its paragraphs are.
func TestPagesDraw(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	face, err := fonts.Open(unitPrint)
	if err != nil {
		t.Fatal(err)
	}
	signs := slices.DeleteFunc(face.Runes(), func(r rune) bool { return !fromOutside(r) })
	from := rnd.IntN(len(signs) - 500) // a few hundred at a time: their glyphs are inflated once
	signs = signs[from : from+500]
	words := func(most int) string {
		out := make([]rune, 1+rnd.IntN(most))
		for i := range out {
			switch rnd.IntN(5) {
			case 0:
				out[i] = rune('!' + rnd.IntN('~'-'!'))
			case 1:
				out[i] = []rune(" のはを、。")[rnd.IntN(6)]
			default:
				out[i] = signs[rnd.IntN(len(signs))]
			}
		}
		return "x" + string(out)
	}
	small, large := inside(t, 400, 300), inside(t, 800, 480)
	draw := func(s Screen) {
		t.Helper()
		for _, r := range []*Renderer{small, large} {
			if _, err := r.Render(s); err != nil {
				t.Fatalf("%+v: %v", s, err)
			}
		}
	}
	for range 10 {
		lang := []Lang{Japanese, "en"}[rnd.IntN(2)]
		var all []Line
		tick := Tick(rnd.IntN(3))
		for range 1 + rnd.IntN(12) {
			all = append(all, Line{Text: words(150), Tick: tick})
		}
		s := Screen{ID: ClerkDocuments, Lang: lang, Facts: Facts{Procedure: "pin_reset", Lines: all}}
		if rnd.IntN(2) == 0 {
			s.ID, s.Facts.Title = ClerkQuestion, words(120)
		}
		counts := LinePages(s)
		from := 0
		for i, n := range counts {
			if n < 1 || n > LinesPerPage || from+n > len(all) {
				t.Fatalf("%d lines are paged as %v", len(all), counts)
			}
			s.Facts.Lines, s.Facts.Page, s.Facts.Pages, s.Facts.Choice = all[from:from+n], i+1, len(counts), 1+rnd.IntN(n)
			draw(s)
			from += n
		}
		if from != len(all) {
			t.Fatalf("%d lines are paged as %v", len(all), counts)
		}

		text := Screen{ID: []ID{ClerkDecision, ClerkGuide, ClerkNotice, ClerkWhy, ClerkTell}[rnd.IntN(5)], Lang: lang}
		text.Facts.Procedure = []string{"card_record_update", "kiosk_pin_reset", "pin_reset"}[rnd.IntN(3)]
		if text.ID != ClerkWhy && text.ID != ClerkTell {
			text.Facts.Verdict = Verdicts[rnd.IntN(len(Verdicts))]
		}
		want := 0
		for range rnd.IntN(20) {
			p := Para{Code: ParaCodes[rnd.IntN(len(ParaCodes))], Text: words(250)}
			if p.Code == "next" {
				p.Code = "" // it is numbered
			}
			text.Facts.Paras = append(text.Facts.Paras, p)
			want += letters(p.Text)
		}
		pages, shown := ParaPages(text), 0
		for i := range pages {
			text.Facts.Page = i + 1
			draw(text)
			p, err := build(small.cat, text)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.text.rows {
				shown += letters(r.text)
			}
			for _, w := range p.text.pinned {
				shown += letters(w.text)
			}
		}
		if shown != want {
			t.Errorf("%d pages show %d letters of %d: %+v", pages, shown, want, text)
		}
		text.Facts.Page = pages + 3 // as after a change to a language with fewer pages
		draw(text)
	}
}

// A list without lines is an error and no picture; nothing is paged.
func TestListWithoutLines(t *testing.T) {
	s := Screen{ID: ClerkQuestion, Lang: Japanese, Facts: Facts{Procedure: "pin_reset", Title: "？"}}
	var unknown *UnknownError
	if m, err := inside(t, 400, 300).Render(s); m != nil || !errors.As(err, &unknown) {
		t.Errorf("got %v, %v, want no picture and an UnknownError", m, err)
	}
	if got := LinePages(s); got != nil {
		t.Errorf("paged as %v", got)
	}
}

// letters counts what must be seen: all but bars and spaces.
func letters(s string) int {
	return len([]rune(strings.NewReplacer("|", "", " ", "", "\u3000", "").Replace(s)))
}

func inside(t *testing.T, w, h int) *Renderer {
	t.Helper()
	r, err := NewRenderer(image.Rect(0, 0, w, h))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every verdict has a sign, and no two are alike: they are told apart before the word is read.
func TestVerdictIconsDiffer(t *testing.T) {
	pictures := map[string]*mono.Image{}
	for _, v := range Verdicts {
		ic, ok := verdictIcons[v]
		if !ok {
			t.Errorf("%s has no sign", v)
			continue
		}
		d := drawer{canvas: canvas{m: mono.New(48, 48)}}
		d.m.Fill(d.m.Bounds(), true)
		d.shape(d.m.Bounds(), false, ic.ink)
		for other, m := range pictures {
			n := 0
			for y := range m.H {
				for x := range m.W {
					if m.White(x, y) != d.m.White(x, y) {
						n++
					}
				}
			}
			if n < 48*48/8 {
				t.Errorf("%s and %s differ in %d of %d pixels only", v, other, n, 48*48)
			}
		}
		pictures[v] = d.m
	}
	if len(verdictIcons) != len(Verdicts) {
		t.Errorf("%d signs for %d verdicts", len(verdictIcons), len(Verdicts))
	}
}
