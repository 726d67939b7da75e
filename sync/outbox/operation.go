// SPDX-License-Identifier: Apache-2.0

package outbox

import "fmt"

// kOperation lies in the journal's bucket beside the open case, which ends before an operation of the issuer link need be settled.
var kOperation = []byte("operation")

// Operation is the journal of an operation of the issuer link as SetOperation stored it, or nil if none is open, or if the file cannot be read.
func (o *Outbox) Operation() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, _ := o.get(bJournal, kOperation)
	return b
}

// SetOperation stores the journal of the one operation that may be open; it is opaque here, at most MaxJournal bytes, and on the disk when this returns. An empty one says that both
// sides agree how it ended.
func (o *Outbox) SetOperation(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(b) > MaxJournal {
		return fmt.Errorf("storing journal of an operation: %d bytes are more than %d", len(b), MaxJournal)
	}
	if err := o.put("operation", bJournal, kOperation, b); err != nil {
		return fmt.Errorf("storing journal of an operation: %w", err)
	}
	return nil
}
