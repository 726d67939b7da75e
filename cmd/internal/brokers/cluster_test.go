// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"fmt"
	"testing"
	"time"
)

// A hundred boxes send while one of three brokers is killed: the one at which city hall's collector is. Boxes and collector find another; every record is at city hall once.
func TestClusterLosesNode(t *testing.T) {
	const boxes, each = 100, 30
	var devices []string
	for i := range boxes {
		devices = append(devices, fmt.Sprintf("box-%03d", i))
	}
	r, cluster := startNats(t, devices...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(cluster.Said())
		}
	})
	// City hall reaches the cluster by one address, as behind a balancer.
	r.hall.Broker = startProxy(t, &proxy{}, r.addrs...)
	h := startHall(t, r.hall)
	began := time.Now()
	var all []*box
	for _, d := range devices {
		c := r.config(t, d, r.url)
		c.Spread = 5 * time.Second
		all = append(all, startBox(t, h, c, each, 4))
	}
	confirmed := func() (n uint64) {
		for _, b := range all {
			n += b.ob.Stats().Upto
		}
		return n
	}
	await(t, "a third is confirmed", h.store.Changed, func() bool { return confirmed() > boxes*each/3 })
	at := confirmed()
	must(t, cluster.Kill(0))
	t.Logf("node killed after %v with %d of %d records confirmed", time.Since(began).Round(time.Millisecond), at, boxes*each)
	drained(t, h, all...)
	again := 0
	for _, b := range all {
		if b.counts.Connections.Load() > 1 {
			again++
		}
	}
	if at > boxes*each*9/10 || again < boxes/6 {
		t.Errorf("%d confirmed before the kill and %d boxes moved: the test says little", at, again)
	}
	t.Logf("everything there after %v; %d boxes moved to another node", time.Since(began).Round(time.Millisecond), again)
	must(t, cluster.Restart(0))
}
