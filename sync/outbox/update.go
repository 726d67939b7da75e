// SPDX-License-Identifier: Apache-2.0

package outbox

import "fmt"

// MaxUpdate is the longest document of the update bucket in bytes: metadata of one role (package update).
const MaxUpdate = 512 << 10

// Update is a document that PutUpdate stored; nil if there is none of that name.
func (o *Outbox) Update(name string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.get(bUpdate, []byte(name))
}

// PutUpdate stores a document of the updates under a name; it is opaque here, at most MaxUpdate bytes. An empty one takes it away.
func (o *Outbox) PutUpdate(name string, b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(b) > MaxUpdate {
		return fmt.Errorf("storing %s: %d bytes are more than %d", name, len(b), MaxUpdate)
	}
	if err := o.put("update", bUpdate, []byte(name), b); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	return nil
}
