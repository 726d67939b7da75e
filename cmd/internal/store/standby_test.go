// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"madoguchi/cmd/internal/pgtest"
)

// TestStandbyIsNoBackup: a server that follows this one holds what it holds, and loses what it loses. It is none that boxes may rely on, by whichever way it follows; once
// it follows no more it is a copy like any other.
func TestStandbyIsNoBackup(t *testing.T) {
	c, dsn := pgtest.Fresh(t, pgtest.Memory)
	s := open(t, dsn, testOpts)
	if _, err := s.Hall(t.Context()); err != nil {
		t.Fatal(err)
	}
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: items(1, 20)})
	standby, err := c.Standby()
	if err != nil {
		t.Fatal(err)
	}
	defer standby.Remove()
	there, err := standby.Same(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.BackedUp(t.Context(), there); !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), "follows") {
		t.Errorf("a hot standby: %v", err)
	}
	do(t, standby.URL("postgres"), `SELECT pg_promote()`)
	if b, err := s.BackedUp(t.Context(), there); err != nil || b.Facets != 20 {
		t.Errorf("a copy that has left: %+v, %v", b, err)
	}
	do(t, there, `CREATE SUBSCRIPTION follows CONNECTION 'host=/nowhere' PUBLICATION nothing WITH (connect = false)`)
	do(t, there, `ALTER SUBSCRIPTION follows SET (slot_name = NONE)`)
	if _, err := s.BackedUp(t.Context(), there); !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), "follows") {
		t.Errorf("a subscriber: %v", err)
	}
}

// do runs one statement at an address.
func do(t *testing.T, dsn, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		_, err = conn.Exec(ctx, statement)
		_ = conn.Close(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
}
