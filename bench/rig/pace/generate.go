package main

import (
	"encoding/base64"
	"net"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

type load struct {
	Address     string   `json:"address"`
	Headers     []string `json:"headers"`
	Body        []byte   `json:"body"`
	PerSecond   float64  `json:"perSecond"`
	Seconds     float64  `json:"seconds"`
	Connections int      `json:"connections"`
}

type result struct {
	// Milliseconds from the time at which each request was due, ascending.
	Latencies []float64 `json:"latenciesMs"`
	// Delays of sending.
	Lags []float64 `json:"lagsMs"`
	// Different answers in base64, and how many of each.
	Answers map[string]int `json:"answers"`
}

// client is a connection whose requests are in flight.
type client struct {
	*peer
	nextID uint32
	due    map[uint32]time.Time
	bodies map[uint32][]byte
}

// generate sends requests at fixed times, whether or not earlier ones are answered.
func generate(of load) (any, error) {
	request := block(of.Headers...)
	total := int(of.PerSecond * of.Seconds)
	found := result{Answers: map[string]int{}}
	var mu sync.Mutex
	var answered sync.WaitGroup
	answered.Add(total)
	done := func(due time.Time, kind string) {
		mu.Lock()
		found.Latencies = append(found.Latencies, ms(time.Since(due)))
		found.Answers[kind]++
		mu.Unlock()
		answered.Done()
	}
	clients := make([]*client, of.Connections)
	for i := range clients {
		conn, err := net.Dial("tcp", of.Address)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		c := &client{peer: newPeer(conn), nextID: 1, due: map[uint32]time.Time{}, bodies: map[uint32][]byte{}}
		if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
			return nil, err
		}
		if err := c.begin(); err != nil {
			return nil, err
		}
		go c.read(done)
		clients[i] = c
	}
	time.Sleep(50 * time.Millisecond) // settings are exchanged
	gap := time.Duration(float64(time.Second) / of.PerSecond)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	for i := range total {
		due := start.Add(time.Duration(i) * gap)
		sleepUntil(due)
		found.Lags = append(found.Lags, ms(time.Since(due)))
		clients[i%len(clients)].send(request, of.Body, due)
	}
	all := make(chan struct{})
	go func() {
		answered.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-time.After(patience):
	}
	mu.Lock()
	defer mu.Unlock()
	if lost := total - len(found.Latencies); lost > 0 {
		found.Answers[failed] += lost
	}
	slices.Sort(found.Latencies)
	slices.Sort(found.Lags)
	answers := map[string]int{}
	for kind, count := range found.Answers {
		if kind != failed {
			kind = base64.StdEncoding.EncodeToString([]byte(kind))
		}
		answers[kind] = count
	}
	found.Answers = answers
	return found, nil
}

// failed is the kind of answers with another status than OK.
const failed = "failed"

// patience is the time after the last request in which answers count.
const patience = 5 * time.Second

// sleepUntil sleeps in the kernel: time.Sleep is late by up to a millisecond.
func sleepUntil(due time.Time) {
	for wait := time.Until(due); wait > 0; wait = time.Until(due) {
		of := syscall.NsecToTimespec(wait.Nanoseconds())
		syscall.Nanosleep(&of, nil)
	}
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func (c *client) send(request, body []byte, due time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.credit < len(body) {
		c.room.Wait()
	}
	c.credit -= len(body)
	id := c.nextID
	c.nextID += 2
	c.due[id] = due
	c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: request, EndHeaders: true})
	c.framer.WriteData(id, true, body)
	c.out.Flush()
}

func (c *client) read(done func(due time.Time, kind string)) {
	status := ""
	decoder := hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		if field.Name == "grpc-status" {
			status = field.Value
		}
	})
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return
		}
		c.common(frame)
		switch of := frame.(type) {
		case *http2.HeadersFrame:
			status = ""
			decoder.Write(of.HeaderBlockFragment())
			if of.StreamEnded() {
				kind := failed
				if status == "0" {
					kind = string(c.bodies[of.StreamID])
				}
				c.end(of.StreamID, kind, done)
			}
		case *http2.DataFrame:
			c.bodies[of.StreamID] = append(c.bodies[of.StreamID], of.Data()...)
		case *http2.RSTStreamFrame:
			c.end(of.StreamID, failed, done)
		}
	}
}

func (c *client) end(id uint32, kind string, done func(due time.Time, kind string)) {
	c.mu.Lock()
	due, open := c.due[id]
	delete(c.due, id)
	c.mu.Unlock()
	delete(c.bodies, id)
	if open {
		done(due, kind)
	}
}
