// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"os/signal"
	"syscall"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"golang.org/x/sys/unix"

	"madoguchi/device/update/signer"
)

// forge hands the box an assignment that the director's own key has signed, and that names a release by another path than its signers did.
func (v *victim) forge(version, as string) {
	v.Helper()
	v.gen++
	doc, err := metadata.Targets().FromBytes(v.sign(v.gen, boxName, version))
	if err != nil {
		v.Fatal(err)
	}
	doc.Signed.Targets[as] = doc.Signed.Targets[path(version)]
	delete(doc.Signed.Targets, path(version))
	key, err := signature.LoadED25519Signer(v.roles[signer.Director].Keys[0].(ed25519.PrivateKey))
	if err != nil {
		v.Fatal(err)
	}
	doc.ClearSignatures()
	if _, err := doc.Sign(key); err != nil {
		v.Fatal(err)
	}
	raw, err := doc.ToBytes(false)
	if err != nil {
		v.Fatal(err)
	}
	v.box.agent.Desired(raw)
}

// limit is the largest file that there is room for, in bytes; 0: any. It holds for the whole process, so also for what the testing package writes: see apart.
func (v *victim) limit(most uint64) {
	v.Helper()
	signal.Ignore(syscall.SIGXFSZ) // the write fails, and the process lives
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &l); err != nil {
		v.Fatal(err)
	}
	l.Cur = most
	if most == 0 {
		l.Cur = l.Max
	}
	if most > 0 {
		v.Cleanup(func() { v.limit(0) })
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &l); err != nil {
		v.Fatal(err)
	}
}
