// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/registrar"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wipe"
	"madoguchi/device/update"
	"madoguchi/sync/enrol"
	"madoguchi/sync/record"
)

// Names in the folder of the keys.
const (
	authorityFile = "authority.pem"
	authorityKey  = "authority-1.key"
)

// newAuthority makes the city's authority for the boxes' certificates.
func newAuthority(dir, city string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("drawing key: %w", err)
	}
	defer clear(key)
	der, err := registrar.NewAuthority(city, key, time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, authorityFile), enrol.PEM(der), 0o644); err != nil {
		return fmt.Errorf("writing authority: %w", err)
	}
	return depot.WriteKey(filepath.Join(dir, authorityKey), key, "", 0)
}

// certificate is what stands in the authority's file, DER.
func certificate(text []byte) ([]byte, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("no certificate in %s", authorityFile)
	}
	return block.Bytes, nil
}

// knownAuthority is what is read aloud of an authority's certificate: the beginning of its SHA-256, and its end.
func knownAuthority(text []byte) (string, time.Time, error) {
	der, err := certificate(text)
	if err != nil {
		return "", time.Time{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "", time.Time{}, err
	}
	return update.Sum(der).String(), cert.NotAfter, nil
}

// registrar opens the city's authority, and returns its certificate beside it.
func (a *app) registrar(d *depot.Depot, db *store.Store) (*registrar.Registrar, []byte, error) {
	text, err := os.ReadFile(filepath.Join(d.Keys(), authorityFile))
	if err != nil {
		return nil, nil, fmt.Errorf("opening authority: %w", err)
	}
	der, err := certificate(text)
	if err != nil {
		return nil, nil, fmt.Errorf("opening authority: %w", err)
	}
	key, err := depot.ReadKey(filepath.Join(d.Keys(), authorityKey), func(path string) (string, error) { return a.ask("Passphrase for " + path + ": ") })
	if err != nil {
		return nil, nil, err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, nil, errors.New("opening authority: no Ed25519 key")
	}
	reg, err := registrar.New(der, private, db, time.Now)
	return reg, der, err
}

func enrollCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "enroll", Short: "Bring boxes into the fleet, without a PC at the branch", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		Long: `A new box is brought into the fleet in four steps:

  1  fleet enroll new BOX --office g01 --broker tls://… --out FILE     here
  2  copy FILE to the first partition of its card, as "` + enrol.FileName + `"
  3  send the letter with the three words and the one-time code by another way than the card
  4  at the branch: compare the words on the panel with the letter, and type the code

The box then draws its own key and asks for its certificate; "fleet enroll list" shows when it has it.
The file is good once and for a few days. Whoever has the file without the code gets no certificate.`}
	cmd.AddCommand(provisionCommand(a), addCommand(a), listEnrolments(a), revokedCommand(a))
	return cmd
}

func provisionCommand(a *app) *cobra.Command {
	var f enrol.File
	out, clerk, days, replaces, issuer := "", "", 7, "", ""
	c := &cobra.Command{
		Use: "new BOX --office NAME --broker URL --out FILE", Short: "Write a provisioning file and print its one-time code", Args: cobra.ExactArgs(1),
		Example: `  fleet enroll new box-17 --office g03 --broker tls://mqtt.city.example:8883 --out /media/card/madoguchi.provision
  fleet enroll new box-18 --office g03 --name 市民課 --broker tls://… --out F --replace box-17 --address 192.0.2.7/24 --gateway 192.0.2.1`,
		Long: `Writes the file that makes a new box one of the city's: which window it is, where its broker is, whom it
believes (the authority, the root of the updates, the transparency log, city hall's receipts), and the first
clerk's code. It prints what goes into the letter: three words, the one-time code, and that clerk's code,
which is drawn here unless --clerk-hash-file brings one, and is changed in the box's service menu.`,
		RunE: func(c *cobra.Command, args []string) error {
			f.Device = args[0]
			switch {
			case !record.ValidDevice(f.Device):
				return usage("want a device id of 1 to %d of a–z 0–9 -", record.MaxDeviceName)
			case f.Office == "" || f.Broker == "" || out == "":
				return usage("--office, --broker and --out must be given")
			case days < 1 || days > 60:
				return usage("--days %d: from 1 to 60", days)
			case f.Label == "":
				return usage("--clerk-label is empty: what is the first clerk called?")
			}
			if clerk != "" {
				var err error
				if f.Clerk, err = secretFile(clerk); err != nil {
					return err
				}
			}
			if issuer != "" {
				var err error
				if f.IssuerKey, f.IssuerSeal, err = issuerKeys(issuer); err != nil {
					return err
				}
			}
			return a.provision(c.Context(), f, out, replaces, time.Duration(days)*24*time.Hour)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.Office, "office", "", "where it stands, such as g01")
	fl.StringVar(&f.Name, "name", "", "what the window is called at rest, up to 12 characters, such as 市民課 (default: the office)")
	fl.StringVar(&f.Place, "place", "", "its place in the city's rules, such as kashima_branch (default: any)")
	fl.StringVar(&f.Broker, "broker", "", "the broker as the branch reaches it: tls://host:port")
	fl.StringVar(&out, "out", "", "the file to be written; it must not exist")
	fl.IntVar(&days, "days", days, "how long file and code are good")
	fl.StringVar(&replaces, "replace", "", "the box in whose place it comes: that one is retired and its certificates are revoked")
	fl.StringVar(&f.Network.Address, "address", "", "fixed address with its prefix (default DHCP)")
	fl.StringVar(&f.Network.Gateway, "gateway", "", "gateway, for a fixed address")
	fl.StringSliceVar(&f.Network.DNS, "dns", nil, "name servers")
	fl.StringSliceVar(&f.Network.NTP, "ntp", nil, "time servers")
	fl.StringVar(&f.Panel, "panel", "", "model of the panel, 4in2_v2 or 7in5_v2 (default 4in2_v2)")
	fl.StringVar(&issuer, "issuer-keys", "", "file with the issuer link's two public keys, in base64, a line each: key and seal (default: no issuer link)")
	fl.StringVar(&clerk, "clerk-hash-file", "", "file with the hash of the first clerk's code (default: a code is drawn)")
	fl.StringVar(&f.Label, "clerk-label", "窓口", "short label of the first clerk")
	return c
}

func (a *app) provision(ctx context.Context, f enrol.File, out, replaces string, life time.Duration) error {
	d, err := a.depot()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("writing provisioning file: %s is there already", out)
	}
	f.City = d.City()
	if f.Root, err = d.Root(); err != nil {
		return err
	}
	if f.LogKey, err = publicLog(d); err != nil {
		return err
	}
	return a.with(ctx, func(db *store.Store) error {
		who, err := a.who(ctx, db)
		if err != nil {
			return err
		}
		reg, _, err := a.registrar(d, db)
		if err != nil {
			return err
		}
		if replaces != "" {
			old, err := box(ctx, db, replaces)
			if err != nil {
				return err
			}
			if old.Retired {
				order, err := wipe.Of(ctx, db, replaces)
				if err != nil {
					return err
				}
				if order.Order == nil || order.Wiped == nil {
					return fmt.Errorf("%s is retired already", replaces)
				}
			}
		}
		if a.dry {
			return a.say(map[string]string{"would": "enroll " + f.Device}, "would write "+out+" for "+f.Device+" at "+f.Office)
		}
		first := ""
		if f.Clerk == "" {
			if first, f.Clerk, err = enrol.FirstCode(); err != nil {
				return err
			}
		}
		if f.AckKey, err = a.receiptKey(); err != nil {
			return err
		}
		sealed, whole, code, err := reg.Provision(ctx, f, life)
		if errors.Is(err, store.ErrStale) {
			return fmt.Errorf("there is or was a box %s; ids are not used again", f.Device)
		}
		if err != nil {
			return err
		}
		if err := writeNew(out, sealed); err != nil {
			return err
		}
		note := f.Device + " at " + f.Office
		if replaces != "" {
			if err := db.RevokeBox(ctx, replaces, time.Now()); err != nil && !errors.Is(err, store.ErrStale) { // one that was wiped is out already
				return err
			}
			note += ", in place of " + replaces
		}
		if err := db.Note(ctx, who, "enroll", note); err != nil {
			return err
		}
		p := whole.Print()
		return a.say(map[string]any{"device": f.Device, "file": out, "serial": whole.Serial, "words": p.Words, "fingerprint": p.Hex, "code": code, "clerk": f.Label, "clerk_code": first, "expires": whole.Expires},
			fmt.Sprintf(`%s is written for %s at %s.

  three words    %s
  fingerprint    %s
  one-time code  %s      good until %s%s

Send words and codes by another way than the card: by letter, or over the telephone to somebody you know.
The codes are shown this once.`, out, f.Device, f.Office, strings.Join(p.Words[:], "  "), p.Hex, code, whole.Expires.Local().Format(time.DateTime), clerkLine(f.Label, first)))
	})
}

// writeNew writes a file that must not exist, readable by its owner alone.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing file: %w", err)
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing file: %w", err)
	}
	return nil
}

// addCommand is for boxes that have their certificate from elsewhere.
func addCommand(a *app) *cobra.Command {
	office := ""
	c := &cobra.Command{
		Use: "add BOX --office NAME", Short: "Add a box that has its certificate from another authority", Args: cobra.ExactArgs(1),
		Long: `Adds a box, so that it is part of later rollouts and is told what to run. BOX is its id at the broker,
the common name of its certificate. An id is used once: a box that takes another's place has its own.
The office groups boxes: at most half of an office's are updated at a time.`,
		RunE: func(c *cobra.Command, args []string) error {
			if !record.ValidDevice(args[0]) || office == "" {
				return usage("want a device id of 1 to %d of a–z 0–9 -, and --office", record.MaxDeviceName)
			}
			if a.dry {
				return a.say(map[string]string{"would": "enroll " + args[0]}, "would enroll "+args[0]+" at "+office)
			}
			return a.with(c.Context(), func(db *store.Store) error {
				who, err := a.who(c.Context(), db)
				if err != nil {
					return err
				}
				err = db.EnrolBox(c.Context(), args[0], office)
				if errors.Is(err, store.ErrStale) {
					return fmt.Errorf("there is or was a box %s; ids are not used again", args[0])
				}
				if err != nil {
					return err
				}
				if err := db.Note(c.Context(), who, "enroll", args[0]+" at "+office); err != nil {
					return err
				}
				return a.say(map[string]string{"device": args[0], "office": office}, args[0]+" is enrolled at "+office)
			})
		},
	}
	c.Flags().StringVar(&office, "office", "", "where it stands, such as g01")
	return c
}

func listEnrolments(a *app) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List provisioning files and the boxes' certificates", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c.Context(), func(db *store.Store) error { return a.enrolments(c.Context(), db, time.Now()) })
		}}
}

// enrolmentLine is a box of "enroll list".
type enrolmentLine struct {
	Device  string    `json:"device"`
	State   string    `json:"state"`
	Until   time.Time `json:"until"`
	Serial  string    `json:"serial"`
	Revoked time.Time `json:"revoked,omitzero"`
}

func (a *app) enrolments(ctx context.Context, db *store.Store, now time.Time) error {
	files, err := db.Provisions(ctx)
	if err != nil {
		return err
	}
	certs, err := db.Certificates(ctx, "")
	if err != nil {
		return err
	}
	var list []enrolmentLine
	for _, p := range files {
		state := "waits for its box"
		switch {
		case p.Used && p.Misses >= registrar.MaxMisses:
			state = "void: too many wrong codes"
		case p.Used:
			continue // the certificate stands below
		case now.After(p.Expires):
			state = "void: nobody came in time"
		case p.Misses > 0:
			state = fmt.Sprintf("%d wrong codes", p.Misses)
		}
		list = append(list, enrolmentLine{p.Device, "file: " + state, p.Expires, p.Serial, time.Time{}})
	}
	for _, c := range certs {
		state := "certificate"
		switch {
		case !c.Revoked.IsZero():
			state = "revoked"
		case now.After(c.Until):
			state = "certificate expired"
		}
		list = append(list, enrolmentLine{c.Device, state, c.Until, c.Serial, c.Revoked})
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "box\tstate\tuntil\tserial")
	for _, l := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Device, l.State, l.Until.Format(time.DateOnly), l.Serial)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.say(list, text.String())
}

func revokedCommand(a *app) *cobra.Command {
	out := ""
	c := &cobra.Command{Use: "revoked --out FILE", Short: "Sign the list of revoked certificates, for the broker", Args: cobra.NoArgs,
		Long: `Writes the list (CRL) that the broker reads: mosquitto by "crlfile" and after a SIGHUP. It is good for a
week, so let a timer write it every day. Without a list the broker lets in whoever has a certificate.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usage("--out is missing")
			}
			d, err := a.depot()
			if err != nil {
				return err
			}
			return a.with(c.Context(), func(db *store.Store) error {
				reg, _, err := a.registrar(d, db)
				if err != nil {
					return err
				}
				list, err := reg.Revoked(c.Context())
				if err != nil {
					return err
				}
				if a.dry {
					return a.say(map[string]string{"would": "write " + out}, "would write "+out)
				}
				if err := os.WriteFile(out+".new", list, 0o644); err != nil {
					return fmt.Errorf("writing list: %w", err)
				}
				if err := os.Rename(out+".new", out); err != nil {
					return fmt.Errorf("writing list: %w", err)
				}
				return a.say(map[string]string{"file": out}, out+" is written; tell the broker to read it again")
			})
		}}
	c.Flags().StringVar(&out, "out", "", "the file to be written")
	return c
}
