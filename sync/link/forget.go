// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"madoguchi/sync/enrol"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// ErrForgotten says that the PIN side has had the network side forget the box: key, certificate and settings are erased, and it is not to be started again.
var ErrForgotten = errors.New("the box was wiped")

// forgetLinger is how long the last answer has to reach the PIN side, which goes on without it.
const forgetLinger = 2 * time.Second

// publishLastWord publishes the last state document of a box that is being wiped, retained, and tells the PIN side when the broker has it.
func (r *runner) publishLastWord(ctx context.Context, client mqtt.Client, fail context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case doc := <-r.hub.lastWord:
			if err := r.wait(ctx, client.Publish(r.topics.Reported, qos, true, doc), r.opts.PubackTimeout); err != nil {
				fail(fmt.Errorf("publishing last word: %w", err)) // the PIN side says it again
				return
			}
			r.hub.answer(enrol.Gone{Told: true})
		}
	}
}

// forgetLoop erases what the network side has when the PIN side says so, whether there is a line or not, and ends the run. The line is given up first: each connection writes its number.
func (r *runner) forgetLoop(ctx context.Context, hangUp func(), stop context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hub.forget:
		}
		hangUp()
		if err := r.cfg.forget(); err != nil {
			r.opts.Log.Error("not everything is erased", "err", err) // the PIN side says it again
			continue
		}
		r.hub.answer(enrol.Gone{Told: true, Gone: true})
		r.sleep(ctx, forgetLinger)
		stop(ErrForgotten)
		return
	}
}

// forget erases certificate and key first, wherever they lie, then the folder with everything in it.
func (c Config) forget() error {
	var all []error
	for _, path := range []string{filepath.Join(c.DataDir, IdentityFile), filepath.Join(c.DataDir, oldIdentity), filepath.Join(c.DataDir, nextKey), c.KeyFile, c.CertFile} {
		if path != "" {
			all = append(all, enrol.Folder(filepath.Dir(path)).Erase(filepath.Base(path)))
		}
	}
	return errors.Join(append(all, enrol.EraseAll(enrol.Folder(c.DataDir)))...)
}
