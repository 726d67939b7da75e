// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"fmt"
	"net/http"
	"time"
)

// writeLimit is how long one event may take to be taken: a browser that sleeps
// must not hold a stream for ever.
const writeLimit = 10 * time.Second

// events sends "change" at once and then after every change, gathered.
func (s *site) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "too many event streams are open", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	ping := time.NewTicker(s.opts.Ping)
	defer ping.Stop()
	send := func(text string) bool {
		if err := out.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
			s.opts.Log.Debug("event stream without deadline", "err", err)
		}
		_, err := fmt.Fprint(w, text)
		return err == nil && out.Flush() == nil
	}
	for {
		// Taken before the event goes out: a change behind it is the next event.
		data, line := s.source.Changed(), s.collector.Changed()
		if !send("event: change\ndata: {}\n\n") {
			return
		}
		for quiet := true; quiet; {
			select {
			case <-data:
				quiet = false
			case <-line:
				quiet = false
			case <-ping.C:
				if !send(": ping\n\n") {
					return
				}
			case <-r.Context().Done():
				return
			}
		}
		gather := time.NewTimer(s.opts.Gather)
		select {
		case <-gather.C:
		case <-r.Context().Done():
			gather.Stop()
			return
		}
	}
}
