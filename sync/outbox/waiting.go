// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	bolt "go.etcd.io/bbolt"

	"madoguchi/sync/record"
)

// Waiting counts the cases of which city hall does not have the record yet, and gives the oldest week of any record that waits; zero: none waits.
// What else a case told, and weekly counts, are no cases. It reads every record that waits: for a page that somebody looks at.
func (o *Outbox) Waiting() (cases int, oldest record.Week, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.view(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bHold, bOut} {
			if err := tx.Bucket(name).ForEach(func(_, v []byte) error {
				r, err := openRecord(v)
				if err != nil {
					return err
				}
				if r.Kind() == record.PO {
					cases++
				}
				if w := r.Week(); oldest == 0 || w < oldest {
					oldest = w
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return cases, oldest, err
}
