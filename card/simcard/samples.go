// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"maps"
	"time"

	"madoguchi/card"
)

// contactlessLicence is the answer to reset that a reader makes of a driving
// licence (Debian pcsc-tools, smartcard_list.txt).
var contactlessLicence = []byte{0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x91, 0x81, 0xC1, 0x00, 0xD8}

// adultPINs are the PINs of every sample that has PINs. They are made up, and
// printed on the front panel.
var adultPINs = map[card.Kind]string{
	card.KindLogin:    "1234",
	card.KindSigning:  "ABC123",
	card.KindCardInfo: "1234",
	card.KindRegister: "1234",
}

// Samples returns the cards of the front panel. Their dates lie around today
// (only its date in its own zone counts), so that "expiring" is always true.
func Samples(today time.Time) []Sample {
	y, m, d := today.Date()
	on := func(years, days int) time.Time { return time.Date(y+years, m, d+days, 0, 0, 0, 0, time.UTC) }
	minor := maps.Clone(adultPINs)
	delete(minor, card.KindSigning)
	all := func(left int) map[card.Kind]int {
		return map[card.Kind]int{card.KindLogin: left, card.KindSigning: left, card.KindCardInfo: left, card.KindRegister: left}
	}
	samples := []Sample{
		{
			ID:    "adult",
			Title: Text{"ふつうのカード", "An ordinary card"},
			What:  Text{"暗証番号はすべて使えます。電子証明書の期限まで3年あります。", "All PINs work. The certificate is good for three years."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(3, 11), Seed: 1},
		},
		{
			ID:    "one_try_left",
			Title: Text{"あと1回のカード", "One try left"},
			What:  Text{"利用者証明用の暗証番号は、あと1回まちがえるとロックされます。", "One more wrong login PIN locks it."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(2, 40), Seed: 2, Left: map[card.Kind]int{card.KindLogin: 1}},
		},
		{
			ID:    "locked",
			Title: Text{"ロックされたカード", "A locked card"},
			What:  Text{"利用者証明用の暗証番号がロックされています。", "The login PIN is locked."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(2, 90), Seed: 3, Left: map[card.Kind]int{card.KindLogin: 0}},
		},
		{
			ID:    "expiring",
			Title: Text{"期限が近いカード", "Ends soon"},
			What:  Text{"電子証明書の期限まで40日です。", "The certificate ends in 40 days."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(0, 40), Seed: 4},
		},
		{
			ID:    "expired",
			Title: Text{"期限が切れたカード", "Expired"},
			What:  Text{"電子証明書の期限は20日前に切れました。", "The certificate ended 20 days ago."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(0, -20), Seed: 5},
		},
		{
			ID:    "under_15",
			Title: Text{"15歳未満のカード", "A child's card (under 15)"},
			What:  Text{"署名用電子証明書がありません。", "There is no signing certificate."},
			PINs:  minor,
			Spec:  Spec{Ends: on(4, -30), Seed: 6, NoSigning: true, Left: map[card.Kind]int{card.KindSigning: 0}},
		},
		{
			ID:    "face_auth",
			Title: Text{"顔認証マイナンバーカード", "A face-authentication card"},
			What:  Text{"暗証番号を設定していないカードです。", "A card on which no PIN is set."},
			Spec:  Spec{Ends: on(3, -60), Seed: 7, NoSigning: true, Left: all(0)},
		},
		{
			ID:    "driving_licence",
			Title: Text{"運転免許証", "A driving licence"},
			What:  Text{"マイナンバーカードではないカードです。", "Not a My Number Card."},
			Spec:  Spec{Profile: Licence, ATR: contactlessLicence, Seed: 8},
		},
	}
	for i := range samples {
		samples[i].PINs = maps.Clone(samples[i].PINs)
		samples[i].Spec.PINs = maps.Clone(samples[i].PINs)
	}
	return samples
}

// SampleByID returns one sample card.
func SampleByID(id string, today time.Time) (Sample, bool) {
	for _, s := range Samples(today) {
		if s.ID == id {
			return s, true
		}
	}
	return Sample{}, false
}
