// SPDX-License-Identifier: Apache-2.0

// Package policycmd is "fleet policy": deciding and checking cases by the municipalities' rules, checking the rules themselves, comparing
// two of them, explaining a decision in words, and starting the file of another municipality. The rules are those of the program or, with
// --policies, those of a folder. It changes no file and talks to no device.
package policycmd
