// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run ends with 0, with 1 when a program or a licence could not be read, with 2 when the arguments are wrong.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	flags.SetOutput(stderr)
	version := flags.String("version", "unknown", "of the firmware")
	fonts := flags.String("fonts", "display/fonts/OFL.txt", "the fonts' licence `file`")
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		fmt.Fprintln(stderr, "sbom: name the programs")
		return 2
	}
	ofl, err := os.ReadFile(*fonts)
	var bom *cdx.BOM
	if err == nil {
		bom, err = bill(*version, string(ofl), flags.Args(), modcache)
	}
	if err == nil {
		err = cdx.NewBOMEncoder(stdout, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	}
	if err != nil {
		fmt.Fprintln(stderr, "sbom:", err)
		return 1
	}
	return 0
}
