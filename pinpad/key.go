// SPDX-License-Identifier: Apache-2.0

package pinpad

import "fmt"

// Key is one of the 16 keys. The zero value is no key.
type Key uint8

const (
	KeyNone Key = iota
	Key0
	Key1
	Key2
	Key3
	Key4
	Key5
	Key6
	Key7
	Key8
	Key9
	KeyCancel // 取消, red, ×
	KeyClear  // 訂正, yellow, <
	KeyEnter  // 確認, green, ○
	KeyUp     // ▲
	KeyDown   // ▼
	KeyMenu   // メニュー/ことば

	// KeyService is not a key but two held together, メニュー + 取消: the way
	// into the service menu. It occurs in EventHold only.
	KeyService
)

// caps is the place of each key: the matrix position is the cap's position.
var caps = [4][4]Key{
	{Key1, Key2, Key3, KeyCancel},
	{Key4, Key5, Key6, KeyClear},
	{Key7, Key8, Key9, KeyMenu},
	{KeyUp, Key0, KeyDown, KeyEnter},
}

var names = [...]string{"none", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
	"cancel", "clear", "enter", "up", "down", "menu", "menu+cancel"}

// Keys lists the 16 keys row by row, from top left.
func Keys() [16]Key {
	var all [16]Key
	for bit := range all {
		all[bit] = caps[bit/4][bit%4]
	}
	return all
}

// String returns the key's stable name: "0" to "9", "cancel", "clear", "enter",
// "up", "down", "menu", and "menu+cancel" for KeyService.
func (k Key) String() string {
	if int(k) >= len(names) {
		return fmt.Sprintf("Key(%d)", uint8(k))
	}
	return names[k]
}

// ParseKey returns the key of a name as String writes it. KeyNone and KeyService
// have no name that it takes.
func ParseKey(name string) (Key, error) {
	for k := Key0; k <= KeyMenu; k++ {
		if names[k] == name {
			return k, nil
		}
	}
	return KeyNone, fmt.Errorf("no key is called %q: want 0 to 9, cancel, clear, enter, up, down or menu", name)
}

// Bit returns the key's place in the matrix as a mask bit: row × 4 + column.
// Zero for KeyNone; both bits for KeyService.
func (k Key) Bit() uint16 {
	if k == KeyService {
		return KeyMenu.Bit() | KeyCancel.Bit()
	}
	for i, at := range Keys() {
		if at == k {
			return 1 << i
		}
	}
	return 0
}

// digit returns the character of a digit key, else 0.
func (k Key) digit() byte {
	if k >= Key0 && k <= Key9 {
		return '0' + byte(k-Key0)
	}
	return 0
}
