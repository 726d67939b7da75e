// SPDX-License-Identifier: Apache-2.0

package display

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// spokenWords are short words that are told apart over a telephone: the same thing in both of the clerk's languages.
var spokenWords = [64]struct{ ja, en string }{
	{"かえで", "maple"}, {"みなと", "harbour"}, {"すずめ", "sparrow"}, {"つばめ", "swallow"}, {"さくら", "cherry"}, {"もみじ", "autumn"}, {"やなぎ", "willow"}, {"あやめ", "iris"},
	{"つばき", "camellia"}, {"うめ", "plum"}, {"まつ", "pine"}, {"たけ", "bamboo"}, {"すぎ", "cedar"}, {"いね", "rice"}, {"むぎ", "wheat"}, {"まめ", "bean"},
	{"なす", "eggplant"}, {"かぶ", "turnip"}, {"ごま", "sesame"}, {"みかん", "orange"}, {"りんご", "apple"}, {"ぶどう", "grape"}, {"いちご", "berry"}, {"くるみ", "walnut"},
	{"うさぎ", "rabbit"}, {"きつね", "fox"}, {"たぬき", "raccoon"}, {"しか", "deer"}, {"くま", "bear"}, {"ねこ", "cat"}, {"いぬ", "dog"}, {"うま", "horse"},
	{"ひつじ", "sheep"}, {"かめ", "turtle"}, {"かに", "crab"}, {"たこ", "octopus"}, {"いか", "squid"}, {"さけ", "salmon"}, {"まぐろ", "tuna"}, {"くじら", "whale"},
	{"とんぼ", "dragonfly"}, {"ほたる", "firefly"}, {"かえる", "frog"}, {"からす", "crow"}, {"はと", "pigeon"}, {"わし", "eagle"}, {"やま", "mountain"}, {"かわ", "river"},
	{"うみ", "sea"}, {"しま", "island"}, {"はし", "bridge"}, {"みち", "road"}, {"もり", "forest"}, {"いけ", "pond"}, {"たき", "waterfall"}, {"ゆき", "snow"},
	{"あめ", "rain"}, {"かぜ", "wind"}, {"くも", "cloud"}, {"ほし", "star"}, {"つき", "moon"}, {"いし", "stone"}, {"すな", "sand"}, {"かね", "bell"},
}

// BuildWords says a build in three words, for the telephone: 18 bits of its name's SHA-256, enough to tell the builds of one fleet apart, and no
// proof of anything. Languages other than English are given the Japanese words.
func BuildWords(build string, l Lang) string {
	sum := sha256.Sum256([]byte(build))
	n := binary.BigEndian.Uint32(sum[:4])
	var out []string
	for range 3 {
		w := spokenWords[n%64]
		n /= 64
		if l == English {
			out = append(out, w.en)
		} else {
			out = append(out, w.ja)
		}
	}
	if l == English {
		return strings.Join(out, " ")
	}
	return strings.Join(out, "・")
}
