// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/card"
	"madoguchi/card/pcsc"
	"madoguchi/device"
	"madoguchi/display/epd"
)

// selftestLimit is how long the whole check may take; what has not answered by then is told as silent.
const selftestLimit = 20 * time.Second

// A Finding is what one check found. Codes are stable: two letters for the part, a number for what is wrong, 0 for nothing.
type Finding struct {
	Part string `json:"part"`
	Code string `json:"code"`
	OK   bool   `json:"ok"`
	What string `json:"what"` // in words, with what to do if it is not well
}

func well(part, code, format string, args ...any) Finding {
	return Finding{part, code, true, fmt.Sprintf(format, args...)}
}

func ill(part, code, format string, args ...any) Finding {
	return Finding{part, code, false, fmt.Sprintf(format, args...)}
}

// runSelftest checks the parts of a box that serves nobody: keys, panel, reader, clock, storage, link, a line each. It ends with 0 when all are well,
// 1 when one is not, 2 when it could not check.
func runSelftest(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("counter selftest", flag.ContinueOnError)
	flags.SetOutput(stderr)
	config := flags.String("config", "/data/counter/counter.toml", "configuration `file`")
	asJSON := flags.Bool("json", false, "print one JSON list")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || flags.NArg() > 0 {
		return 2
	}
	cfg, err := device.LoadConfig(*config)
	if err == nil {
		err = alone(cfg.DataDir)
	}
	if err != nil {
		fmt.Fprintln(stderr, "counter:", err)
		return 2
	}
	found := checkAll([]check{
		{"keys", "KY", func() Finding { return checkKeys(cfg) }},
		{"panel", "PN", func() Finding { return checkPanel(cfg) }},
		{"reader", "RD", func() Finding { return checkReader(cfg) }},
		{"clock", "CL", func() Finding { return checkClock(time.Now(), "/usr/lib/clock-epoch", synchronised) }},
		{"storage", "ST", func() Finding { return checkStorage(cfg.DataDir) }},
		{"link", "LK", func() Finding { return checkLink(time.Now(), "/data/link/cert.pem", proc) }},
	}, selftestLimit)
	if *asJSON {
		_ = json.NewEncoder(stdout).Encode(found)
	}
	status := 0
	for _, f := range found {
		if !*asJSON {
			fmt.Fprintf(stdout, "%-8s %s  %s\n", f.Part, f.Code, f.What)
		}
		if !f.OK {
			status = 1
		}
	}
	return status
}

// check looks at one part.
type check struct {
	part, code string
	do         func() Finding
}

// checkAll runs all checks side by side, and gives their findings in order.
func checkAll(checks []check, limit time.Duration) []Finding {
	answers := make([]chan Finding, len(checks))
	for i, c := range checks {
		answers[i] = make(chan Finding, 1)
		go func() { answers[i] <- c.do() }()
	}
	var out []Finding
	end := time.After(limit)
	silent := false
	for i, c := range checks {
		if silent {
			select {
			case f := <-answers[i]:
				out = append(out, f)
			default:
				out = append(out, ill(c.part, c.code+"9", "no answer within %v", limit))
			}
			continue
		}
		select {
		case f := <-answers[i]:
			out = append(out, f)
		case <-end:
			silent = true
			out = append(out, ill(c.part, c.code+"9", "no answer within %v", limit))
		}
	}
	return out
}

// checkKeys looks for rows that are low by themselves and for keys that are down. Nobody must press any meanwhile.
func checkKeys(cfg device.Config) Finding {
	c, err := openChip(cfg.GPIOChip)
	if err != nil {
		return ill("keys", "KY1", "%v", err)
	}
	l := &lines{chip: c, used: map[int]string{}}
	var rows, cols [4]gpio.PinIO
	for i := range rows {
		rows[i] = l.line(fmt.Sprintf("key row %d", i+1), cfg.Pins.Rows[i])
		cols[i] = l.line(fmt.Sprintf("key column %d", i+1), cfg.Pins.Cols[i])
	}
	if l.err != nil {
		return ill("keys", "KY1", "%v", l.err)
	}
	return scanKeys(rows, cols)
}

// scanKeys reads the matrix once, each column by itself.
func scanKeys(rows, cols [4]gpio.PinIO) Finding {
	for _, c := range cols {
		if err := c.In(gpio.PullNoChange, gpio.NoEdge); err != nil {
			return ill("keys", "KY1", "%s: %v", c.Name(), err)
		}
	}
	for i, r := range rows {
		if err := r.In(gpio.PullUp, gpio.NoEdge); err != nil {
			return ill("keys", "KY1", "row %d: %v", i+1, err)
		}
		if r.Read() == gpio.Low {
			return ill("keys", "KY2", "row %d is low with no column driven: look at the key-pad's cable", i+1)
		}
	}
	for i, c := range cols {
		if err := c.Out(gpio.Low); err != nil {
			return ill("keys", "KY1", "column %d: %v", i+1, err)
		}
		time.Sleep(time.Millisecond) // far more than the pad's 50 µs to settle
		for j, r := range rows {
			if r.Read() == gpio.Low {
				_ = c.In(gpio.PullNoChange, gpio.NoEdge)
				return ill("keys", "KY3", "the key in row %d, column %d is down: tap it", j+1, i+1)
			}
		}
		if err := c.In(gpio.PullNoChange, gpio.NoEdge); err != nil {
			return ill("keys", "KY1", "column %d: %v", i+1, err)
		}
	}
	return well("keys", "KY0", "all 16 are up")
}

// checkPanel wipes the panel, which ends in its sleep: a panel that works is white afterwards.
func checkPanel(cfg device.Config) Finding {
	panel, closePanel, err := darkPanel(cfg)
	if err != nil {
		return ill("panel", "PN1", "%v", err)
	}
	defer closePanel()
	ctx, cancel := context.WithTimeout(context.Background(), selftestLimit)
	defer cancel()
	var busy *epd.BusyError
	var short *epd.ShortError
	err = panel.Wipe(ctx)
	switch {
	case errors.As(err, &busy):
		return ill("panel", "PN2", "%v", err)
	case errors.As(err, &short):
		return ill("panel", "PN3", "%v", err)
	case err != nil:
		return ill("panel", "PN1", "%v", err)
	}
	return well("panel", "PN0", "%s is white and asleep", panel)
}

// checkReader asks the card service for the slot's state.
func checkReader(cfg device.Config) Finding {
	if err := usable("smart-card service", cfg.ReaderSocket, "start pcscd.socket"); err != nil {
		return ill("reader", "RD1", "%v", err)
	}
	r, err := pcsc.Open(&pcsc.Opts{Reader: cfg.Reader})
	if err != nil {
		return ill("reader", "RD1", "%v", err)
	}
	defer r.Close()
	for {
		select {
		case e, ok := <-r.Events():
			switch {
			case !ok:
				return ill("reader", "RD1", "the card service has gone")
			case e.Presence == card.NoReader:
				return ill("reader", "RD2", "there is no reader: look at its cable and at the hub's supply")
			default:
				return well("reader", "RD0", "it answers, the slot is %v", e.Presence)
			}
		case <-time.After(selftestLimit):
			return ill("reader", "RD9", "the card service does not answer")
		}
	}
}

// checkClock compares the clock with the build's day and asks the kernel whether somebody keeps it.
func checkClock(now time.Time, epoch string, kept func() (bool, error)) Finding {
	if st, err := os.Stat(epoch); err == nil && now.Before(st.ModTime()) {
		return ill("clock", "CL1", "it says %s, before this program was built: look at the clock's battery", now.Format(time.DateOnly))
	}
	ok, err := kept()
	if err != nil {
		return ill("clock", "CL9", "asking the kernel: %v", err)
	}
	if !ok {
		return ill("clock", "CL2", "it says %s, and no server confirms it: look at the line; the clerk is asked for the date", now.Format("2006-01-02 15:04"))
	}
	return well("clock", "CL0", "%s, kept by a server", now.Format("2006-01-02 15:04"))
}

// synchronised asks the kernel (adjtimex(2)).
func synchronised() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, err
}

// checkStorage says what device.CheckStorage finds.
func checkStorage(dir string) Finding {
	free, err := device.CheckStorage(dir)
	var low *device.LowError
	switch {
	case errors.As(err, &low):
		return ill("storage", "ST3", "%v", err)
	case errors.Is(err, device.ErrNoFolder):
		return ill("storage", "ST1", "%v", err)
	case err != nil:
		return ill("storage", "ST2", "cannot be written: %v", err)
	}
	return well("storage", "ST0", "it keeps what is written, %d MiB are free", free>>20)
}

// certSoon is when a certificate's end is told beforehand: a renewal takes a visit.
const certSoon = 30 * 24 * time.Hour

// checkLink looks for the network side's program, and at the end of the box's certificate if this user may read it.
func checkLink(now time.Time, cert, procDir string) Finding {
	if b, err := os.ReadFile(cert); err == nil {
		block, _ := pem.Decode(b)
		if block == nil {
			return ill("link", "LK2", "%s is no certificate", cert)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return ill("link", "LK2", "%s: %v", cert, err)
		case now.After(c.NotAfter):
			return ill("link", "LK3", "the box's certificate ended on %s: order a new one", c.NotAfter.Format(time.DateOnly))
		case now.Add(certSoon).After(c.NotAfter):
			return ill("link", "LK4", "the box's certificate ends on %s: order a new one", c.NotAfter.Format(time.DateOnly))
		}
	}
	names, _ := filepath.Glob(filepath.Join(procDir, "[0-9]*", "comm"))
	for _, n := range names {
		if b, err := os.ReadFile(n); err == nil && strings.TrimSpace(string(b)) == "link" {
			return well("link", "LK0", "the program runs; the idle screen says whether city hall answers")
		}
	}
	return ill("link", "LK1", "the program does not run: look at its settings (journalctl -u link)")
}
