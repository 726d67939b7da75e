// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"madoguchi/device"
)

// A mistake in the configuration is named with its place. A box is then made of its parts by New, and Run is the box.
func ExampleLoadConfig() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "counter.toml")
	text := "city = \"nabari\"\nofice = \"市民課\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	_, err = device.LoadConfig(path)
	fmt.Println(strings.ReplaceAll(err.Error(), dir+"/", ""))
	// Output:
	// reading configuration: counter.toml:2:1: unknown key "ofice"
}
