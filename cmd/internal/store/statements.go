// SPDX-License-Identifier: Apache-2.0

package store

// The statements of a batch. Both databases read $1 and RETURNING; what only one
// of them reads stands beside its engine.
const (
	qMark = `SELECT upto, durable, top, EXISTS (SELECT 1 FROM transport t
		WHERE t.device = w.device AND t.epoch = w.epoch AND t.reject <> '') FROM watermark w WHERE device = $1 AND epoch = $2`
	qEpochs  = `SELECT count(*) FROM watermark WHERE device = $1 AND epoch <> $2`
	qKnown   = `SELECT seq, n, digest, reject FROM transport WHERE device = $1 AND epoch = $2 AND seq BETWEEN $3 AND $4`
	qFacet   = `SELECT kind, week, office_group, a, b FROM facet WHERE id = $1`
	qGaps    = `SELECT seq FROM transport WHERE device = $1 AND epoch = $2 AND seq > $3 ORDER BY seq`
	qRejects = `SELECT seq, reject FROM transport WHERE device = $1 AND epoch = $2 AND reject <> ''
		AND (seq < $3 OR seq > $4) ORDER BY seq DESC LIMIT 4`
	qMove = `INSERT INTO watermark (device, epoch, upto, durable, top) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (device, epoch) DO UPDATE SET upto = excluded.upto, top = excluded.top`
	// Refused numbers stay: a device that asks again is told again.
	qForget    = `DELETE FROM transport WHERE device = $1 AND epoch = $2 AND seq <= $3 AND reject = ''`
	qAddFacet  = `INSERT INTO facet (id, kind, week, office_group, a, b) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	qAddNumber = `INSERT INTO transport (device, epoch, seq, n, digest, reject) VALUES ($1, $2, $3, $4, $5, $6)`
	qAddAlarm  = `INSERT INTO alarm (kind, device, count, day) VALUES ($1, $2, $3, $4)
		ON CONFLICT (kind, device) DO UPDATE SET count = alarm.count + excluded.count, day = excluded.day`
	qAddCount = `INSERT INTO counter (name, part, value) VALUES ($1, $2, $3)
		ON CONFLICT (name, part) DO UPDATE SET value = counter.value + excluded.value`

	qCounts = `SELECT kind, week, office_group, a, b, CAST(sum(n) AS BIGINT) FROM (
			SELECT kind, week, office_group, a, b, count(*) AS n FROM facet GROUP BY kind, week, a, b, office_group
			UNION ALL SELECT kind, week, office_group, a, b, n FROM tally) cells
		GROUP BY kind, week, a, b, office_group ORDER BY kind, week, a, b, office_group`

	// qFold and qFoldEnd stand around a WHERE and a GROUP BY.
	qFold    = `INSERT INTO tally (kind, week, office_group, a, b, n) SELECT kind, week, office_group, a, b, count(*) FROM facet`
	qFoldEnd = ` ON CONFLICT (kind, week, office_group, a, b) DO UPDATE SET n = tally.n + excluded.n`
)

// often are the statements that SQLite prepares ahead.
var often = []string{qMark, qEpochs, qKnown, qFacet, qGaps, qRejects, qMove, qForget, qAddFacet, qAddNumber, qAddAlarm, qAddCount}
