// SPDX-License-Identifier: Apache-2.0

// Sbom writes the bill of materials of the firmware: what each program was really built from, as the Go linker has written it into the program, with the
// licence of each part and its text (CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/).
//
//	sbom --version 1.4.0 dist/arm64/counter dist/arm64/link > dist/arm64/sbom.cdx.json
//
// Named are the programs with their SHA-256, Go's standard library, every module with the hash under which go.sum knows it, the shared libraries that a program
// asks for, and the fonts that are linked in as glyphs. The same programs give the same bytes: there is no time and no random number in it.
//
// It does not name what else lies on the card: the image's own list comes from Buildroot (buildroot/README.md).
package main
