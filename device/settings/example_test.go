// SPDX-License-Identifier: Apache-2.0

package settings_test

import (
	"fmt"

	"madoguchi/device/settings"
)

func ExampleRead() {
	s, err := settings.Read("settings.toml", []byte("office = \"市民課\"\nsound = true\n"))
	fmt.Println(*s.Office, *s.Sound, err)
	_, err = settings.Read("settings.toml", []byte("office = \"市民課\"\nsund = true\n"))
	fmt.Println(err)
	// Output:
	// 市民課 true <nil>
	// settings.toml:2:1: unknown key "sund"
}
