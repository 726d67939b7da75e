// SPDX-License-Identifier: Apache-2.0

package cityweb_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "cityhall")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	_, key, _ := ed25519.GenerateKey(nil)
	db, err := store.Open(context.Background(), filepath.Join(dir, "cityhall.db"), store.Opts{DigestKey: collector.DigestKey(key)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	line, err := collector.New(db, collector.Opts{City: "nabari", Broker: "tcp://127.0.0.1:1883", SignKey: key})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux() // beside other pages, below a prefix
	mux.Handle("/cityhall/", http.StripPrefix("/cityhall", cityweb.New(db, line, cityweb.Opts{City: "nabari", TitleJa: "名張市"})))
	w := httptest.NewRecorder()
	cityweb.Local(mux).ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/cityhall/api/counts", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 {"cases":0,"cells":[]}
}
