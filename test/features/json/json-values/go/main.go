// Reads ProtoJSON of json.v1.All, a JSON string per line, and writes a line for each: the bytes of its message in
// base64, or "-" if protojson refuses it. The argument is a file with the FileDescriptorSet.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(must(os.ReadFile(os.Args[1])), set); err != nil {
		panic(err)
	}
	files := must(protodesc.NewFiles(set))
	all := must(files.FindDescriptorByName("json.v1.All")).(protoreflect.MessageDescriptor)
	options := protojson.UnmarshalOptions{Resolver: dynamicpb.NewTypes(files)}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		var text string
		if err := json.Unmarshal(in.Bytes(), &text); err != nil {
			panic(err)
		}
		message := dynamicpb.NewMessage(all)
		if options.Unmarshal([]byte(text), message) != nil {
			out.WriteString("-\n")
			continue
		}
		bytes := must(proto.MarshalOptions{Deterministic: true}.Marshal(message))
		out.WriteString("=" + base64.StdEncoding.EncodeToString(bytes) + "\n")
	}
}
