// SPDX-License-Identifier: Apache-2.0

package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// Standby makes a second server that follows this one (streaming replication)
// and answers questions meanwhile, and starts it. End it with Remove, before
// this one.
func (c *Cluster) Standby() (*Cluster, error) {
	s := &Cluster{bin: c.bin, cred: c.cred}
	var err error
	if s.dir, err = os.MkdirTemp(filepath.Dir(c.dir), "pgtest-"); err != nil {
		return nil, fmt.Errorf("making standby: %w", err)
	}
	if c.cred != nil {
		err = os.Chown(s.dir, int(c.cred.Uid), int(c.cred.Gid))
	}
	if err == nil {
		var out []byte
		out, err = s.command("pg_basebackup", "-D", filepath.Join(s.dir, "data"), "-R", "--checkpoint=fast", "--no-sync",
			"-h", c.dir, "-p", strconv.Itoa(port), "-U", "tests").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making standby: %w", err), os.RemoveAll(s.dir))
	}
	return s, nil
}

// Same is the address on this server of a database of another: a copy's.
func (c *Cluster) Same(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("reading address: %w", err)
	}
	return c.URL(filepath.Base(u.Path)), nil
}
