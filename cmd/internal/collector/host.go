// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"madoguchi/cmd/internal/line"
	"madoguchi/cmd/internal/store"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// onHost hears the host state. There is one for all collectors, so the will of
// one that ended says that city hall is away: another that is well says that it
// is not.
func (c *Collector) onHost(context.Context) func(paho.Message) job {
	return func(m paho.Message) job {
		if bytes.Contains(m.Payload(), []byte(`"online":false`)) && c.Status().Database {
			select {
			case c.contradicted <- struct{}{}:
			default:
			}
		}
		return job{}
	}
}

// sayAgain is how long after a contradiction it is repeated.
const sayAgain = time.Second

// droppedTopics are where brokers say how many messages they have dropped since
// they started: mosquitto, and mochi.
var droppedTopics = []string{"$SYS/broker/publish/messages/dropped", "$SYS/broker/messages/dropped"}

// onDropped raises an alarm when the broker's count of dropped messages rises.
// No record is lost by that, because it is not acknowledged either; but something
// is too small.
func (c *Collector) onDropped(m paho.Message) job {
	n, err := strconv.ParseUint(string(m.Payload()), 10, 62)
	if err != nil {
		return job{}
	}
	before := c.dropped.Swap(n)
	if first := !c.heard.Swap(true); first || n <= before { // the first count is the broker's past
		return job{}
	}
	return job{do: func(ctx context.Context) error {
		return c.store.Alarm(ctx, store.AlarmDropped, "", int(n-before))
	}}
}

// host keeps saying whether city hall takes records: it does not while the
// database is away. It returns when the session ends.
func (c *Collector) host(ctx context.Context, conn *line.Conn, number uint64) error {
	said, first := false, true
	var again <-chan time.Time
	for {
		changed, status := c.Changed(), c.Status()
		if first || status.Database != said {
			said, first = status.Database, false
			err := conn.Publish(ctx, topics{c.opts.City}.host(), true, hostState(said, number))
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("publishing host state: %w", err)
			}
		}
		select {
		case <-c.contradicted:
			// Said again after a while: a broker may hand a box the other's word
			// after ours, though it came before.
			first, again = true, time.After(sayAgain)
		case <-again:
			first, again = true, nil
		case <-changed:
		case <-ctx.Done():
			return c.goodbye(ctx, conn, number)
		}
	}
}

// goodbye takes the host state back when the program ends: a clean DISCONNECT
// discards the will.
func (c *Collector) goodbye(ctx context.Context, conn *line.Conn, number uint64) error {
	err := context.Cause(ctx)
	if conn.Open() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Publish(ctx, topics{c.opts.City}.host(), true, hostState(false, number)) // the broker may be as good as gone
	}
	return err
}
