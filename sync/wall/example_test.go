// SPDX-License-Identifier: Apache-2.0

package wall_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"madoguchi/sync/wall"
)

// Both ends of the wall: the PIN side listens, the network side dials.
func Example() {
	dir, err := os.MkdirTemp("", "wall")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	socket, err := net.Listen("unix", filepath.Join(dir, "wall.sock")) // in service: wall.Inherited()
	if err != nil {
		fmt.Println(err)
		return
	}
	var counts wall.Counts
	l := wall.NewListener(socket, os.Getuid(), wall.Opts{Counts: &counts})
	defer l.Close()

	go func() { // the network side
		c, err := net.Dial("unix", socket.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		network := wall.New(c, wall.Network, wall.Opts{})
		fmt.Println(network.Write(wall.Records, []byte("records run the other way")))
		network.Write(wall.Ack, []byte("a signed receipt"))
	}()

	c, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	f, err := c.Read()
	fmt.Println(f.Type, string(f.Body), err)
	// Output:
	// refusing records frame of 25 bytes from the network side: wrong type
	// ack a signed receipt <nil>
}
