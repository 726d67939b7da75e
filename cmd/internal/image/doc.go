// SPDX-License-Identifier: Apache-2.0

// Package image holds the checks of buildroot/ that need no Buildroot: names, paths and numbers that must agree, the units' walls, the
// scripts, the packet filter, and the card's image and the signed bundle made by the programs that Buildroot uses, from stand-ins
// for kernel and root. What only Buildroot or a board can show is listed in buildroot/BRINGUP.md. The package has tests only.
package image
