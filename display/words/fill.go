// SPDX-License-Identifier: Apache-2.0

package words

import (
	"fmt"
	"reflect"
	"strings"
)

// fill puts facts, a struct, into a text: {{.Left}} is the field Left, and {{.Month|jan|feb|…}} the word that the number in Month counts to, from 1.
func fill(text string, facts any) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{")
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		place, after, ok := strings.Cut(rest, "}}")
		if !ok {
			return "", fmt.Errorf("%q does not end", "{{"+place)
		}
		text = after
		words := strings.Split(place, "|")
		name, ok := strings.CutPrefix(words[0], ".")
		v := reflect.ValueOf(facts)
		if !ok || v.Kind() != reflect.Struct || !v.FieldByName(name).IsValid() {
			return "", fmt.Errorf("there is no fact %q", words[0])
		}
		v = v.FieldByName(name)
		if len(words) == 1 {
			fmt.Fprint(&out, v.Interface())
			continue
		}
		if !v.CanInt() || v.Int() < 1 || v.Int() >= int64(len(words)) {
			return "", fmt.Errorf("fact %q is %v, and there are %d words for it", words[0], v, len(words)-1)
		}
		out.WriteString(words[v.Int()])
	}
}
