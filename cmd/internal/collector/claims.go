// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"slices"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/claim"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// onPut takes a claim number and its state: from the box that drew the number,
// or, once it is here, from any box that went on with the case.
func (c *Collector) onPut(m paho.Message) func(context.Context) error {
	device, ok := topics{c.opts.City}.deviceOf(m.Topic(), "claim/put")
	if !ok {
		return c.malformed("", "claim/put", len(m.Payload()), errNoDevice)
	}
	put, err := claim.DecodePut(m.Payload())
	if err != nil {
		return c.malformed(device, "claim/put", len(m.Payload()), errUnreadable)
	}
	return func(ctx context.Context) error {
		verdict := claim.Stored
		err := c.store.SetClaim(ctx, put.Number.Plain(), func(old []byte) (body []byte, expires time.Time) {
			verdict, body = decide(device, put, old)
			return body, (put.State.Expires + 1).Start()
		})
		if err != nil {
			return err
		}
		c.answers.put(device+" "+put.Number.Plain(), claim.Answer{Device: device, Number: put.Number, Nonce: put.Nonce, Verdict: verdict})
		return nil
	}
}

// decide weighs a state against the one that is here: the verdict, and what to
// write, nil for nothing.
func decide(device string, put claim.Put, old []byte) (claim.Verdict, []byte) {
	body, err := put.State.Encode()
	if err != nil {
		return claim.Refused, nil
	}
	if old == nil {
		if put.Number.Prefix() != claim.PrefixOf(device) {
			return claim.Refused, nil // drawn by another box, which has not brought it
		}
		return claim.Stored, body
	}
	have, err := claim.DecodeState(old)
	switch {
	case err != nil:
		return claim.Stored, body // what is here cannot be read any more
	case have.Procedure != put.State.Procedure || have.Applicant != put.State.Applicant || have.Issued != put.State.Issued:
		return claim.Refused, nil // the number belongs to another claim
	case put.State.Rev == have.Rev && put.State != have:
		return claim.Refused, nil // two offices went on with it at once: the first one's word holds
	case put.State.Rev <= have.Rev:
		return claim.Stored, nil
	}
	return claim.Stored, body
}

// onGet answers what lies behind a number. Unknown, expired and closed have one
// answer, and who asks too often is told to come later, whatever the number is. A
// number that no box of the city can have given is said to be one: its beginning is
// a box's, and says nothing of a claim.
func (c *Collector) onGet(m paho.Message) func(context.Context) error {
	device, ok := topics{c.opts.City}.deviceOf(m.Topic(), "claim/get")
	if !ok {
		return c.malformed("", "claim/get", len(m.Payload()), errNoDevice)
	}
	get, err := claim.DecodeGet(m.Payload())
	if err != nil {
		return c.malformed(device, "claim/get", len(m.Payload()), errUnreadable)
	}
	now := c.opts.Now()
	a := claim.Answer{Device: device, Number: get.Number, Nonce: get.Nonce, Verdict: claim.Busy}
	if !c.guard.Allow(device, now) {
		return func(ctx context.Context) error {
			if err := c.store.Alarm(ctx, store.AlarmGuess, device, 1); err != nil {
				return err
			}
			c.answers.put(device+" "+get.Number.Plain(), a)
			return nil
		}
	}
	return func(ctx context.Context) error {
		body, err := c.store.Claim(ctx, get.Number.Plain())
		if err != nil {
			return err
		}
		a.Verdict = claim.Unknown
		if s, err := claim.DecodeState(body); body != nil && err == nil && s.Live(claim.DayOf(now)) {
			a.Verdict, a.State = claim.Found, s
		} else if ours, err := c.gives(ctx, get.Number.Prefix()); err != nil {
			return err
		} else if !ours {
			a.Verdict = claim.Elsewhere
		}
		c.answers.put(device+" "+get.Number.Plain(), a)
		return nil
	}
}

// gives says whether some box of the city gives numbers that begin with p.
func (c *Collector) gives(ctx context.Context, p claim.Prefix) (bool, error) {
	boxes, err := c.store.Names(ctx)
	return slices.ContainsFunc(boxes, func(b string) bool { return claim.PrefixOf(b) == p }), err
}

var (
	errNoDevice   = errors.New("device id is not well formed")
	errUnreadable = errors.New("not the canonical form") // a decoder's own word may quote the message
)
