// grpc-gateway in front of a gRPC server that keeps what it was asked and answers what it is told to, and of a BFF.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"gateway/gen"
	pages "gateway/gen/pages/v1"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// What the next call is answered, and what the last one asked.
var (
	lock    sync.Mutex
	reply   []byte
	refusal *spb.Status
	asked   []byte
	called  string
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	server := grpc.NewServer(grpc.UnknownServiceHandler(answer))
	go server.Serve(listener)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	// As without any options, but for what nobody knows: that is an error, so that a field that gets lost is seen.
	strict := runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.HTTPBodyMarshaler{
		Marshaler: &runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{EmitUnpopulated: true}},
	})
	usual := runtime.NewServeMux(strict)
	must(gen.RegisterLibraryHandler(context.Background(), usual, conn))
	// Without the fields that a mask left out.
	bff := runtime.NewServeMux(runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{}))
	if os.Args[2] != "" {
		conn, err := grpc.NewClient(os.Args[2], grpc.WithTransportCredentials(insecure.NewCredentials()))
		must(err)
		must(pages.RegisterPageServiceHandler(context.Background(), bff, conn))
	}
	handler := func(w http.ResponseWriter, request *http.Request) {
		switch first, _, _ := strings.Cut(request.URL.Path[1:], "/"); first {
		case "usual":
			http.StripPrefix("/usual", usual).ServeHTTP(w, request)
		case "pages":
			http.StripPrefix("/pages", bff).ServeHTTP(w, request)
		case "reply", "refusal":
			body, err := io.ReadAll(request.Body)
			must(err)
			lock.Lock()
			defer lock.Unlock()
			reply, refusal = body, nil
			if first == "refusal" {
				refusal = &spb.Status{}
				must(proto.Unmarshal(body, refusal))
			}
		case "asked":
			lock.Lock()
			defer lock.Unlock()
			w.Header().Set("called", called)
			w.Write(asked)
		}
	}
	must(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(handler)))
}

func answer(_ any, stream grpc.ServerStream) error {
	path, _ := grpc.MethodFromServerStream(stream)
	name := path[strings.LastIndex(path, "/")+1:]
	method := gen.File_gateway_proto.Services().Get(0).Methods().ByName(protoreflect.Name(name))
	input, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	must(err)
	request := input.New().Interface()
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()
	called = name
	asked, err = proto.Marshal(request)
	must(err)
	if refusal != nil {
		return status.FromProto(refusal).Err()
	}
	output, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	must(err)
	message := output.New().Interface()
	must(proto.Unmarshal(reply, message))
	return stream.SendMsg(message)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
