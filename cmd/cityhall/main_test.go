// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/collector"
	"madoguchi/sync/record"
)

// wait bounds every wait for an event in these tests.
const wait = 20 * time.Second

func TestWrongUsage(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file("damaged/cityhall.db", strings.Repeat("no database\n", 1000), 0o600)
	file("openkey/ack.key", "x", 0o644)
	aFile := file("file", "x", 0o600)
	secret := file("password", "x", 0o644)
	data := func(name string) string { return "--data=" + filepath.Join(dir, name) }
	const good = "--broker=tcp://127.0.0.1:1"
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"nothing", nil, 2, "--broker is missing"},
		{"no data folder", []string{good}, 2, "--data is missing"},
		{"unknown flag", []string{"--colour", "red"}, 2, "unknown flag: --colour"},
		{"unknown argument", []string{"start"}, 2, "unknown argument start"},
		{"flag without value", []string{"--broker"}, 2, "flag needs an argument"},
		{"every address", []string{good, data("a"), "--listen=0.0.0.0:0"}, 2, "want --tls-cert and --tls-key"},
		{"no host", []string{good, data("a"), "--listen=:8090"}, 2, "want --tls-cert and --tls-key"},
		{"no port", []string{good, data("a"), "--listen=127.0.0.1"}, 2, "want host and port"},
		{"broker without port", []string{"--broker=tcp://127.0.0.1", data("a")}, 2, "want host and port"},
		{"password in address", []string{"--broker=tcp://a:hunter2@127.0.0.1:1", data("a")}, 2, "do not belong into an address"},
		{"certificate without key", []string{good, data("a"), "--tls-cert=x"}, 2, "--tls-cert and --tls-key belong together"},
		{"beyond loopback without an account", []string{good, data("b"), "--listen=0.0.0.0:0", "--tls-cert=" + aFile, "--tls-key=" + aFile}, 2, "there is no account yet"},
		{"no certificate in it", []string{good, data("c"), "--tls-cert=" + aFile, "--tls-key=" + aFile, "--listen=127.0.0.1:0"}, 1, "reading certificate of the pages"},
		{"small k for others", []string{good, data("a"), "--listen=0.0.0.0:0", "--tls-cert=x", "--tls-key=x", "--k=2"}, 2, "point at people"},
		{"keeps less counts than records", []string{good, data("a"), "--keep-weeks=9", "--keep-counts=8"}, 2, "--keep-counts"},
		{"offices of another form", []string{good, data("d"), "--offices=" + aFile}, 1, "reading offices"},
		{"address of the database that others may read", []string{good, data("e"), "--database-file=" + secret}, 1, "want 0600"},
		{"another database", []string{good, data("f"), "--database-file=" + file("dsn", "mysql://root:hunter2@127.0.0.1/x", 0o600)}, 1, "is not known"},
		{"database away", []string{good, data("g"), "--database-file=" + file("dsn2", "postgres://root:hunter2@127.0.0.1:1/x?connect_timeout=2", 0o600)}, 1, "opening database postgres://root:xxxxx@127.0.0.1:1/x"},
		{"unknown role", []string{"account", "set", "x", "--role=king", data("a")}, 2, "is not viewer, auditor or admin"},
		{"no name", []string{"account", "set", "--role=admin", data("a")}, 2, "want one account name"},
		{"folder that is not there", []string{"audit-verify", data("none")}, 1, "no such file"},
		{"bad name", []string{good, data("a"), "--name=a_b"}, 2, "name"},
		{"bad city", []string{good, data("a"), "--city=a/b"}, 2, "city code"},
		{"port in use", []string{good, data("a"), "--listen=" + taken.Addr().String()}, 1, "address already in use; choose another with --listen"},
		{"data is a file", []string{good, "--data=" + aFile}, 1, "not a directory"},
		{"damaged database", []string{good, data("damaged")}, 1, "Nothing was changed"},
		{"key that others may read", []string{good, data("openkey")}, 1, "want 0600"},
		{"password that others may read", []string{good, data("a"), "--password-file=" + secret}, 1, "want 0600"},
		{"no password file", []string{good, data("a"), "--password-file=" + filepath.Join(dir, "none")}, 1, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			status := runWith(ctx, append([]string{"cityhall"}, c.args...), nil, &out, &errs)
			if status != c.status || !strings.Contains(errs.String(), c.want) {
				t.Errorf("status %d, %q; want %d with %q", status, errs.String(), c.status, c.want)
			}
			if strings.Contains(errs.String(), "hunter2") {
				t.Error("the password is shown")
			}
			if out.Len() > 0 {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for args, want := range map[string]string{"--help": "--broker string", "version": "cityhall unknown\n"} {
		var out, errs bytes.Buffer
		if status := run([]string{"cityhall", args}, nil, &out, &errs); status != 0 || !strings.Contains(out.String(), want) || errs.Len() > 0 {
			t.Errorf("%s: status %d, out %q, errors %q", args, status, out.String(), errs.String())
		}
	}
}

// started is a cityhall that runs until stop.
type started struct {
	URL    string `json:"url"`
	AckKey string `json:"ack_key"`
	stop   func() (status int, errs string)
	errs   *told
}

func start(t *testing.T, args ...string) *started {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	errs := &told{more: make(chan struct{}, 1)}
	ended := make(chan int, 1)
	go func() {
		status := runWith(ctx, append([]string{"cityhall", "--json", "--listen=127.0.0.1:0"}, args...), nil, w, errs)
		w.Close()
		ended <- status
	}()
	s := &started{errs: errs}
	s.stop = sync.OnceValues(func() (int, string) {
		cancel()
		select {
		case status := <-ended:
			return status, errs.String()
		case <-time.After(wait):
			t.Error("cityhall does not end")
			return -1, ""
		}
	})
	t.Cleanup(func() { s.stop() })
	text, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		_, said := s.stop()
		t.Fatalf("cityhall printed nothing: %v %s", err, said)
	}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// told keeps what was said on stderr and tells that there is more.
type told struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (e *told) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.more <- struct{}{}:
	default:
	}
	return e.text.Write(b)
}

func (e *told) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.String()
}

// says waits until a word was said.
func (s *started) says(t *testing.T, word string) {
	t.Helper()
	for limit := time.After(wait); !strings.Contains(s.errs.String(), word); {
		select {
		case <-s.errs.more:
		case <-limit:
			t.Fatalf("never said %q, only %q", word, s.errs)
		}
	}
}

// records asks the page how many there are.
func (s *started) records(t *testing.T) int {
	t.Helper()
	r, err := http.Get(s.URL + "api/status")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct{ Counters map[string]int }
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Counters["new"]
}

// city is where a cityhall works: a broker until the test is over, a folder for data, and the file with the broker's password.
type city struct {
	*broker.Broker
	data, password string
}

func newCity(t *testing.T) city {
	t.Helper()
	b, err := broker.Start(broker.Opts{City: "nabari"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop() })
	dir := t.TempDir()
	c := city{b, filepath.Join(dir, "data"), filepath.Join(dir, "password")}
	if err := os.WriteFile(c.password, []byte(b.Password()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// args tell cityhall of it.
func (c city) args() []string {
	return []string{"--broker=" + c.URL(), "--data=" + c.data, "--password-file=" + c.password}
}

// TestRecordArrives runs cityhall against a broker, sends a record as a box
// would, sees it acknowledged and on the page, and again after a restart.
func TestRecordArrives(t *testing.T) {
	b := newCity(t)
	args := b.args()
	s := start(t, args...)

	public, err := base64.StdEncoding.DecodeString(s.AckKey)
	if err != nil {
		t.Fatal(err)
	}
	week, err := record.NewWeek(2026, 47)
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.NewPO(record.PinChange, record.Done, week, 1)
	if err != nil {
		t.Fatal(err)
	}
	text, err := record.Batch{Epoch: 7, First: 1, Records: []record.Record{r}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	box := paho.NewClient(paho.NewClientOptions().AddBroker(b.URL()).SetClientID("box-a").SetProtocolVersion(4).SetAutoReconnect(false))
	if tok := box.Connect(); !tok.WaitTimeout(wait) || tok.Error() != nil {
		t.Fatal("connecting:", tok.Error())
	}
	defer box.Disconnect(0)
	acks, online := make(chan []byte, 10), make(chan struct{}, 10)
	box.Subscribe("mg/1/nabari/d/box-a/ack", 1, func(_ paho.Client, m paho.Message) { acks <- m.Payload() })
	box.Subscribe("mg/1/nabari/host/state", 1, func(_ paho.Client, m paho.Message) {
		if strings.Contains(string(m.Payload()), `"online":true`) {
			online <- struct{}{}
		}
	})
	select {
	case <-online:
	case <-time.After(wait):
		t.Fatal("city hall never said that it is there")
	}
	box.Publish("mg/1/nabari/d/box-a/rec", 1, false, text)
	select {
	case text := <-acks:
		a, err := record.OpenAck(ed25519.PublicKey(public), text)
		if err != nil || a.Upto != 1 {
			t.Errorf("acknowledgement %+v, %v", a, err)
		}
	case <-time.After(wait):
		t.Fatal("no acknowledgement")
	}
	if n := s.records(t); n != 1 {
		t.Errorf("%d records, want 1", n)
	}

	var out, errs bytes.Buffer
	if status := runWith(t.Context(), append([]string{"cityhall"}, args...), nil, &out, &errs); status != 1 || !strings.Contains(errs.String(), "another cityhall uses") {
		t.Errorf("a second one on the same folder: %d, %q", status, errs.String())
	}
	// An open event stream does not keep it from ending.
	stream, err := http.Get(s.URL + "api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if status, said := s.stop(); status != 0 {
		t.Errorf("ended with %d: %s", status, said)
	}
	again := start(t, args...)
	if n := again.records(t); n != 1 || again.AckKey != s.AckKey {
		t.Errorf("after the restart: %d records, key %s; want 1, %s", n, again.AckKey, s.AckKey)
	}
}

// TestNoBroker starts although the broker is not there, and says so on the page.
func TestNoBroker(t *testing.T) {
	s := start(t, "--broker=tcp://127.0.0.1:1", "--data="+t.TempDir())
	r, err := http.Get(s.URL + "api/status")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(text), `"broker":false`) {
		t.Errorf("%s, %v", text, err)
	}
	s.says(t, "broker away")
	if status, said := s.stop(); status != 0 {
		t.Errorf("ended with %d: %s", status, said)
	}
}

// TestClientIDs holds that the embedded broker knows the collector's name.
func TestClientIDs(t *testing.T) {
	if broker.CollectorID != collector.ClientID {
		t.Errorf("broker knows %q, collector says %q", broker.CollectorID, collector.ClientID)
	}
}
