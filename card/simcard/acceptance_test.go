// SPDX-License-Identifier: Apache-2.0

package simcard_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

// today is the day of every test.
var today = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func sample(t testing.TB, id string) *simcard.Card {
	t.Helper()
	s, ok := simcard.SampleByID(id, today)
	if !ok {
		t.Fatalf("no sample %q", id)
	}
	return simcard.New(s.Spec)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Names of commands that open many rows.
const (
	jpki    = "00A404 0C0A D392F000260100000001"
	text    = "00A404 0C0A D3921000310001010408"
	surface = "00A404 0C0A D3921000310001010402"
	juki    = "00A404 0C0A D3921000310001010401"
	common  = "00A404 0C0A D3921000310001010100"
	login   = "00A4020C020018"
	signing = "00A4020C02001B"
	ask     = "00200080"
)

// TestAcceptance is the list that a simulated card has to keep: each row is one
// session from power-up, "command > answer" by lines; "…" stands for any bytes,
// "reset" and "off" for what a reader does.
func TestAcceptance(t *testing.T) {
	sign1234, wrong := "0020008004 31323334", "0020008004 39393939"
	abc123 := "0020008006 414243313233"
	rows := []struct{ name, script string }{
		{"1 select application, both forms", jpki + " > 9000\n00A404000A D392F000260100000001 00 > 6F0C840AD392F0002601000000019000"},
		{"1 select file", jpki + " > 9000\n" + login + " > 9000"},
		{"1 unknown application", "00A4040C05 A000000003 > 6A82"},
		{"1 failed select keeps the application", jpki + " > 9000\n00A4040C05 A000000003 > 6A82\n" + login + " > 9000\n" + ask + " > 63C3"},
		{"1 failed select keeps the verified state", jpki + " > 9000\n" + login + " > 9000\n" + ask + " > 63C3\n" + sign1234 + " > 9000\n00A4040C10 F0000000000000000000000000000000 > 6A82\n0024018004 35363738 > 9000"},
		{"1 unknown file", jpki + " > 9000\n00A4020C020099 > 6A82"},
		{"1 file without application", login + " > 6A82"},
		{"1 file by P1 09", jpki + " > 9000\n00A4090C020018 > 6A86"},
		{"1 part of a name", "00A4040C03 D392F0 > 9000\n" + login + " > 9000"},
		{"1 master file right after reset", "00A40000 > 6A86"},
		{"1 master file later is without effect", jpki + " > 9000\n00A40000 > 9000\n" + login + " > 9000"},
		{"1 master file by id", jpki + " > 9000\n00A40000023F00 > 6A82"},
		{"1 name of 17 bytes", "00A4040C11 0000000000000000000000000000000000 > 6700"},
		{"1 card manager", "00A4040C07 A0000001510000 > 9000"},
		{"2 application select clears verified state", jpki + " > 9000\n" + login + " > 9000\n" + ask + " > 63C3\n" + sign1234 + " > 9000\n" + jpki + " > 9000\n" + login + " > 9000\n0024018004 35363738 > 6982"},
		{"2 application select clears current file", jpki + " > 9000\n" + login + " > 9000\n" + jpki + " > 9000\n" + ask + " > 6986"},
		{"2 file select keeps verified state", jpki + " > 9000\n" + signing + " > 9000\n" + ask + " > 63C5\n" + abc123 + " > 9000\n00A4020C020001 > 9000\n00B0000002 > 30829000"},
		{"3 warm reset drops the application", jpki + " > 9000\nreset\n" + login + " > 6A82"},
		{"3 power-off clears", jpki + " > 9000\n" + login + " > 9000\n" + ask + " > 63C3\n" + sign1234 + " > 9000\noff\n" + jpki + " > 9000\n" + login + " > 9000\n0024018004 35363738 > 6982"},
		{"4 read by current file", jpki + " > 9000\n00A4020C020006 > 9000\n00B0000010 > 4A504B4941504943 43544F4B454E3220 9000"},
		{"4 read by short id makes it current", jpki + " > 9000\n00B0860004 > 4A504B499000\n00B0000404 > 415049439000"},
		{"4 read with Le 00 and short tail", jpki + " > 9000\n00A4020C020006 > 9000\n00B0009000 > 393939393939393939393939393939399000"},
		{"4 read at the end", jpki + " > 9000\n00A4020C020006 > 9000\n00B000A001 > 6B00"},
		{"4 read a PIN file", jpki + " > 9000\n" + login + " > 9000\n00B0000001 > 6981"},
		{"4 read a protected file", jpki + " > 9000\n00A4020C020001 > 9000\n00B0000004 > 6982"},
		{"4 read without a file", jpki + " > 9000\n00B0000004 > 6986"},
		{"4 read an unknown short id", jpki + " > 9000\n00B0850004 > 6A82"},
		{"4 read without Le", jpki + " > 9000\n00A4020C020006 > 9000\n00B00000 > 6700"},
		{"4 auth certificate needs no PIN", jpki + " > 9000\n00A4020C02000A > 9000\n00B0000002 > 30829000"},
		{"5 tries by current file", jpki + " > 9000\n" + login + " > 9000\n" + ask + " > 63C3\n" + signing + " > 9000\n" + ask + " > 63C5"},
		{"5 tries by short id", jpki + " > 9000\n00200098 > 63C3\n0020009B > 63C5"},
		{"5 tries with a fifth byte", jpki + " > 9000\n" + login + " > 9000\n" + ask + "00 > 6700"},
		{"5 tries after a right PIN", jpki + " > 9000\n" + login + " > 9000\n" + sign1234 + " > 9000\n" + ask + " > 63C3"},
		{"5 wrong, wrong, right restores", jpki + " > 9000\n" + login + " > 9000\n" + wrong + " > 63C2\n" + wrong + " > 63C1\n" + sign1234 + " > 9000\n" + ask + " > 63C3"},
		{"5 last failure and after", jpki + " > 9000\n" + login + " > 9000\n" + wrong + " > 63C2\n" + wrong + " > 63C1\n" + wrong + " > 63C0\n" + ask + " > 63C0\n" + sign1234 + " > 6984\noff\n" + jpki + " > 9000\n" + login + " > 9000\n" + ask + " > 63C0"},
		{"5 a wrong PIN clears the state", jpki + " > 9000\n" + login + " > 9000\n" + sign1234 + " > 9000\n" + wrong + " > 63C2\n0024018004 35363738 > 6982"},
		{"5 verify by short id", jpki + " > 9000\n0020009804 31323334 > 9000"},
		{"5 small letters cost a try", jpki + " > 9000\n" + signing + " > 9000\n0020008006 616263313233 > 63C4"},
		{"5 VERIFY of a working file", jpki + " > 9000\n00A4020C020006 > 9000\n" + ask + " > 6981"},
		{"5 17 bytes", jpki + " > 9000\n" + login + " > 9000\n0020008011 3131313131313131313131313131313131 > 6700"},
		{"5 blocked from issuance", text + " > 9000\n00A4020C020012 > 9000\n" + ask + " > 63C0\n" + sign1234 + " > 6984"},
		{"6 change", jpki + " > 9000\n" + login + " > 9000\n" + sign1234 + " > 9000\n0024018004 35363738 > 9000\n0020008004 35363738 > 9000\n" + sign1234 + " > 63C2"},
		{"6 change without VERIFY", jpki + " > 9000\n" + login + " > 9000\n0024018004 35363738 > 6982"},
		{"6 change to a bad PIN", jpki + " > 9000\n" + login + " > 9000\n" + sign1234 + " > 9000\n0024018003 353637 > 6A80\n" + ask + " > 63C3"},
		{"6 password change needs both kinds", jpki + " > 9000\n" + signing + " > 9000\n" + abc123 + " > 9000\n0024018006 313131313131 > 6A80\n0024018006 313131313141 > 9000"},
		{"6 change with both PINs", jpki + " > 9000\n" + login + " > 9000\n" + sign1234 + " > 9000\n0024008008 3132333435363738 > 6A86"},
		{"6 CHANGE KEY in common and juki", common + " > 9000\n00A4020C02001C > 9000\n" + sign1234 + " > 9000\n8032008004 35363738 > 9000\n" + juki + " > 9000\n00A4020C02001C > 9000\n" + ask + " > 63C3\n" + sign1234 + " > 9000\n8032008004 35363738 > 9000"},
		{"6 CHANGE KEY in JPKI", jpki + " > 9000\n" + login + " > 9000\n" + sign1234 + " > 9000\n8032008004 35363738 > 6985"},
		{"6 text application", text + " > 9000\n00A4020C020011 > 9000\n" + ask + " > 63C3\n" + sign1234 + " > 9000\n0024018004 35363738 > 9000"},
		{"6 sign without PIN", jpki + " > 9000\n802A008701 00 00 > 6A88\n802A00970100 00 > 6982"},
		{"6 sign with a PIN file", jpki + " > 9000\n" + login + " > 9000\n802A00800100 00 > 6981"},
		{"6 sign by an unknown scheme", jpki + " > 9000\n802A06970100 00 > 6A86"},
		{"6 challenge", "0084000004 > …9000\n00840000 > 6700\n008400000000 04 > 6985"},
		{"6 else", jpki + " > 9000\n00820000 > 6D00\n002C0380 > 6D00\n80540000 > 6D00\n00CB3FFF035C017E08 > 6D00"},
		{"6 class", jpki + " > 9000\nA0A40000 > 6E00\n01A4040C > 6881\n0CA4040C > 6882\n0CB00000 > 69FC\n0C200080 > 69FC"},
		{"8 availability", jpki + " > 9000\n00A4020C020008 > 9000\n00B0000003 > 8F8F00 9000"},
		{"common record", common + " > 9000\n00A4020C020001 > 9000\n00B2010400 > …9000\n00B2020400 > 6A83\n00A4020C02001E > 9000\n00B0000001 > 6981"},
		{"common records in other forms", common + " > 9000\n00B2010C00 > …9000\n00B2010500 > 6A81\n00B2011C00 > 6A82"},
		{"object of the data", "00CA5F5100 > E000FF8131FE4514 9000\n00CA00F200 > …9000\n00CA004500 > …9000\n00CA123400 > 6A88"},
		{"long object wants a long Le", "00CA7F2100 > 6700\n00CA7F21000000 > …9000"},
		{"card's own proof", common + " > 9000\n008800990401020304 00 > …9000\n0088009C0401020304 00 > 6982\n008800990401020304 > 6700\n" + jpki + " > 9000\n008800980401020304 00 > 6982\n008800860401020304 00 > 6985"},
		{"no secure messaging", jpki + " > 9000\n80AE0000 > 6982\n" + common + " > 9000\n80AE0000 > 66F1\n" + text + " > 9000\n80AE0000 > 6982\n80A20000 > 6A86"},
		{"text contents", text + " > 9000\n00200091 > 63C3\n0020009104 31323334 > 9000\n00B0820002 > FF209000\n00B0810003 > FF100C9000\n00B0880010 > FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF9000"},
		{"surface contents", surface + " > 9000\n00B0830002 > FF309000\n00200093 > 63CA\n002000930C 303030303030303030303030 > 9000\n00B0820002 > FF209000\n00B0850002 > FF409000\n00B0810002 > 6982\n0020009106 303030303030 > 9000\n00B0810002 > FF109000"},
		{"real profile obeys no issuer", jpki + " > 9000\n" + login + " > 9000\n0084000010 > …9000\n00820000 > 6D00\n002C0380 > 6D00\n0046008000 > 6D00\n00D6000001FF > 6D00"},
		{"surface", surface + " > 9000\n00A4020C020003 > 9000\n00B0000000 > …9000\n00A4020C020002 > 9000\n00B0000000 > 6982"},
		{"text", text + " > 9000\n00A4020C020005 > 9000\n00B0000000 > …9000\n00A4020C020001 > 9000\n00B0000000 > 6982"},
		{"OpenSC probes", "00A4040007 627601FF000000 > 6A82\n00A4040006 A00000000101 > 6A82\n00A404000B E82B0601040181C31F0201 00 > 6A82\n" +
			"00A4040C0F D23300000045737445494420763335 > 6A82\n00CADF3005 > 6A88\n00A4040009 A00000030800001000 00 > 6A82\n00A4040C07 A000000116DB00 00 > 6A82\n" +
			"00A404000C F276A288BCFBA69D34F31001 > 6A82\n00A4040009 A00000039742544659 00 > 6A82\n00A4040006 D27600012401 00 > 6A82\n" + jpki + " > 9000"},
		{"lengths that do not add up", "00A4040C0AD3 > 6700\n00A404 > 6700\n0020 > 6700"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := sample(t, "adult")
			c.Reset(false)
			for n, line := range strings.Split(r.script, "\n") {
				switch line {
				case "reset":
					c.Reset(true)
					continue
				case "off":
					c.PowerOff()
					c.Reset(false)
					continue
				}
				run(t, c, n, line)
			}
		})
	}
}

// run sends one line, "command > answer".
func run(t *testing.T, c *simcard.Card, n int, line string) {
	t.Helper()
	cmd, want, ok := strings.Cut(line, ">")
	if !ok {
		t.Fatalf("line %d has no answer: %q", n+1, line)
	}
	resp, err := c.Transmit(unhex(t, cmd))
	if err != nil {
		t.Fatalf("line %d: %v", n+1, err)
	}
	have := strings.ToUpper(hex.EncodeToString(resp))
	want = strings.ReplaceAll(want, " ", "")
	if tail, any := strings.CutPrefix(want, "…"); any {
		if strings.HasSuffix(have, tail) && len(have) > len(tail) {
			return
		}
	} else if have == want {
		return
	}
	t.Fatalf("line %d: %s: got %s, want %s", n+1, cmd, have, want)
}

// TestFixedFiles holds the bytes that programs look at.
func TestFixedFiles(t *testing.T) {
	c := sample(t, "adult")
	c.Reset(false)
	info := []byte("JPKIAPICCTOKEN2" + strings.Repeat(" ", 17))
	got := read(t, c, 0x0006, 200)
	if len(got) != 160 {
		t.Fatalf("EF 0006 has %d bytes, want 160", len(got))
	}
	if diff := cmp.Diff(info, got[:32]); diff != "" {
		t.Errorf("token label (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(unhex(t, "0000040D 00000001 00000000 00000001 00000000 00000010 00000006"), got[96:124]); diff != "" {
		t.Errorf("flags, sessions and PIN lengths (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]byte{0x8F, 0x8F, 0}, read(t, c, 0x0008, 10)); diff != "" {
		t.Errorf("availability (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(unhex(t, "3BE000FF8131FE4514"), c.ATR()); diff != "" {
		t.Errorf("answer to reset (-want +got):\n%s", diff)
	}
	if m := c.Misuse(); len(m) > 0 {
		t.Errorf("flagged: %v", m)
	}
}

// read selects JPKI and reads a whole file.
func read(t testing.TB, c *simcard.Card, ef uint16, max int) []byte {
	t.Helper()
	send(t, c, unhex(t, jpki))
	send(t, c, []byte{0, 0xA4, 0x02, 0x0C, 0x02, byte(ef >> 8), byte(ef)})
	var out []byte
	for len(out) < max {
		resp := send(t, c, []byte{0, 0xB0, byte(len(out) >> 8), byte(len(out)), 0})
		if bytes.Equal(resp, []byte{0x6B, 0x00}) {
			break
		}
		n := len(resp) - 2
		if n <= 0 {
			t.Fatalf("reading %04X: % X", ef, resp)
		}
		out = append(out, resp[:n]...)
		if n < 256 {
			break
		}
	}
	return out
}

func send(t testing.TB, c *simcard.Card, apdu []byte) []byte {
	t.Helper()
	resp, err := c.Transmit(apdu)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// TestWarmReset: a warm reset keeps the verified state, power-off does not.
func TestWarmReset(t *testing.T) {
	c := sample(t, "adult")
	c.Reset(false)
	for _, s := range []string{jpki, login, ask, "002000800431323334"} {
		send(t, c, unhex(t, strings.ReplaceAll(s, " ", "")))
	}
	if !c.Verified(card.KindLogin) {
		t.Fatal("not verified after the right PIN")
	}
	c.Reset(true)
	if !c.Verified(card.KindLogin) {
		t.Error("warm reset dropped the verified state")
	}
	c.PowerOff()
	c.Reset(false)
	if c.Verified(card.KindLogin) {
		t.Error("power-off kept the verified state")
	}
}
