// SPDX-License-Identifier: Apache-2.0

// Package citydemo fills city hall's database with the records of a made-up city
// for tests and pictures: four offices, five months, some 240 cases a week,
// drawn from a seed. Cases become facets as a box makes them (record.Rules), so
// that the pages show what they would show of a real city.
//
// The shares of procedures, wrong entries and lock-outs are invented; no figure
// here says anything about a real office.
package citydemo
