// Upstreams with encoded answers and a generator of requests at fixed times, on bare frames of HTTP/2: both need little
// of the processor that they share. Each line on standard input is an order, and is answered by a line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime/debug"
)

type order struct {
	// Answers of upstreams by path, framed as gRPC has it. The answer is their address.
	Serve map[string][]byte `json:"serve"`
	// The answer has the latencies.
	Generate *load `json:"generate"`
}

func main() {
	debug.SetGCPercent(400)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var next order
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			log.Fatal(err)
		}
		var reply any
		var err error
		if next.Generate != nil {
			reply, err = generate(*next.Generate)
		} else {
			reply, err = serve(next.Serve)
		}
		if err != nil {
			log.Fatal(err)
		}
		line, _ := json.Marshal(reply)
		fmt.Println(string(line))
	}
}
