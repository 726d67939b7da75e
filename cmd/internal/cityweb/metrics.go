// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"crypto/subtle"
	"net/http"
	"time"

	"madoguchi/cmd/internal/collector"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// figured is a collector that counts what it did; *collector.Collector is one.
type figured interface{ Figures() collector.Figures }

// gauges turns what the pages show into metrics, when it is asked.
type gauges struct{ s *site }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("madoguchi_"+name, help, labels, nil)
}

var (
	mUp        = desc("up", "Whether broker and database answer.", "part")
	mRecords   = desc("records_total", "Records by what became of them.", "result")
	mBatches   = desc("batches_total", "Batches of records that were applied.")
	mDevices   = desc("devices", "Devices by state.", "state")
	mVersions  = desc("device_versions", "Devices by firmware version.", "version")
	mGap       = desc("gap_records", "Records that are missing between others.")
	mWaiting   = desc("waiting_records", "Records that devices say they hold.")
	mContact   = desc("oldest_contact_seconds", "Time since the last contact of the device that was heard of longest ago.")
	mAlerts    = desc("alerts", "Things that a person should look at, and has not.", "kind")
	mMalformed = desc("malformed_total", "Messages that did not pass the gate, since this program started.")
	mUnsaved   = desc("database_failures_total", "Writes that failed and were tried again.")
	mDropped   = desc("broker_dropped_total", "Messages that the broker says it dropped.")
	mCommit    = desc("commit_seconds", "Transactions with records, the sync of the disk in them.")
	mOpen      = desc("open_records", "Records that wait for the end of their week or quarter.")
	mCases     = desc("released_cases", "Finished cases of the newest quarter that is over, by outcome. Counts below k are merged.", "office", "outcome")
	mLockouts  = desc("released_lockouts_per_1000", "Lock-outs per 1,000 PIN entries of the newest quarter that is over.", "office")
)

// Describe implements prometheus.Collector; the metrics are found by asking.
func (g gauges) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, ch) }

// Collect implements prometheus.Collector.
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	set := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	is := map[bool]float64{true: 1}
	st := g.s.collector.Status()
	set(mUp, prometheus.GaugeValue, is[st.Broker], "broker")
	if c, ok := g.s.collector.(figured); ok {
		f := c.Figures()
		set(mMalformed, prometheus.CounterValue, float64(f.Malformed))
		set(mUnsaved, prometheus.CounterValue, float64(f.Unsaved))
		set(mDropped, prometheus.CounterValue, float64(f.Dropped))
		ch <- prometheus.MustNewConstSummary(mCommit, f.Commits, f.CommitSeconds, nil)
	}
	err := g.database(ctx, set)
	set(mUp, prometheus.GaugeValue, is[st.Database && err == nil], "database")
	if err != nil {
		g.s.opts.Log.Error("metrics failed", "err", err)
	}
}

// database tells what comes from the database; when it does not answer, the rest
// is told nevertheless.
func (g gauges) database(ctx context.Context, set func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) error {
	counters, err := g.s.source.Counters(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"new", "repeated", "rejected"} {
		set(mRecords, prometheus.CounterValue, float64(counters[name]), name)
	}
	set(mBatches, prometheus.CounterValue, float64(counters["batches"]))
	devices, err := g.s.source.Devices(ctx)
	if err != nil {
		return err
	}
	states, versions := map[string]int{"online": 0, "offline": 0}, map[string]int{}
	var gap, waiting uint64
	oldest := time.Duration(0)
	for _, d := range devices {
		if d.Online {
			states["online"]++
		} else {
			states["offline"]++
		}
		versions[d.Firmware]++
		gap, waiting = gap+d.Missing, waiting+d.Waiting
		if !d.Contact.IsZero() {
			oldest = max(oldest, g.s.opts.Now().Sub(d.Contact))
		}
	}
	for state, n := range states {
		set(mDevices, prometheus.GaugeValue, float64(n), state)
	}
	for v, n := range versions {
		set(mVersions, prometheus.GaugeValue, float64(n), orDash(v))
	}
	set(mGap, prometheus.GaugeValue, float64(gap))
	set(mWaiting, prometheus.GaugeValue, float64(waiting))
	set(mContact, prometheus.GaugeValue, oldest.Seconds())
	alerts, err := g.s.alerts(ctx, "en")
	if err != nil {
		return err
	}
	kinds := map[string]int{}
	for _, a := range alerts {
		if !a.Seen {
			kinds[a.Name]++
		}
	}
	for kind, n := range kinds {
		set(mAlerts, prometheus.GaugeValue, float64(n), kind)
	}
	return g.released(ctx, set)
}

func (g gauges) released(ctx context.Context, set func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) error {
	rel, err := g.s.release(ctx)
	if err != nil {
		return err
	}
	set(mOpen, prometheus.GaugeValue, float64(rel.Open))
	f := g.s.figures("en", rel, &http.Request{URL: rootURL})
	type cell struct{ office, outcome string }
	cases, entries, locked := map[cell]int{}, map[string]int{}, map[string]int{}
	for _, c := range f.cells {
		switch c.Kind {
		case "po":
			cases[cell{f.office(c.Group), c.B}] += c.N
		case "pe":
			entries[f.office(c.Group)] += c.N
			if result("locked_now")(c) {
				locked[f.office(c.Group)] += c.N
			}
		}
	}
	for c, n := range cases {
		set(mCases, prometheus.GaugeValue, float64(n), c.office, c.outcome)
	}
	for office, n := range entries {
		set(mLockouts, prometheus.GaugeValue, 1000*float64(locked[office])/float64(n), office)
	}
	return nil
}

// metrics serves them to who has the token; without one, to this machine only,
// where the pages need no log-in either.
func (s *site) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(gauges{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h := promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.opts.MetricsToken == "" && s.gate != nil ||
			s.opts.MetricsToken != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.opts.MetricsToken)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the metrics want a token", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}
