// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"madoguchi/device/session"
	"madoguchi/sync/claim"
	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// findWait is how long city hall has to answer for a number: four times what a slow line takes, and less than the session waits.
const findWait = 8 * time.Second

// leaves are what a case leaves in the outbox, in one transaction.
type leaves struct {
	facets record.Facets
	claims []outbox.Claim
}

// claims draws the number of a case that gets one, and is what its transaction does to claims.
func (s *store) claims(c session.Claim) ([]outbox.Claim, error) {
	if c == (session.Claim{}) {
		return nil, nil
	}
	if c.Number == (claim.Number{}) {
		var failed error
		n, err := claim.Draw(s.prefix, func(n claim.Number) bool {
			_, there, err := s.d.box.Claim(n)
			failed = errors.Join(failed, err)
			return there
		})
		if err = errors.Join(err, failed); err != nil {
			return nil, err
		}
		c.Number = n
	}
	return []outbox.Claim{{Number: c.Number, State: c.State}}, nil
}

// claims is what the uplink knows of claim numbers: a question of the clerk's, and a claim on its way to city hall. One of each at a time.
type claims struct {
	asks chan session.FindClaim

	asked   session.FindClaim // waits for city hall; No 0: none
	get     claim.Nonce
	here    outbox.Claim // what this box knows of asked; zero: nothing
	getDue  <-chan time.Time
	stopGet func()

	put     outbox.Claim // on its way; zero: none
	putAs   claim.Nonce
	resend  time.Duration
	putDue  <-chan time.Time
	stopPut func()
}

func newClaims() claims {
	return claims{asks: make(chan session.FindClaim, 4), resend: resendMin, stopGet: func() {}, stopPut: func() {}}
}

// quiet ends the wait for city hall's word on a claim that was put.
func (c *claims) quiet() {
	c.stopPut()
	c.put, c.putDue, c.stopPut = outbox.Claim{}, nil, func() {}
}

// find takes a question of the clerk's. It never waits: the session asks one after the other.
func (u *uplink) find(e session.FindClaim) {
	select {
	case u.claims.asks <- e:
	default:
	}
}

// findClaim looks a number up: among those of this box, and, if there is a line, at city hall, where another office may have gone on with it.
func (u *uplink) findClaim(ctx context.Context, e session.FindClaim, conn *wall.Conn) {
	c := &u.claims
	c.stopGet()
	c.asked, c.here, c.getDue, c.stopGet = e, outbox.Claim{}, nil, func() {}
	t, err := u.throttle()
	if err != nil {
		u.d.log.Error("claim throttle", "cause", err)
		u.found(ctx, session.Event{Found: session.FindStorage})
		return
	}
	now := u.d.clock.Now()
	if t.Wait(now) > 0 {
		u.found(ctx, session.Event{Found: session.FindPause, Until: now.Add(t.Wait(now))})
		return
	}
	here, there, err := u.d.box.Claim(e.Number)
	if err != nil {
		u.d.log.Error("claim", "cause", err)
	}
	today := u.today()
	switch {
	case there && here.State.Step == claim.Closed:
		u.opensNothing(ctx, session.FindClosed)
		return
	case there && !here.State.Live(today):
		u.opensNothing(ctx, session.FindExpired)
		return
	case there:
		c.here = here
	}
	if conn == nil || u.link != session.LinkUp {
		u.claimAlone(ctx, session.FindLine)
		return
	}
	c.get = claim.NewNonce()
	body, err := claim.Get{Number: e.Number, Nonce: c.get}.Encode()
	if err == nil {
		err = conn.Write(wall.ClaimGet, body)
	}
	if err != nil {
		u.d.log.Error("asking for a claim", "cause", err)
		u.claimAlone(ctx, session.FindLine)
		return
	}
	c.getDue, c.stopGet = u.d.clock.Timer(findWait)
}

// claimSilent: city hall did not answer in time.
func (u *uplink) claimSilent(ctx context.Context) { u.claimAlone(ctx, session.FindSilent) }

// claimsCut: the line is gone, and with it what was on it.
func (u *uplink) claimsCut(ctx context.Context) {
	u.claims.quiet()
	if u.claims.getDue != nil {
		u.claimAlone(ctx, session.FindLine)
	}
}

// claimAlone answers by what this box knows itself. why is told if that is nothing; it is not the number's fault and no miss.
func (u *uplink) claimAlone(ctx context.Context, why session.Find) {
	if here := u.claims.here; here != (outbox.Claim{}) {
		u.opens(ctx, here.State)
		return
	}
	u.found(ctx, session.Event{Found: why})
}

// claimAnswer takes city hall's signed word: on a number that the clerk typed, or on a claim that was put.
func (u *uplink) claimAnswer(ctx context.Context, body []byte, conn *wall.Conn) {
	c := &u.claims
	a, err := claim.OpenAnswer(u.d.key, u.d.cfg.DeviceID, body)
	switch {
	case err != nil:
		u.refused.Add(1)
		u.d.log.Error("claim refused", "cause", err)
	case c.put != (outbox.Claim{}) && a.Nonce == c.putAs && a.Number == c.put.Number && (a.Verdict == claim.Stored || a.Verdict == claim.Refused):
		u.claimPut(a.Verdict, conn)
	case c.asked.No != 0 && c.getDue != nil && a.Nonce == c.get && a.Number == c.asked.Number:
		u.claimGot(ctx, a)
	}
}

// claimGot answers by city hall's word and by what this box knows: the higher revision holds, and a claim that city hall has not been told of is good here.
func (u *uplink) claimGot(ctx context.Context, a claim.Answer) {
	here := u.claims.here
	switch a.Verdict {
	case claim.Found:
		if here != (outbox.Claim{}) && here.State.Rev > a.State.Rev {
			a.State = here.State
		}
		if !a.State.Live(u.today()) { // by this box's clock: city hall's may be slow
			u.opensNothing(ctx, session.FindExpired)
			return
		}
		u.opens(ctx, a.State)
	case claim.Unknown, claim.Elsewhere:
		switch {
		case here != (outbox.Claim{}) && !here.Told:
			u.opens(ctx, here.State)
		case here != (outbox.Claim{}): // another office has completed it
			u.opensNothing(ctx, session.FindClosed)
		case a.Verdict == claim.Elsewhere:
			u.opensNothing(ctx, session.FindElsewhere)
		default:
			u.opensNothing(ctx, session.FindUnknown)
		}
	default: // busy
		u.claimAlone(ctx, session.FindBusy)
	}
}

// opens answers with what lies behind the number. It ends the misses, as a right clerk code does.
func (u *uplink) opens(ctx context.Context, s claim.State) {
	if err := u.d.box.PutClaimThrottle(outbox.Throttle{}); err != nil {
		u.d.log.Error("claim throttle", "cause", err)
	}
	c := &u.claims
	ours := c.here != (outbox.Claim{}) && c.asked.Number.Prefix() == claim.PrefixOf(u.d.cfg.DeviceID)
	u.found(ctx, session.Event{Found: session.FindOK, Number: c.asked.Number, State: s, Here: ours})
}

// opensNothing counts a miss, and tells it when it is stored: pulling the plug in between gains nothing.
func (u *uplink) opensNothing(ctx context.Context, why session.Find) {
	t, err := u.throttle()
	if err == nil {
		t = t.Miss(u.d.clock.Now())
		err = u.d.box.PutClaimThrottle(outbox.Throttle{Misses: t.Misses, Until: t.Until})
	}
	if err != nil { // a number that cannot be counted has not been looked up
		u.d.log.Error("claim throttle", "cause", err)
		u.found(ctx, session.Event{Found: session.FindStorage})
		return
	}
	u.found(ctx, session.Event{Found: why, Left: t.Left()})
}

// throttle is the brake on guessing as it is stored.
func (u *uplink) throttle() (claim.Throttle, error) {
	t, err := u.d.box.ClaimThrottle()
	return claim.Throttle{Misses: t.Misses, Until: t.Until}, err
}

// found answers the clerk's question.
func (u *uplink) found(ctx context.Context, ev session.Event) {
	c := &u.claims
	c.stopGet()
	ev.Kind, ev.No = session.ClaimFound, c.asked.No
	c.asked, c.here, c.getDue, c.stopGet = session.FindClaim{}, outbox.Claim{}, nil, func() {}
	u.d.send(ctx, ev)
}

// putClaim brings the next claim that city hall has not heard of, and again until it says that it has it.
func (u *uplink) putClaim(conn *wall.Conn) {
	c := &u.claims
	c.quiet()
	if conn == nil || u.link != session.LinkUp {
		return
	}
	all, err := u.d.box.Claims()
	if err != nil {
		u.d.log.Error("claims", "cause", err)
		return
	}
	for _, one := range all {
		if !one.Told {
			c.put = one
			break
		}
	}
	if c.put == (outbox.Claim{}) {
		c.resend = resendMin
		return
	}
	c.putAs = claim.NewNonce()
	body, err := claim.Put{Number: c.put.Number, State: c.put.State, Nonce: c.putAs}.Encode()
	if err == nil {
		err = conn.Write(wall.ClaimPut, body)
	}
	if err != nil {
		u.d.log.Error("putting a claim", "cause", err)
	}
	c.putDue, c.stopPut = u.d.clock.Timer(c.resend + time.Duration(rand.Int64N(int64(c.resend/4))))
}

// claimPut notes that city hall has decided on a claim. One that it refuses is not put again: it belongs to another case there.
func (u *uplink) claimPut(v claim.Verdict, conn *wall.Conn) {
	c := &u.claims
	if v == claim.Refused {
		u.d.log.Error("claim put", "cause", fmt.Errorf("city hall %v it", v))
	}
	told := c.put
	told.Told = true
	if err := u.d.box.PutClaim(told); err != nil {
		u.d.log.Error("claim put", "cause", err)
		return // again when it is due
	}
	c.resend = resendMin
	u.putClaim(conn)
}

// today is the day by the clock, 0 while nobody can say.
func (u *uplink) today() claim.Day {
	if !u.d.trusted.Load() {
		return 0
	}
	return claim.DayOf(u.d.clock.Now())
}
