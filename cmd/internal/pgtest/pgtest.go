// SPDX-License-Identifier: Apache-2.0

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"madoguchi/cmd/internal/tail"
)

// port is the number in the socket's name; nothing listens on it.
const port = 5432

// startTime is how long a server may take to answer, on a loaded machine.
const startTime = 60 * time.Second

// Cluster is one server. Its methods are for one goroutine.
type Cluster struct {
	dir    string
	bin    string
	cred   *syscall.Credential // nil: as we are
	server *exec.Cmd
	said   *tail.Tail
	next   int
}

// Where a cluster's files lie. Not in the test's own folder: its parents are
// closed to other users, and a socket's path may have no more than 107 bytes.
const (
	Memory = "/dev/shm" // for what a program does
	Disk   = "/tmp"     // for figures, and for what is still there after a cut
)

// New makes a cluster in a folder below place and starts its server. End it
// with Remove.
func New(place string) (*Cluster, error) {
	c := &Cluster{}
	var err error
	if c.bin, err = binaries(); err != nil {
		return nil, err
	}
	if c.cred, err = who(); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp(place, "pgtest-"); err != nil {
		return nil, fmt.Errorf("making cluster: %w", err)
	}
	if err := c.make(); err != nil {
		os.RemoveAll(c.dir)
		return nil, err
	}
	return c, nil
}

func (c *Cluster) make() error {
	if c.cred != nil {
		if err := os.Chown(c.dir, int(c.cred.Uid), int(c.cred.Gid)); err != nil {
			return fmt.Errorf("making cluster: %w", err)
		}
	}
	// --no-sync is about the files made here only; the server syncs.
	out, err := c.command("initdb", "-D", filepath.Join(c.dir, "data"), "-U", "tests", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C").CombinedOutput()
	if err != nil {
		return fmt.Errorf("making cluster: initdb: %w\n%s", err, out)
	}
	return c.Start()
}

// binaries finds the newest installed server.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed: run `make setup`, which installs Debian's package postgresql")
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// who is the user that the server runs as: the server refuses root.
func who() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("making cluster: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("making cluster: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin", "TZ=UTC"}
	// A test that is killed takes its server with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

// Start starts the server, again after Stop, and waits until it answers.
func (c *Cluster) Start(settings ...string) error {
	args := []string{"-D", filepath.Join(c.dir, "data"), "-k", c.dir, "-c", "listen_addresses=", "-c", "port=" + strconv.Itoa(port),
		"-c", "unix_socket_permissions=0700", "-c", "max_connections=60", "-c", "logging_collector=off"}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	c.said = new(tail.Tail)
	c.server = c.command("postgres", args...)
	c.server.Stdout, c.server.Stderr = c.said, c.said
	if err := c.server.Start(); err != nil {
		return fmt.Errorf("starting server: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if err := c.answers(ctx); err != nil {
		c.Stop()
		return fmt.Errorf("starting server: %w%s", err, c.said)
	}
	return nil
}

// answers waits for the first connection. The server tells nobody when it is
// ready, so it is asked at a widening step.
func (c *Cluster) answers(ctx context.Context) error {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// Stop ends the server as a power cut of the machine would look to clients:
// at once, connections cut. What was committed is there again after Start.
func (c *Cluster) Stop() error {
	if c.server == nil {
		return nil
	}
	err := c.server.Process.Signal(syscall.SIGQUIT)
	_ = c.server.Wait() // it says that it was told to go
	c.server = nil
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping server: %w", err)
	}
	return nil
}

// Remove stops the server and deletes its files.
func (c *Cluster) Remove() error {
	return errors.Join(c.Stop(), os.RemoveAll(c.dir))
}

// URL is the address of a database by its name.
func (c *Cluster) URL(name string) string {
	u := url.URL{Scheme: "postgres", Path: "/" + name, RawQuery: url.Values{
		"host": {c.dir}, "port": {strconv.Itoa(port)}, "user": {"tests"},
	}.Encode()}
	return u.String()
}

// Fresh makes a cluster with one fresh database, whose address it returns. Both are gone when t is over.
func Fresh(t testing.TB, place string) (c *Cluster, dsn string) {
	t.Helper()
	c, err := New(place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	if dsn, err = c.Create(); err != nil {
		t.Fatal(err)
	}
	return c, dsn
}

// Create makes a fresh database and returns its address.
func (c *Cluster) Create() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return "", fmt.Errorf("making database: %w", err)
	}
	defer conn.Close(ctx)
	c.next++
	name := "t" + strconv.Itoa(c.next)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("making database: %w", err)
	}
	return c.URL(name), nil
}

// shared is the one cluster of a test binary.
var shared struct {
	sync.Mutex
	cluster *Cluster
}

// TB is what Database needs of a test.
type TB interface {
	Helper()
	Fatal(...any)
}

// Database makes a fresh database on a server in memory that all tests of the
// binary share, and returns its address. The binary's TestMain must call Done.
func Database(t TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	var err error
	if shared.cluster == nil {
		if shared.cluster, err = New(Memory); err != nil {
			t.Fatal(err)
		}
	}
	dsn, err := shared.cluster.Create()
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Done removes what Database started.
func Done() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		return nil
	}
	c := shared.cluster
	shared.cluster = nil
	return c.Remove()
}

// Main runs a package's tests and ends their cluster: the body of a TestMain. It does not return.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if err := Done(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
