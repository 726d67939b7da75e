// SPDX-License-Identifier: Apache-2.0

package rollout

import "fmt"

// itself is who acts in the history when no person does.
const itself = "the rollout itself"

// Itself tells whether a name in the history is none of a person.
func Itself(who string) bool { return who == itself }

// Codes of causes. Facts are what {0}, {1}, … are in a text of another language.
const (
	Stuck = "stuck" // wave, boxes that are well, of how many, wanted share in percent, those that are not
	Early = "early" // failures, of how many tried, their codes
	Rate  = "rate"  // failures, of how many tried, bearable rate in percent, their codes

	Unproved = "unproved" // wave, boards that the release runs on, boxes that turned out to be of others
)

// Cause is why a rollout has paused or ended by itself.
type Cause struct {
	Code  string
	Facts []string
}

// String is the cause in English, with what to do.
func (c *Cause) String() string {
	format := map[string]string{
		Stuck:    "wave %s: %s of %s boxes are well, %s %% are wanted; not well: %s. Look at them (fleet device why BOX); then resume with a reason to go on without them, or abort",
		Early:    "%s of %s boxes failed in an early wave: %s",
		Unproved: "wave %s has proved nothing: the release runs on %s, and these turned out to be of other boards: %s. Resume with a reason to let the next wave be the first, or abort and draw up another plan",
		Rate:     "%s of %s boxes failed; the rate is above %s %% with 95 %% certainty: %s",
	}[c.Code]
	facts := make([]any, len(c.Facts))
	for i, f := range c.Facts {
		facts[i] = f
	}
	return fmt.Sprintf(format, facts...)
}
