// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"fmt"
	"testing"
)

func codeOf(t *testing.T, digits string) *Code {
	t.Helper()
	c, err := NewCode()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Wipe)
	for _, d := range []byte(digits) {
		if !c.Append(d) {
			t.Fatalf("digit %d of a test's code is not taken", c.Len()+1)
		}
	}
	return c
}

func TestEasy(t *testing.T) {
	for _, tt := range []struct {
		code string
		want bool
	}{
		{"0000", true}, {"7777777", true}, {"1212", true}, {"12121", true}, {"123123", true}, {"12341234", true},
		{"1234", true}, {"4321", true}, {"8901", true}, {"2468", true}, {"9753", true}, {"12345678", true}, {"3690", false},
		{"1221", true}, {"12321", true}, {"1984", true}, {"2026", true}, {"19845", false}, {"2580", true}, {"0852", true},
		{"1357", true}, {"5093", false}, {"70418", false}, {"83920571", false}, {"1235", false},
	} {
		if got := codeOf(t, tt.code).Easy(); got != tt.want {
			t.Errorf("%s: easy is %v, want %v", tt.code, got, tt.want)
		}
	}
	n := 0
	for i := range 10_000 {
		c, err := NewCode()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range fmt.Appendf(nil, "%04d", i) {
			c.Append(d)
		}
		if c.Easy() {
			n++
		}
		c.Wipe()
	}
	if n < 300 || n > 500 { // the rule must leave a choice, and must bite
		t.Errorf("%d of 10,000 codes of four digits are easy", n)
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		code, old string
		want      bool
	}{
		{"5093", "5093", true}, {"5094", "5093", true}, {"5193", "5093", true}, {"5194", "5093", false}, {"3905", "5093", true}, {"0539", "5093", true},
		{"50937", "5093", true}, {"75093", "5093", true}, {"750931", "5093", true}, {"5093", "50937", true}, {"0937", "50937", true}, {"5037", "50937", false},
		{"7418", "5093", false}, {"83920571", "5093", false}, {"50193", "5093", false},
	} {
		if got := codeOf(t, tt.code).Like(codeOf(t, tt.old)); got != tt.want {
			t.Errorf("%s after %s: like is %v, want %v", tt.code, tt.old, got, tt.want)
		}
	}
}

// What cannot be looked at is not taken.
func TestJudgeWiped(t *testing.T) {
	a, b := codeOf(t, "5093"), codeOf(t, "7418")
	b.Wipe()
	switch {
	case !a.Like(b), !b.Like(a), !a.Like(nil), !b.Easy(), !(*Code)(nil).Easy():
		t.Error("a code that was wiped is judged as good")
	case a.Equal(b), b.Equal(b), a.Equal(nil):
		t.Error("a code that was wiped is equal to one")
	case !a.Equal(codeOf(t, "5093")), a.Equal(codeOf(t, "50931")):
		t.Error("equal codes are not equal")
	}
}
