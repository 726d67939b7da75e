// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// words are the page's texts: by language and key, and by list and code the
// names in Japanese and English.
type words struct {
	texts map[string]map[string]string
	names map[string]map[string][]string
}

var allWords = func() words {
	w := words{texts: map[string]map[string]string{}, names: map[string]map[string][]string{}}
	for _, file := range []string{"words.json", "pages.json", "rollout.json"} {
		text, err := fs.ReadFile(assets, "assets/"+file)
		if err != nil {
			panic(err) // it is embedded
		}
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(text, &raw); err != nil {
			panic(err)
		}
		for key, part := range raw {
			if key != "ja" && key != "en" {
				list := map[string][]string{}
				if err := json.Unmarshal(part, &list); err != nil {
					panic(err)
				}
				w.names[key] = list
				continue
			}
			texts := map[string]string{}
			if err := json.Unmarshal(part, &texts); err != nil {
				panic(err)
			}
			if w.texts[key] == nil {
				w.texts[key] = map[string]string{}
			}
			for k, v := range texts {
				w.texts[key][k] = v
			}
		}
	}
	return w
}()

// tongue says everything in one language, "ja" or "en".
type tongue string

// say is a text; facts fill its {0}, {1}, ….
func (l tongue) say(key string, facts ...any) string {
	text, ok := allWords.texts[string(l)][key]
	if !ok {
		return key
	}
	for i, f := range facts {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i)+"}", fmt.Sprint(f))
	}
	return text
}

// name is the name of a code in a list; the code itself if it has none.
func (l tongue) name(list, code string) string {
	n, ok := allWords.names[list][code]
	if !ok || len(n) != 2 {
		return code
	}
	if l == "ja" {
		return n[0]
	}
	return n[1]
}

// subject is the name of what a case was about: a procedure, a class, or other.
func (l tongue) subject(code string) string {
	switch {
	case code == "":
		return l.say("merged")
	case allWords.names["classes"][code] != nil:
		return l.name("classes", code)
	}
	return l.name("procedures", code)
}

// monday is the first day of an ISO week.
func monday(week string) (time.Time, bool) {
	var year, n int
	if _, err := fmt.Sscanf(week, "%4d-W%2d", &year, &n); err != nil {
		return time.Time{}, false
	}
	d := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	weekday := (int(d.Weekday()) + 6) % 7
	return d.AddDate(0, 0, -weekday+7*(n-1)), true
}

// week is a week's first day, short.
func (l tongue) week(w string) string {
	d, ok := monday(w)
	switch {
	case !ok:
		return w
	case l == "ja":
		return fmt.Sprintf("%d/%d", d.Month(), d.Day())
	}
	return d.Format("2 Jan")
}

// weekOf is the same in a sentence.
func (l tongue) weekOf(w string) string {
	d, ok := monday(w)
	switch {
	case !ok:
		return w
	case l == "ja":
		return fmt.Sprintf("%d年%d月%d日からの週", d.Year(), d.Month(), d.Day())
	}
	return "week of " + d.Format("2 January 2006")
}

// period is the name of a quarter.
func (l tongue) period(p string) string {
	var year, n int
	if _, err := fmt.Sscanf(p, "%4d-Q%1d", &year, &n); err != nil {
		return l.say("all_periods")
	}
	first := []int{1, 14, 27, 40}[max(1, min(n, 4))-1]
	d, _ := monday(fmt.Sprintf("%04d-W%02d", year, first))
	if l == "ja" {
		return fmt.Sprintf("%d年 第%d四半期（%d月%d日から）", year, n, d.Month(), d.Day())
	}
	return fmt.Sprintf("%d, quarter %d (from %s)", year, n, d.Format("2 January"))
}

// number is an integer with its thousands apart.
func number(n int) string { return thousands(float64(n), 0) }

// per is n in every 1,000 of all, or a dash where there are none.
func per(n, all int) string {
	if all == 0 {
		return "–"
	}
	return thousands(1000*float64(n)/float64(all), 1)
}

// percent is n in every hundred of all.
func percent(n, all int) string {
	if all == 0 {
		return "–"
	}
	return thousands(100*float64(n)/float64(all), 0) + "%"
}
