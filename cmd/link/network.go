// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"madoguchi/sync/enrol"
)

// runNetwork writes what a provisioning file says of the network into a folder: address.network for systemd-networkd, if the address is fixed, and ntp.sources for chrony, if there are
// any. It is run by the unit that takes the file from the card, before there is a network.
//
//	link network FILE FOLDER
func runNetwork(args []string, stderr io.Writer) int {
	if len(args) != 2 {
		fmt.Fprintln(stderr, "link: want: link network FILE FOLDER")
		return 2
	}
	raw, err := os.ReadFile(args[0])
	if err == nil {
		var f enrol.File
		if f, err = enrol.Open(raw, time.Time{}, false, func(string) bool { return false }); err == nil {
			err = writeNetwork(f.Network, args[1])
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "link: reading the network's settings:", err)
		return 1
	}
	return 0
}

func writeNetwork(n enrol.Network, dir string) error {
	if n.Address != "" {
		var s strings.Builder
		fmt.Fprintf(&s, "[Match]\nType=ether\n\n[Network]\nAddress=%s\nGateway=%s\n", n.Address, n.Gateway)
		for _, d := range n.DNS {
			fmt.Fprintf(&s, "DNS=%s\n", d)
		}
		s.WriteString("LLMNR=no\nMulticastDNS=no\nLLDP=no\nEmitLLDP=no\nIPv6PrivacyExtensions=yes\n")
		if err := os.WriteFile(filepath.Join(dir, "address.network"), []byte(s.String()), 0o644); err != nil {
			return err
		}
	}
	if len(n.NTP) == 0 {
		return nil
	}
	var s strings.Builder
	for _, host := range n.NTP {
		fmt.Fprintf(&s, "server %s iburst\n", host)
	}
	return os.WriteFile(filepath.Join(dir, "ntp.sources"), []byte(s.String()), 0o644)
}
