// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"maps"
	"time"

	"madoguchi/card"
)

// Seeds of the sample cards that obey the simulated issuer. Its made-up register
// knows what their holders are by these numbers: a child, a ward, a foreign resident
// whose period of residence ends.
const (
	SeedIssuerPlain     = 11
	SeedIssuerLocked    = 12
	SeedIssuerNone      = 13
	SeedIssuerChild     = 14
	SeedIssuerForeign   = 15
	SeedIssuerSuspended = 16
	SeedIssuerHeldChild = 17 // a child's, suspended
	SeedIssuerWard      = 18
	SeedIssuerFirst     = 19 // a child's, without certificates
)

// IssuerSamples returns the front panel's cards that obey the simulated issuer, for
// what a real card does not let anybody do but its own issuer: reset, issue, renewal
// and release. Their dates lie around today, as those of [Samples].
func IssuerSamples(today time.Time) []Sample {
	y, m, d := today.Date()
	on := func(years, days int) time.Time { return time.Date(y+years, m, d+days, 0, 0, 0, 0, time.UTC) }
	minor := maps.Clone(adultPINs)
	delete(minor, card.KindSigning)
	none := maps.Clone(minor)
	delete(none, card.KindLogin)
	noSigning := map[card.Kind]int{card.KindSigning: 0}
	samples := []Sample{
		{
			ID:    "issuer_expiring",
			Title: Text{"発行できる(期限が近い)", "Issuable: ends soon"},
			What:  Text{"模擬の発行者に従うカード。電子証明書の期限まで40日です。", "It obeys a simulated issuer. The certificates end in 40 days."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(0, 40), Seed: SeedIssuerPlain},
		},
		{
			ID:    "issuer_locked",
			Title: Text{"発行できる(ロック)", "Issuable: locked"},
			What:  Text{"模擬の発行者に従うカード。利用者証明用がロックされています。", "It obeys a simulated issuer. The login PIN is locked."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(0, 50), Seed: SeedIssuerLocked, Left: map[card.Kind]int{card.KindLogin: 0}},
		},
		{
			ID:    "issuer_no_signing",
			Title: Text{"発行できる(署名用なし)", "Issuable: no signing"},
			What:  Text{"模擬の発行者に従うカード。引っ越しで署名用電子証明書がなくなりました。", "It obeys a simulated issuer. A move took the signing certificate."},
			PINs:  minor,
			Spec:  Spec{Ends: on(3, 20), Seed: SeedIssuerNone, NoSigning: true, Left: noSigning},
		},
		{
			ID:    "issuer_child",
			Title: Text{"発行できる(15歳未満)", "Issuable: a child's"},
			What:  Text{"模擬の発行者に従う、15歳未満の方のカード。期限まで30日です。", "It obeys a simulated issuer. A child's; it ends in 30 days."},
			PINs:  minor,
			Spec:  Spec{Ends: on(0, 30), Seed: SeedIssuerChild, NoSigning: true, Left: noSigning},
		},
		{
			ID:    "issuer_foreign",
			Title: Text{"発行できる(在留期間あり)", "Issuable: foreign resident"},
			What:  Text{"模擬の発行者に従うカード。新しい証明書は在留期間の終わりまでです。", "It obeys a simulated issuer. New certificates end with the period of stay."},
			PINs:  adultPINs,
			Spec:  Spec{Ends: on(0, 25), Seed: SeedIssuerForeign},
		},
		{
			ID:        "issuer_suspended",
			Title:     Text{"発行できる(一時停止中)", "Issuable: suspended"},
			What:      Text{"模擬の発行者に従うカード。電話で一時停止してあります。", "It obeys a simulated issuer. It was suspended by telephone."},
			PINs:      adultPINs,
			Spec:      Spec{Ends: on(2, 10), Seed: SeedIssuerSuspended},
			Suspended: true,
		},
		{
			ID:        "issuer_child_suspended",
			Title:     Text{"発行できる(15歳未満・一時停止中)", "Issuable: a child's, suspended"},
			What:      Text{"模擬の発行者に従う、15歳未満の方のカード。電話で一時停止してあります。", "It obeys a simulated issuer. A child's; it was suspended by telephone."},
			PINs:      minor,
			Spec:      Spec{Ends: on(3, 5), Seed: SeedIssuerHeldChild, NoSigning: true, Left: noSigning},
			Suspended: true,
		},
		{
			ID:    "issuer_ward",
			Title: Text{"発行できる(成年被後見人)", "Issuable: an adult ward's"},
			What:  Text{"模擬の発行者に従う、成年被後見人の方のカード。期限まで35日です。", "It obeys a simulated issuer. An adult ward's; it ends in 35 days."},
			PINs:  minor,
			Spec:  Spec{Ends: on(0, 35), Seed: SeedIssuerWard, NoSigning: true, Left: noSigning},
		},
		{
			ID:    "issuer_first",
			Title: Text{"発行できる(15歳未満・電子証明書なし)", "Issuable: a child's, no certificate yet"},
			What:  Text{"模擬の発行者に従う、15歳未満の方のカード。電子証明書はまだありません。", "It obeys a simulated issuer. A child's; it has no certificate yet."},
			PINs:  none,
			Spec:  Spec{Seed: SeedIssuerFirst, NoAuth: true, NoSigning: true, Left: map[card.Kind]int{card.KindLogin: 0, card.KindSigning: 0}},
		},
	}
	for i := range samples {
		samples[i].PINs = maps.Clone(samples[i].PINs)
		samples[i].Spec.PINs = maps.Clone(samples[i].PINs)
		samples[i].Spec.Profile = SimulatedIssuer
	}
	return samples
}
