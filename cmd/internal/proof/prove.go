// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

type options struct {
	unbroken, short bool
	progress        io.Writer
}

// result is what became of a claim.
type result struct {
	claim          claim
	Figure         string
	Tried, Noticed int // breaks
	Problems       []string
	took           time.Duration // its checks
}

// prove runs the tests of each claim in the tree, then breaks it in a copy of the tree, one break at a time. With an error it returns what was proved until then.
func prove(ctx context.Context, todo []claim, o options) ([]result, error) {
	root, err := output(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "proof")
	if err != nil {
		return nil, fmt.Errorf("making a place for the copy: %w", err)
	}
	defer os.RemoveAll(dir)
	b := bench{root: root, dir: dir, tree: filepath.Join(dir, "tree"), options: o}
	if !o.unbroken {
		if err := copyTree(ctx, root, b.tree); err != nil {
			return nil, err
		}
	}
	var results []result
	for i, c := range todo {
		begun := time.Now()
		r := result{claim: c}
		b.holds(ctx, &r)
		if !o.unbroken {
			b.breaks(ctx, &r)
		}
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		results = append(results, r)
		holds, broken := r.verdict()
		fmt.Fprintf(o.progress, "%d of %d: %s: holds %s, broken %s (%v)\n", i+1, len(todo), c.Says, holds, broken, time.Since(begun).Round(time.Second))
	}
	return results, nil
}

// holds runs a claim's tests on what lies in the tree.
func (b bench) holds(ctx context.Context, r *result) {
	var out bytes.Buffer
	for _, k := range r.claim.Checks {
		if k.Long && b.short || ctx.Err() != nil {
			continue
		}
		fmt.Fprintf(b.progress, "running %s %s%s\n", k.Pkg, k.Run, k.Bench)
		begun := time.Now()
		text, err := b.check(ctx, b.root, k, limit)
		r.took += time.Since(begun)
		out.Write(text)
		if err != nil {
			r.Problems = append(r.Problems, err.Error())
		}
	}
	r.Figure = figure(r.claim.Figure, out.Bytes())
	if r.claim.Figure != "" && r.Figure == "" && len(r.Problems) == 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("no test printed the figure %q", r.claim.Figure))
	}
}

// breaks breaks a claim in the copy, in each way that it names.
func (b bench) breaks(ctx context.Context, r *result) {
	for _, m := range r.claim.Breaks {
		if len(r.Problems) > 0 || ctx.Err() != nil {
			return // a test that fails anyway notices nothing
		}
		fmt.Fprintf(b.progress, "breaking %s: %s\n", m.File, m.Does)
		r.Tried++
		if err := b.broken(ctx, b.tree, m, brokenLimit(r.took)); err != nil {
			r.Problems = append(r.Problems, err.Error())
		} else {
			r.Noticed++
		}
	}
}

// bench is where test binaries are built, for the tree itself and for the copy that is broken.
type bench struct {
	root, dir, tree string
	options
}

// errTests is the tests' own failure, apart from what keeps them from running.
var errTests = errors.New("tests failed")

// check builds a package's tests in the given tree and runs the named ones, for limit at most. Each must have run and passed.
func (b bench) check(ctx context.Context, tree string, k check, limit time.Duration) ([]byte, error) {
	bin := filepath.Join(b.dir, "proof.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", bin, "./"+k.Pkg)
	build.Dir = tree
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the tests of %s: %w\n%s", k.Pkg, err, out)
	}
	names := strings.Fields(k.Run)
	args := []string{"-test.v", "-test.timeout=" + limit.String(), "-test.run=^(" + strings.Join(names, "|") + ")$"}
	if k.Bench != "" {
		args = []string{"-test.v", "-test.timeout=" + benchLimit.String(), "-test.run=^$", "-test.benchtime=1x", "-test.bench=^" + k.Bench + "$"}
		names = nil
	}
	cmd := exec.CommandContext(ctx, bin, append(args, k.Args...)...)
	cmd.Dir = filepath.Join(tree, k.Pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("%w: %s %s%s: %w\n%s", errTests, k.Pkg, k.Run, k.Bench, err, tail(out))
	}
	for _, n := range names {
		if !bytes.Contains(out, []byte("--- PASS: "+n+" ")) {
			return out, fmt.Errorf("%s: %s did not run", k.Pkg, n)
		}
	}
	return out, nil
}

// broken breaks the copy, expects the tests to fail, and mends it again.
func (b bench) broken(ctx context.Context, tree string, m mutant, limit time.Duration) (err error) {
	path := filepath.Join(tree, m.File)
	was, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("breaking: %w", err)
	}
	now, err := m.apply(was)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, now, 0o644); err != nil {
		return fmt.Errorf("breaking: %w", err)
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, was, 0o644)) }()
	switch _, err := b.check(ctx, tree, m.By, limit); {
	case errors.Is(err, errTests):
		return nil
	case err != nil:
		return fmt.Errorf("%s (%s): %w", m.File, m.Does, err)
	}
	return fmt.Errorf("%s was broken (%s) and %s %s passed all the same", m.File, m.Does, m.By.Pkg, m.By.Run)
}

// apply gives the file with the break in it. The place must be there exactly once, so that it is the one that was meant.
func (m mutant) apply(file []byte) ([]byte, error) {
	if n := bytes.Count(file, []byte(m.Old)); n != 1 {
		return nil, fmt.Errorf("%s has %q %d times, want once: the break must follow the code", m.File, m.Old, n)
	}
	return bytes.Replace(file, []byte(m.Old), []byte(m.New), 1), nil
}

// copyTree copies the repository as it lies there: the last commit with what is not committed yet.
func copyTree(ctx context.Context, root, to string) error {
	if _, err := output(ctx, "", "git", "clone", "--quiet", "--shared", root, to); err != nil {
		return err
	}
	changed, err := output(ctx, root, "git", "ls-files", "--modified", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return err
	}
	for name := range strings.Lines(changed) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(filepath.Join(root, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = os.Remove(filepath.Join(to, name))
		case err == nil:
			if err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err == nil {
				err = os.WriteFile(filepath.Join(to, name), text, 0o644)
			}
		}
		if err != nil {
			return fmt.Errorf("copying %s: %w", name, err)
		}
	}
	return nil
}

// figure is what the expression's first group finds, the last time it does; without a group, all of it.
func figure(expr string, out []byte) string {
	if expr == "" {
		return ""
	}
	found := regexp.MustCompile(expr).FindAllSubmatch(out, -1)
	if found == nil {
		return ""
	}
	last := found[len(found)-1]
	return string(last[len(last)-1])
}

func tail(out []byte) []byte {
	const most = 2000
	return out[max(0, len(out)-most):]
}

func output(ctx context.Context, dir string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w: %s", name, args[0], err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
