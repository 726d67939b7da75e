// SPDX-License-Identifier: Apache-2.0

package record

import "testing"

// BenchmarkDecode is the gate that every record passes before the disk, at each opening of the outbox, and at city hall.
func BenchmarkDecode(b *testing.B) {
	text := fixed(b, 1).Encode()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(text); err != nil {
			b.Fatal(err)
		}
	}
}
