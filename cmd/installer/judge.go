// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"madoguchi/device/bundle"
)

// signs are words of RAUC's messages and what they mean, the first that fits decides. Collected from RAUC 1.8 and 1.15 (src/bundle.c,
// src/install.c, src/update_handler.c); what fits none is still told as it was said.
var signs = []struct {
	word string
	code bundle.Code
}{
	{"Already processing", bundle.Busy},
	{"rauc info error", bundle.Refused}, // all that RAUC 1.8 says over the bus of a bundle that it only looked at
	{"undle format", bundle.Format},     // "Invalid bundle format: …", "Bundle format 'plain' not allowed"
	{"ignature", bundle.Signature},      // "signature verification failed", "Invalid signature size"
	{"certificate", bundle.Signature},
	{"purpose", bundle.Signature},
	{"ompatible", bundle.Compatible}, // "Compatible mismatch: Expected …", "Manifest compatible …"
	{"No space left", bundle.Space},
	{"too small", bundle.Space},
	{"exceeds", bundle.Space},
	{"hook", bundle.Hook},
	{"handler", bundle.Hook},
	{"ounting", bundle.Format}, // "Failed mounting bundle": what lies in it is damaged
	{"verity", bundle.Format},
	{"dentifier", bundle.Format},
	{"magic", bundle.Format},
	{"manifest", bundle.Format},
	{"Input/output error", bundle.Write},
	{"Read-only", bundle.Write},
	{"writ", bundle.Write},
}

// judge makes an error of what RAUC said. RAUC names its file; that says nothing and is long.
func judge(said string) *bundle.Error {
	for _, s := range signs {
		if strings.Contains(said, s.word) {
			return bundle.Fault(s.code, said)
		}
	}
	return bundle.Fault(bundle.Other, said)
}
