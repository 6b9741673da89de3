package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const window = 1 << 24

// serve listens on a free port, for all services.
func serve(answers map[string][]byte) (any, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveConn(conn, answers)
		}
	}()
	return map[string]string{"url": fmt.Sprintf("http://%s", listener.Addr())}, nil
}

var (
	headers  = block(":status", "200", "content-type", "application/grpc+proto")
	trailers = block("grpc-status", "0")
)

// block encodes header fields without the dynamic table, so that it is the same each time.
func block(pairs ...string) []byte {
	var out bytes.Buffer
	encoder := hpack.NewEncoder(&out)
	encoder.SetMaxDynamicTableSize(0)
	for i := 0; i < len(pairs); i += 2 {
		encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1], Sensitive: true})
	}
	return out.Bytes()
}

// peer is one connection. Frames are written under its lock.
type peer struct {
	net.Conn
	mu     sync.Mutex
	room   *sync.Cond
	out    *bufio.Writer
	framer *http2.Framer
	// Bytes that the other side takes.
	credit int
	// Bytes of data that were received since the last update.
	taken int
}

func newPeer(conn net.Conn) *peer {
	out := bufio.NewWriterSize(conn, 1<<16)
	p := &peer{Conn: conn, out: out, framer: http2.NewFramer(out, bufio.NewReaderSize(conn, 1<<16)), credit: 65_535}
	p.framer.SetReuseFrames()
	p.room = sync.NewCond(&p.mu)
	return p
}

// begin announces large windows.
func (p *peer) begin() error {
	p.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 10_000})
	p.framer.WriteWindowUpdate(0, window)
	return p.out.Flush()
}

// common handles a frame that is the same for both sides.
func (p *peer) common(frame http2.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch of := frame.(type) {
	case *http2.SettingsFrame:
		if !of.IsAck() {
			p.framer.WriteSettingsAck()
			p.out.Flush()
		}
	case *http2.PingFrame:
		if !of.IsAck() {
			p.framer.WritePing(true, of.Data)
			p.out.Flush()
		}
	case *http2.WindowUpdateFrame:
		if of.StreamID == 0 {
			p.credit += int(of.Increment)
			p.room.Broadcast()
		}
	case *http2.DataFrame:
		if p.taken += len(of.Data()); p.taken > window/2 {
			p.framer.WriteWindowUpdate(0, uint32(p.taken))
			p.taken = 0
		}
	}
}

func serveConn(conn net.Conn, answers map[string][]byte) {
	p := newPeer(conn)
	defer conn.Close()
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil || p.begin() != nil {
		return
	}
	type stream struct {
		id   uint32
		body []byte
	}
	due := make(chan stream, 10_000)
	defer close(due)
	go func() {
		for next := range due {
			p.mu.Lock()
			for p.credit < len(next.body) {
				p.out.Flush() // the other side gives room for what it has received
				p.room.Wait()
			}
			p.credit -= len(next.body)
			p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: next.id, BlockFragment: headers, EndHeaders: true})
			p.framer.WriteData(next.id, false, next.body)
			p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: next.id, BlockFragment: trailers, EndHeaders: true, EndStream: true})
			if len(due) == 0 {
				p.out.Flush()
			}
			p.mu.Unlock()
		}
	}()
	paths := map[uint32][]byte{}
	var path string
	decoder := hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		if field.Name == ":path" {
			path = field.Value
		}
	})
	for {
		frame, err := p.framer.ReadFrame()
		if err != nil {
			return
		}
		p.common(frame)
		var id uint32
		var ended bool
		switch of := frame.(type) {
		case *http2.HeadersFrame:
			decoder.Write(of.HeaderBlockFragment())
			id, ended = of.StreamID, of.StreamEnded()
			paths[id] = answers[path]
		case *http2.DataFrame:
			id, ended = of.StreamID, of.StreamEnded()
		case *http2.RSTStreamFrame:
			delete(paths, of.StreamID)
		}
		if ended {
			due <- stream{id, paths[id]}
			delete(paths, id)
		}
	}
}
