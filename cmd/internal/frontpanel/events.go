// SPDX-License-Identifier: Apache-2.0

package frontpanel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"madoguchi/cmd/internal/world"
)

// ping is the time between signs of life on an idle stream.
const ping = 15 * time.Second

// events streams one event for each change: "state" as GET /api/state gives it,
// "panel" with {"busy":bool} when the glass changes, "world" as GET /api/world,
// "cityhall" when city hall's database has changed. It begins with the first
// three as they stand.
func (s *server) events(w http.ResponseWriter, r *http.Request) error {
	stream := http.NewResponseController(w)
	changes, stop := s.world.Watch()
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	first := []world.Event{
		{Name: "state", Data: s.world.State()},
		{Name: "panel", Data: world.PanelEvent{}},
		{Name: "world", Data: s.world.Switches()},
	}
	for _, e := range first {
		if !send(w, e) {
			return nil
		}
	}
	if stream.Flush() != nil {
		return nil
	}
	t := time.NewTicker(ping)
	defer t.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case e, open := <-changes:
			// A browser that was too slow connects again and begins anew.
			if !open || !send(w, e) {
				return nil
			}
		case <-t.C:
			if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil {
				return nil
			}
		}
		if stream.Flush() != nil {
			return nil
		}
	}
}

func send(w http.ResponseWriter, e world.Event) bool {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return false
	}
	_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.Name, data)
	return err == nil
}
