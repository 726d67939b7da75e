// SPDX-License-Identifier: Apache-2.0

package session

// pick takes a key on a menu of n lines: the chosen line from 1, or 0 while nothing is chosen.
func (m *machine) pick(k Key, n int) int { return choose(&m.choice, k, n) }

// pickMark is pick on an overlay, whose mark is its own.
func (m *machine) pickMark(k Key, n int) int { return choose(&m.mark, k, n) }

func choose(mark *int, k Key, n int) int {
	switch {
	case k >= Key1 && int(k-Key0) <= n:
		*mark = int(k - Key0)
		return *mark
	case k == KeyEnter:
		return *mark
	case k == KeyUp && *mark > 1:
		*mark--
	case k == KeyDown && *mark < n:
		*mark++
	}
	return 0
}

func index[T comparable](all []T, v T) int {
	for i, x := range all {
		if x == v {
			return i
		}
	}
	return 0
}
