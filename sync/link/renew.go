// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"madoguchi/sync/enrol"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Waits of a renewal.
const (
	renewLook   = 6 * time.Hour      // between looks whether it is time: the clock may be set
	renewAnswer = time.Minute        // until a request counts as unanswered
	renewAgain  = time.Hour          // after that, as a limit of a random time
	renewPause  = 24 * time.Hour     // after a refusal
	renewSpread = 7 * 24 * time.Hour // boxes of one day's enrolments do not come back on one day
)

// errRenewed ends a connection so that the next one is made with the new certificate.
var errRenewed = errors.New("certificate renewed")

// renew asks for the next certificate when half of this one's life is over, and keeps it. It runs as long as a connection does.
func (r *runner) renew(ctx context.Context, client mqtt.Client, fail context.CancelCauseFunc) {
	spread := r.opts.Jitter(renewSpread)
	for {
		old := r.identity.current()
		wait := enrol.RenewAt(old.Leaf).Add(min(spread, lifeOf(old.Leaf)/20)).Sub(r.clock.now())
		if wait > 0 {
			if !r.sleep(ctx, min(wait, renewLook)) {
				return
			}
			continue
		}
		err := r.renewOnce(ctx, client)
		pause := r.opts.Jitter(renewAgain)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			fail(errRenewed)
			return
		case errors.As(err, new(*enrol.RefusedError)):
			pause = renewPause
		}
		r.opts.Log.Warn("certificate not renewed", "err", err, "retry_in", pause.Round(time.Second))
		if !r.sleep(ctx, pause) {
			return
		}
	}
}

func lifeOf(c *x509.Certificate) time.Duration { return c.NotAfter.Sub(c.NotBefore) }

// renewOnce makes one request and waits for its answer.
func (r *runner) renewOnce(ctx context.Context, client mqtt.Client) error {
	old, ok := r.identity.current().PrivateKey.(crypto.Signer)
	if !ok {
		return errors.New("renewing: the box's key cannot sign")
	}
	key, err := drawn(r.identity.disk, old.Public())
	if err != nil {
		return err
	}
	req, err := enrol.Renew(r.cfg.Device, old, key)
	if err != nil {
		return err
	}
	body, err := req.Encode()
	if err != nil {
		return err
	}
	if err := r.wait(ctx, client.Publish(r.topics.EnrolUp, qos, false, body), r.opts.PubackTimeout); err != nil {
		return err
	}
	timeout, stop := r.opts.Clock.Timer(renewAnswer)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout:
			return errNoAnswer
		case raw := <-r.hub.enrolled:
			a, err := enrol.ParseAnswer(raw)
			if err != nil {
				return err
			}
			cert, err := a.CertificateFor(req, r.cfg.Device, key.Public(), r.identity.ca, r.clock.now(), false)
			if errors.Is(err, enrol.ErrOther) {
				continue // to a request before
			}
			if err != nil {
				return err
			}
			if err := r.identity.renewed(cert, key); err != nil {
				return err
			}
			r.hub.known(r.identity.current())
			return nil
		}
	}
}
