// Trims messages with fmutils. Each line of standard input gets one line of standard output:
//
//	schema <FileDescriptorSet>     its messages replace those of earlier lines
//	trim <type> <message> <mask>   the message with these fields only; "!" and the reason for a failure
//
// A mask is JSON: names of fields, and keys of maps, with the masks below them; null keeps all. Arguments but types, and
// messages of answers, are in base64 after a dot.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/mennanov/fmutils"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

var files *protoregistry.Files

func main() {
	lines, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		answer, err := answer(strings.Fields(line))
		if err != nil {
			fmt.Fprintf(out, "!%q\n", err)
		} else {
			fmt.Fprintf(out, ".%s\n", base64.StdEncoding.EncodeToString(answer))
		}
		if lines.Buffered() == 0 {
			out.Flush()
		}
	}
}

func answer(line []string) ([]byte, error) {
	if line[0] == "schema" {
		var set descriptorpb.FileDescriptorSet
		err := proto.Unmarshal(bytes(line[1]), &set)
		if err == nil {
			files, err = protodesc.NewFiles(&set)
		}
		return nil, err
	}
	found, err := files.FindDescriptorByName(protoreflect.FullName(line[1]))
	if err != nil {
		return nil, err
	}
	message := dynamicpb.NewMessage(found.(protoreflect.MessageDescriptor))
	if err := (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(bytes(line[2]), message); err != nil {
		return nil, err
	}
	var mask fmutils.NestedMask
	if err := json.Unmarshal(bytes(line[3]), &mask); err != nil {
		return nil, err
	}
	mask.Filter(message)
	return proto.MarshalOptions{AllowPartial: true}.Marshal(message)
}

func bytes(field string) []byte {
	decoded, err := base64.StdEncoding.DecodeString(field[1:])
	if err != nil {
		panic(err)
	}
	return decoded
}
