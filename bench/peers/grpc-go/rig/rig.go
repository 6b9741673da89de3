// Package rig is what bench/rig expects of a server under measurement, for servers in Go: `listening on <url>` on standard output, addresses of
// upstreams in variables, an end by SIGTERM, and answers over the channel that Node's fork opens.
package rig

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// Conn is a connection to an upstream, with its address from <FULL_SERVICE_NAME>_URL. Each service has one of its own, as with the other peers.
func Conn(service string) *grpc.ClientConn {
	name := strings.ReplaceAll(strings.ToUpper(service), ".", "_") + "_URL"
	address, err := url.Parse(os.Getenv(name))
	if err != nil || address.Host == "" {
		log.Fatalf("%s is not set", name)
	}
	conn, err := grpc.NewClient(
		address.Host,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(forward),
	)
	if err != nil {
		log.Fatal(err)
	}
	return conn
}

// forward passes on the headers that every peer passes on.
func forward(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	pairs := make([]string, 0, 4)
	for _, name := range [...]string{"authorization", "x-request-id"} {
		if values := metadata.ValueFromIncomingContext(ctx, name); len(values) > 0 {
			pairs = append(pairs, name, values[0])
		}
	}
	return invoke(metadata.AppendToOutgoingContext(ctx, pairs...), method, req, reply, conn, options...)
}

// working keeps a processor busy for BENCH_WORK_US microseconds after each answer, as bench/rig/working-observer.ts does.
func working(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	answer, err := handle(ctx, req)
	if err == nil {
		for until := time.Now().Add(work); time.Now().Before(until); {
		}
	}
	return answer, err
}

var work = func() time.Duration {
	micros, _ := strconv.Atoi(os.Getenv("BENCH_WORK_US"))
	return time.Duration(micros) * time.Microsecond
}()

// Serve serves until SIGTERM.
func Serve(register func(*grpc.Server)) {
	server := grpc.NewServer(grpc.UnaryInterceptor(working))
	register(server)
	listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")))
	if err != nil {
		log.Fatal(err)
	}
	endProfile := profile()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-signals
		endProfile()
		os.Exit(0)
	}()
	go answer()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(server.Serve(listener))
}

// profile leaves a CPU profile in the folder $BENCH_PROFILE, where there is one.
func profile() (end func()) {
	folder := os.Getenv("BENCH_PROFILE")
	if folder == "" {
		return func() {}
	}
	file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%s.%d.pprof", filepath.Base(os.Args[0]), os.Getpid())))
	if err != nil {
		log.Fatal(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		log.Fatal(err)
	}
	return func() {
		pprof.StopCPUProfile()
		file.Close()
	}
}

// answer answers what bench/rig/probe.ts answers in Node: a line of JSON for a line of JSON.
func answer() {
	fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	if err != nil {
		return
	}
	channel, err := net.FileConn(os.NewFile(uintptr(fd), "channel"))
	if err != nil {
		log.Fatal(err)
	}
	for lines := bufio.NewScanner(channel); lines.Scan(); {
		var reply any
		switch lines.Text() {
		case `"usage"`:
			reply = used()
		case `"collect"`:
			runtime.GC()
			reply = used()
		case `"garbage"`:
			reply = allocated()
		default:
			continue
		}
		line, _ := json.Marshal(reply)
		if _, err := channel.Write(append(line, '\n')); err != nil {
			log.Fatal(err)
		}
	}
	os.Exit(0) // the driver has gone
}

type usage struct {
	CPUMicros   int64 `json:"cpuMicros"`
	MaxRSSBytes int64 `json:"maxRssBytes"`
	RSSBytes    int64 `json:"rssBytes"`
}

func used() usage {
	var resources syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &resources); err != nil {
		log.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	// What getrusage says of memory counts the driver, too, out of which the process was forked.
	return usage{
		CPUMicros:   (resources.Utime.Nano() + resources.Stime.Nano()) / 1_000,
		MaxRSSBytes: 1024 * kilobytes(string(status), "VmHWM:"),
		RSSBytes:    1024 * kilobytes(string(status), "VmRSS:"),
	}
}

func kilobytes(status, name string) int64 {
	_, rest, _ := strings.Cut(status, name)
	number, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	return number
}

type garbage struct {
	HeapBytes uint64  `json:"heapBytes"`
	Objects   uint64  `json:"objects"`
	GCMicros  float64 `json:"gcMicros"`
}

func allocated() garbage {
	samples := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}}
	metrics.Read(samples)
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	return garbage{
		HeapBytes: heap.TotalAlloc,
		Objects:   heap.Mallocs,
		GCMicros:  (samples[0].Value.Float64() - samples[1].Value.Float64()) * 1e6,
	}
}
