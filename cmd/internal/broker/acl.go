// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"bytes"
	"crypto/subtle"
	"net"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"madoguchi/sync/record"
)

// CollectorID is the client id and user name of city hall's collector. A device
// id has no underscore, so no device can have it; NATS takes no dot in a client id.
const CollectorID = "host_collector"

// DirectorID is the same of the fleet's director, which tells boxes what to run
// and hands out what they fetch.
const DirectorID = "host_director"

// DirectorCheckID is the client id of who tries the broker under the director's
// user name: under its client id the broker would end the director's connection.
const DirectorCheckID = DirectorID + "_check"

// IssuerID is the client id and user name of the issuer link's other end. It
// reaches its own topics and none of the records'.
const IssuerID = "host_issuer"

// grant lists what one kind of client may do. In a pattern %c is the city, %d
// the client's own id, and + any one level.
type grant struct{ publish, subscribe []string }

var (
	deviceGrant = grant{
		publish: []string{
			"mg/1/%c/d/%d/presence", "mg/1/%c/d/%d/reported", "mg/1/%c/d/%d/rec",
			"mg/1/%c/d/%d/evt", "mg/1/%c/d/%d/req", "mg/1/%c/d/%d/claim/put", "mg/1/%c/d/%d/claim/get",
			"mg/1/%c/d/%d/issuer/up", "mg/1/%c/d/%d/enrol/up",
		},
		subscribe: []string{
			"mg/1/%c/d/%d/issuer/down", "mg/1/%c/d/%d/enrol/down",
			"mg/1/%c/d/%d/claim", "mg/1/%c/d/%d/desired", "mg/1/%c/d/%d/ack", "mg/1/%c/d/%d/chunk", "mg/1/%c/d/%d/cmd",
			"mg/1/%c/meta/+", "mg/1/%c/host/state",
		},
	}
	issuerGrant = grant{
		publish:   []string{"mg/1/%c/d/+/issuer/down"},
		subscribe: []string{"mg/1/%c/d/+/issuer/up"},
	}
	collectorGrant = grant{
		publish: []string{"mg/1/%c/d/+/ack", "mg/1/%c/d/+/claim", "mg/1/%c/host/state"},
		subscribe: []string{
			"mg/1/%c/d/+/presence", "mg/1/%c/d/+/reported", "mg/1/%c/d/+/rec",
			"mg/1/%c/d/+/evt", "mg/1/%c/d/+/req", "mg/1/%c/d/+/claim/put", "mg/1/%c/d/+/claim/get", "mg/1/%c/host/state",
		},
	}
	directorGrant = grant{
		publish:   []string{"mg/1/%c/d/+/desired", "mg/1/%c/d/+/chunk", "mg/1/%c/d/+/enrol/down"},
		subscribe: []string{"mg/1/%c/d/+/presence", "mg/1/%c/d/+/reported", "mg/1/%c/d/+/req", "mg/1/%c/d/+/enrol/up"},
	}
)

// guard is the broker's hook for who may connect and who may use which topic.
type guard struct {
	mqtt.HookBase
	city     string
	password string
}

var _ mqtt.Hook = (*guard)(nil)

// ID names the hook in the broker's log.
func (g *guard) ID() string { return "guard" }

// Provides lists the events that the hook decides.
func (g *guard) Provides(b byte) bool {
	return bytes.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck}, []byte{b})
}

// OnConnectAuthenticate lets in the collector and the issuer with the password and devices
// with a well-formed id, from this machine, with a clean session. The broker
// does not check the topic of a will, so it is checked here: otherwise a
// device could say of another that it went offline.
func (g *guard) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	// A client without an id has been given one by the broker already.
	if !fromLoopback(cl) || !pk.Connect.Clean || pk.Connect.ClientIdentifier != cl.ID {
		return false
	}
	allowed, known := g.grantOf(cl.ID)
	if !known {
		return false
	}
	user, named := string(pk.Connect.Username), pk.Connect.UsernameFlag
	if strings.HasPrefix(cl.ID, DirectorID) || cl.ID == IssuerID || strings.HasPrefix(cl.ID, CollectorID) {
		want := cl.ID
		if want == DirectorCheckID {
			want = DirectorID
		}
		if user != want || subtle.ConstantTimeCompare(pk.Connect.Password, []byte(g.password)) != 1 {
			return false
		}
	} else if named && user != cl.ID {
		return false
	}
	return !pk.Connect.WillFlag || g.covered(allowed.publish, cl.ID, pk.Connect.WillTopic)
}

// OnACLCheck decides on a publish (write), a subscription's filter, and again
// on each delivery, where topic is the concrete one.
func (g *guard) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	allowed, known := g.grantOf(cl.ID)
	if !known {
		return false
	}
	if write {
		return g.covered(allowed.publish, cl.ID, topic)
	}
	return g.covered(allowed.subscribe, cl.ID, topic)
}

func (g *guard) grantOf(id string) (grant, bool) {
	switch {
	case id == CollectorID || strings.HasPrefix(id, CollectorID+"_"): // several collectors of one city
		return collectorGrant, true
	case id == IssuerID:
		return issuerGrant, true
	case id == DirectorID, id == DirectorCheckID:
		return directorGrant, true
	case record.ValidDevice(id):
		return deviceGrant, true
	}
	return grant{}, false
}

func (g *guard) covered(patterns []string, id, topic string) bool {
	r := strings.NewReplacer("%c", g.city, "%d", id)
	for _, p := range patterns {
		if covers(r.Replace(p), topic) {
			return true
		}
	}
	return false
}

// covers says whether every topic that filter matches is matched by pattern
// too. No pattern holds a #, so a filter with one is never covered.
func covers(pattern, filter string) bool {
	p, f := strings.Split(pattern, "/"), strings.Split(filter, "/")
	if len(p) != len(f) {
		return false
	}
	for i := range p {
		if f[i] == "#" || f[i] != p[i] && p[i] != "+" {
			return false
		}
	}
	return true
}

func fromLoopback(cl *mqtt.Client) bool {
	host, _, err := net.SplitHostPort(cl.Net.Remote)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
