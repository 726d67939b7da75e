// SPDX-License-Identifier: Apache-2.0

package card

import "encoding/hex"

// AID is the name of an application, as raw bytes in a string.
type AID string

// String returns the name in hexadecimal digits.
func (a AID) String() string { return hex.EncodeToString([]byte(a)) }

// The applications this package selects, all seen on physical cards
// (soltia48/myna-card, src/ap).
const (
	jpkiAP    AID = "\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01" // 公的個人認証AP
	textAP    AID = "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x08" // 券面事項入力補助AP
	surfaceAP AID = "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x02" // 券面事項確認AP; only looked for
	commonAP  AID = "\xD3\x92\x10\x00\x31\x00\x01\x01\x01\x00" // 共通カードAP
	jukiAP    AID = "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x01" // 住基AP
	isd       AID = "\xA0\x00\x00\x01\x51\x00\x00"             // issuer security domain, no PINs
)

// Files of the JPKI application. All are free to read but the signing
// certificate, which wants the signing password.
const (
	efSignCert     uint16 = 0x0001 // 署名用電子証明書
	efToken        uint16 = 0x0006 // PKCS#11 token info, its label names the species
	efAvailability uint16 = 0x0008 // which certificates exist
	efAuthCert     uint16 = 0x000A // 利用者証明用電子証明書
)
