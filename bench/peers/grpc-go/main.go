// The compositions of bench/peers/compositions.ts as people write them in Go: grpc-go and errgroup, with deadlines, cancellation and forwarded
// headers, without retries, limits and breakers. One that is not asked for costs nothing, so the argument chooses only which upstreams are needed.
package main

import (
	"log"
	"os"

	"google.golang.org/grpc"

	chain "protobff/grpc-go/gen/bench/chain/v1"
	fanout "protobff/grpc-go/gen/bench/fanout/v1"
	list "protobff/grpc-go/gen/bench/list/v1"
	web "protobff/grpc-go/gen/web/v1"
	"protobff/grpc-go/rig"
)

func main() {
	rig.Serve(func(server *grpc.Server) {
		switch name := os.Args[1]; name {
		case "fanout":
			fanout.RegisterHomeServiceServer(server, newHome())
		case "chain":
			chain.RegisterPlaceServiceServer(server, newPlace())
		case "list":
			list.RegisterFeedServiceServer(server, newFeed())
		case "example":
			web.RegisterDashboardServiceServer(server, newDashboard())
		default:
			log.Fatalf("%q is none of fanout, chain, list, example", name)
		}
	})
}
