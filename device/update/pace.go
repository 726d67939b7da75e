// SPDX-License-Identifier: Apache-2.0

package update

import "time"

// A request is answered in between quick and slow when it has the size that fits the line: long enough that the line does not rest between two of them, short enough that
// no answer is taken for lost while it is on its way.
const (
	quick = 3 * time.Second
	slow  = 8 * time.Second
)

// prompt is how soon an answer comes on a line that bears more than few parts at a time.
const prompt = time.Second

// few is how many parts are under way at most where answers are quick and no more: the more of them wait somewhere, the longer does a receipt wait behind them.
const few = 8

const (
	block       = 4 << 10         // bytes: the smallest piece of a chunk that is asked for
	firstPiece  = 2 * block       // 7 s on a line of 9.6 kbit/s
	mostPatient = 2 * time.Minute // however often nothing came
)

// pace fits requests to the line: one small request first, larger ones and more at a time while answers come quickly, fewer and smaller ones when they come slowly, and
// after silence fewer, smaller and later. So 32 parts are under way on a city's network, eight where the line is felt, and a few
// kilobytes on a modem's line.
type pace struct {
	most   int           // requests in flight
	window int           // requests in flight now
	piece  int           // bytes of one of them
	took   time.Duration // the last answer of which it is known
	silent int           // times in a row that patience ended and nothing had come
	backed int           // the same, until an answer is known to be that of a request: on a slow line an early repetition begets others
}

func newPace(most int) *pace { return &pace{most: most, window: 1, piece: firstPiece} }

// answered takes how long an answer of n bytes took, of a request that was made once.
func (p *pace) answered(n int, took time.Duration) {
	p.silent, p.backed, p.took = 0, 0, took
	whole := took // of a full piece, at most
	if n < p.piece {
		whole = took * time.Duration(p.piece) / time.Duration(max(n, 1))
	}
	switch {
	case whole < quick && p.piece < MaxPart:
		p.piece *= 2
	case whole < quick && p.window < min(few, p.most), whole < prompt && p.window < p.most:
		p.window++
	case took > prompt && p.window > few:
		p.window--
	case took > slow && p.window > 1:
		p.window--
	case took > slow && p.piece > block:
		p.piece /= 2
	}
}

// batch is how many parts are worth a request: several on a prompt line, which does not rest meanwhile, else one as soon as there is room for it.
func (p *pace) batch() int {
	if p.took > prompt || p.piece < MaxPart {
		return 1
	}
	return max(1, min(maxWanted, p.window/2))
}

// moved notes that something came, or that a new request begins.
func (p *pace) moved() { p.silent = 0 }

// late notes that patience has ended.
func (p *pace) late() {
	p.silent++
	p.backed++
	p.window = max(1, p.window/2)
	p.piece = max(block, p.piece/2)
}

// patience is how long an answer is waited for now; base is that of a line that answers.
func (p *pace) patience(base time.Duration) time.Duration {
	d := base
	for n := 0; n < p.backed && d < mostPatient; n++ {
		d *= 2
	}
	return max(base, min(max(d, 2*p.took), mostPatient))
}
