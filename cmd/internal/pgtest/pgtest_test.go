// SPDX-License-Identifier: Apache-2.0

package pgtest_test

import (
	"context"
	"fmt"
	"testing"

	"madoguchi/cmd/internal/pgtest"

	"github.com/jackc/pgx/v5"
)

// TestCut commits a row, ends the server at once and starts it again: the row is
// there, and so is the server's folder until Remove.
func TestCut(t *testing.T) {
	c, dsn := pgtest.Fresh(t, pgtest.Memory)
	if _, err := ask(t.Context(), dsn, `CREATE TABLE a (n INT); INSERT INTO a VALUES (7)`); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t.Context(), dsn, `SELECT 1`); err == nil {
		t.Error("a stopped server answered")
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(t.Context(), dsn, `SELECT n FROM a`); err != nil || got != 7 {
		t.Errorf("after the cut: %d, %v; want 7", got, err)
	}
}

// ask runs a query and returns the number it gives, if any.
func ask(ctx context.Context, dsn, query string) (n int, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	r, err := conn.PgConn().Exec(ctx, query).ReadAll()
	if err != nil {
		return 0, err
	}
	if last := r[len(r)-1]; len(last.Rows) > 0 {
		_, err = fmt.Sscan(string(last.Rows[0][0]), &n)
	}
	return n, err
}

func Example() {
	c, err := pgtest.New(pgtest.Memory)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Remove()
	dsn, err := c.Create()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ask(context.Background(), dsn, `SELECT 1 + 1`))
	// Output: 2 <nil>
}
