// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/enrol"
)

// step is where a new box stands.
type step uint8

const (
	opening step = iota // the file is being read
	compare             // the words are compared
	typing              // the code is typed
	asking              // the fleet is asked, or the line is waited for
	keeping             // the configuration is being kept
	stopped             // see machine.reason
	done
)

// machine is the state of a new box. It does nothing: handle returns what is to be done.
type machine struct {
	step step
	lang display.Lang

	file  enrol.File
	print enrol.Print
	over  bool // the file's last day is past by a clock that a person did not believe

	digits, fault string
	left          int // tries after a wrong code

	hashing bool
	codeKey []byte         // until the request is made
	request *enrol.Request // kept on the disk
	agreed  bool           // a person has compared the words of this file
	sent    time.Time      // the request, last

	heard bool // of the network side
	word  enrol.Word

	reason, text string    // of the step stopped
	until        time.Time // with "locked"
}

// What is to be done.
type (
	openFile    struct{ over bool }
	hashCode    struct{ digits, serial string }
	keepRequest struct{ raw []byte }
	dropRequest struct{}
	sendRequest struct{ raw []byte }
	commit      struct{ file enrol.File }
	finish      struct{}
)

// What has happened, beside keys.
type (
	opened struct {
		file    enrol.File
		print   enrol.Print
		request *enrol.Request
		reason  string // why not
		text    string
	}
	hashed    struct{ key []byte }
	heard     struct{ word enrol.Word }
	away      struct{} // the network side
	tick      struct{}
	kept      struct{ err error } // of keepRequest
	committed struct{ err error }
	shown     struct{} // of the last screen
)

// again is how long a request waits for its answer before it is sent once more. The fleet does not count it twice.
const again = 10 * time.Second

// codeDigits is the length of a one-time code.
const codeDigits = enrol.CodeDigits

// handle takes what has happened.
func (m *machine) handle(now time.Time, ev any) []any {
	switch ev := ev.(type) {
	case opened:
		return m.opened(ev)
	case pinpad.Key:
		return m.key(now, ev)
	case hashed:
		if m.step != asking || !m.hashing {
			return nil
		}
		m.hashing, m.codeKey = false, ev.key
		return m.ask(now)
	case kept:
		if ev.err != nil && m.step == asking {
			return m.stop("storage", "")
		}
	case heard:
		m.heard, m.word = true, ev.word
		return m.listen(now)
	case away:
		m.heard = false
	case tick:
		if m.step == asking {
			return m.ask(now)
		}
	case committed:
		if m.step != keeping {
			return nil
		}
		if ev.err != nil {
			return m.stop("storage", "")
		}
		m.step = done
	case shown:
		if m.step == done {
			return []any{finish{}}
		}
	}
	return nil
}

func (m *machine) stop(reason, text string) []any {
	m.step, m.reason, m.text = stopped, reason, text
	m.hashing, m.codeKey = false, nil
	return nil
}

func (m *machine) opened(ev opened) []any {
	if m.step != opening {
		return nil
	}
	if ev.reason != "" {
		return m.stop(ev.reason, ev.text)
	}
	m.file, m.print, m.step = ev.file, ev.print, compare
	if ev.request != nil { // of before a power cut: all that a person does was done
		m.request, m.agreed, m.step = ev.request, true, asking
		return m.listen(time.Time{})
	}
	return nil
}

func (m *machine) reopen(over bool) []any {
	*m = machine{lang: m.lang, heard: m.heard, word: m.word, over: over}
	return []any{openFile{over}}
}

// key takes a key of the pad.
func (m *machine) key(now time.Time, k pinpad.Key) []any {
	if k == pinpad.KeyMenu && (m.step == compare || m.step == stopped) {
		if m.lang == display.English {
			m.lang = display.Japanese
		} else {
			m.lang = display.English
		}
		return nil
	}
	switch m.step {
	case compare:
		switch k {
		case pinpad.KeyCancel:
			return m.stop("words", "")
		case pinpad.KeyEnter:
			m.agreed, m.step, m.digits, m.fault, m.left = true, typing, "", "", 0
			return m.listen(now) // the network side may have its certificate already
		}
	case typing:
		return m.type_(k)
	case asking:
		if k == pinpad.KeyCancel { // nobody is kept before a line that does not come
			m.step, m.agreed, m.request, m.codeKey, m.hashing = compare, false, nil, nil, false
			return []any{dropRequest{}}
		}
	case stopped:
		if k != pinpad.KeyEnter || m.reason == "locked" && now.Before(m.until) {
			return nil
		}
		if m.reason == "locked" && m.request != nil {
			m.step, m.sent = asking, time.Time{}
			return m.ask(now)
		}
		return m.reopen(m.reason == "expired")
	}
	return nil
}

func (m *machine) type_(k pinpad.Key) []any {
	m.fault = ""
	switch {
	case k == pinpad.KeyCancel:
		m.step, m.agreed, m.digits = compare, false, ""
	case k == pinpad.KeyClear && m.digits != "":
		m.digits = m.digits[:len(m.digits)-1]
	case k == pinpad.KeyEnter && len(m.digits) < codeDigits:
		m.fault = "too_short"
	case k == pinpad.KeyEnter:
		m.step, m.hashing = asking, true
		code := m.digits
		m.digits, m.left = "", 0
		return []any{hashCode{code, m.file.Serial}}
	default:
		if d := k.String(); len(d) == 1 && len(m.digits) < codeDigits {
			m.digits += d
		}
	}
	return nil
}

// ask makes the request when code and key are there, and sends it while there is a line.
func (m *machine) ask(now time.Time) (do []any) {
	if m.request == nil && m.codeKey != nil && len(m.word.CSR) > 0 {
		r, err := enrol.Ask(m.file, m.codeKey, m.word.CSR)
		m.codeKey = nil
		if err != nil {
			return m.stop("request", "")
		}
		m.request, m.sent = &r, time.Time{}
		raw, _ := r.Encode() // Ask has encoded it
		do = append(do, keepRequest{raw})
	}
	if m.request == nil || !m.heard || m.word.Line != enrol.LineUp || now.Sub(m.sent) < again {
		return do
	}
	m.sent = now
	raw, _ := m.request.Encode()
	return append(do, sendRequest{raw})
}

// listen takes what the network side says.
func (m *machine) listen(now time.Time) []any {
	if m.agreed && len(m.word.Certificate) > 0 && (m.step == asking || m.step == typing) && m.ours(m.word.Certificate) {
		m.step = keeping
		return []any{commit{m.file}}
	}
	if m.step != asking {
		return nil
	}
	if m.request != nil && len(m.word.CSR) > 0 && !bytes.Equal(m.request.CSR, m.word.CSR) {
		// The network side has lost its key and drawn another: the code is wanted once more.
		m.step, m.request, m.digits, m.fault, m.left = typing, nil, "", "", 0
		return []any{dropRequest{}}
	}
	if m.request != nil && len(m.word.Answer) > 0 {
		if do, answered := m.answer(now); answered {
			return do
		}
	}
	return m.ask(now)
}

// ours tells whether a certificate is the authority's for this box, and not that of the file.
func (m *machine) ours(der []byte) bool {
	ca, err := x509.ParseCertificate(m.file.Authority)
	if err != nil {
		return false
	}
	c, err := x509.ParseCertificate(der)
	return err == nil && c.CheckSignatureFrom(ca) == nil && c.Subject.CommonName == m.file.Device && !c.IsCA && !bytes.Equal(der, m.file.Certificate)
}

// reasons are the screens of the fleet's refusals.
var reasons = map[enrol.Code]string{enrol.UsedUp: "used", enrol.TooLate: "late", enrol.Unknown: "unknown", enrol.Revoked: "revoked", enrol.BadRequest: "request", enrol.TooEarly: "request"}

// answer takes the fleet's; false: it is to another request, or all is well and the certificate will come.
func (m *machine) answer(now time.Time) ([]any, bool) {
	a, err := enrol.ParseAnswer(m.word.Answer)
	if err != nil {
		return m.stop("foreign", ""), true
	}
	csr, err := x509.ParseCertificateRequest(m.request.CSR)
	if err != nil {
		return m.stop("request", ""), true
	}
	ca, err := x509.ParseCertificate(m.file.Authority)
	if err != nil {
		return m.stop("forged", ""), true
	}
	_, err = a.CertificateFor(*m.request, m.file.Device, csr.PublicKey, ca, time.Time{}, false)
	var no *enrol.RefusedError
	switch {
	case errors.Is(err, enrol.ErrOther):
		return nil, false
	case err == nil:
		return nil, false
	case !errors.As(err, &no):
		m.request = nil
		return append(m.stop("foreign", ""), dropRequest{}), true
	case no.Code == enrol.Locked:
		m.until = now.Add(time.Duration(no.Wait) * time.Second)
		return m.stop("locked", ""), true
	case no.Code == enrol.WrongCode && no.Left > 0:
		m.request = nil
		m.step, m.digits, m.fault, m.left = typing, "", "", no.Left
		return []any{dropRequest{}}, true
	case no.Code == enrol.WrongCode:
		m.request = nil
		return append(m.stop("used", ""), dropRequest{}), true
	}
	reason := reasons[no.Code]
	if reason == "" {
		reason = "request"
	}
	m.request = nil
	return append(m.stop(reason, ""), dropRequest{}), true
}

// screen is what a person sees.
func (m *machine) language() display.Lang { return m.lang }

func (m *machine) screen(now time.Time) display.Screen {
	s := display.Screen{Lang: m.lang}
	switch m.step {
	case compare:
		s.ID = display.ServiceEnrolWords
		s.Facts = display.Facts{Text: strings.Join(m.print.Words[:], " "), Office: windowName(m.file), Title: m.file.City + " / " + m.file.Device, Fingerprint: m.print.Hex}
	case typing:
		s.ID = display.ServiceEnrolCode
		s.Facts = display.Facts{Text: m.digits, Fault: m.fault, Left: m.left}
	case asking:
		s.ID = display.ServiceEnrolWait
		switch {
		case !m.heard:
			s.Facts.Reason = "link"
		case m.word.Line != enrol.LineUp:
			s.Facts.Reason, s.Facts.Text = string(m.word.Line), strings.TrimPrefix(m.file.Broker, "tls://")
		default:
			s.Facts.Reason = "asking"
		}
	case keeping:
		s.ID, s.Facts.Reason = display.ServiceEnrolWait, "keeping"
	case stopped:
		s.ID = display.ServiceEnrolStop
		s.Facts = display.Facts{Reason: m.reason, Text: m.text}
		if m.reason == "locked" {
			s.Facts.Seconds = max(60, int(m.until.Sub(now)/time.Second))
		}
	case done:
		s.ID = display.ServiceEnrolDone
	default:
		s.ID = display.Boot
	}
	return s
}
