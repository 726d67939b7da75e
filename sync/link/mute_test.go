// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	pahopackets "github.com/eclipse/paho.mqtt.golang/packets"
)

// muteBroker takes records and hands them to city hall, never sends PUBACK, and cuts at random.
type muteBroker struct {
	t    testing.TB
	hall *hall
	l    net.Listener
	mu   sync.Mutex
	rng  *rand.Rand
	cuts int
}

func newMuteBroker(t testing.TB, h *hall) *muteBroker {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	m := &muteBroker{t: t, hall: h, l: l, rng: rand.New(rand.NewPCG(seed, 7))}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(c)
		}
	}()
	t.Cleanup(func() { l.Close() })
	return m
}

func (m *muteBroker) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		p, err := pahopackets.ReadPacket(r)
		if err != nil {
			return
		}
		var answer pahopackets.ControlPacket
		switch p := p.(type) {
		case *pahopackets.ConnectPacket:
			answer = pahopackets.NewControlPacket(pahopackets.Connack)
		case *pahopackets.SubscribePacket:
			a := pahopackets.NewControlPacket(pahopackets.Suback).(*pahopackets.SubackPacket)
			a.MessageID, a.ReturnCodes = p.MessageID, bytes.Repeat([]byte{1}, len(p.Topics))
			answer = a
		case *pahopackets.PublishPacket:
			if strings.HasSuffix(p.TopicName, "/presence") { // without this PUBACK there is no session at all
				a := pahopackets.NewControlPacket(pahopackets.Puback).(*pahopackets.PubackPacket)
				a.MessageID = p.MessageID
				answer = a
				break
			}
			if !strings.HasSuffix(p.TopicName, "/rec") {
				continue
			}
			receipt := m.hall.take(p.Payload)
			m.mu.Lock()
			cut, drop := m.rng.IntN(5) == 0, m.rng.IntN(5) == 0
			if cut {
				m.cuts++
			}
			m.mu.Unlock()
			if cut { // stored, and nobody hears of it
				return
			}
			if drop {
				continue
			}
			a := pahopackets.NewControlPacket(pahopackets.Publish).(*pahopackets.PublishPacket)
			a.TopicName, a.Payload = NewTopics("nabari", "box-1").Ack, receipt
			answer = a
		default:
			continue
		}
		if answer.Write(c) != nil {
			return
		}
	}
}

// A broker without a single PUBACK and with random cuts: the receipt from end to end is what counts.
func TestBrokerWithoutPuback(t *testing.T) {
	h := newHall(t)
	m := newMuteBroker(t, h)
	c := newCounter(t, h.public(), 3000, 32)
	o := quick(nil)
	o.Window = 8
	start(t, config(t, "tcp://"+m.l.Addr().String(), c), o)
	c.drained(h)
	m.mu.Lock()
	defer m.mu.Unlock()
	t.Logf("%d cuts", m.cuts)
}
