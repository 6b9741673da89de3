// Reads and writes messages as Go's protobuf does; see ../peers.ts for the frames.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
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

func frame(in io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return nil, err
	}
	data := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(in, data)
	return data, err
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(must(frame(in)), &set); err != nil {
		panic(err)
	}
	files := must(protodesc.NewFiles(&set))
	types := dynamicpb.NewTypes(files)
	for {
		request, err := frame(in)
		if err != nil {
			return
		}
		length := int(request[1])
		desc := must(files.FindDescriptorByName(protoreflect.FullName(request[2 : 2+length])))
		message := dynamicpb.NewMessage(desc.(protoreflect.MessageDescriptor))
		answer, err := convert(request[0], request[2+length:], message, types)
		status := byte(0)
		if err != nil {
			status, answer = 1, []byte(err.Error())
		}
		var head [5]byte
		binary.BigEndian.PutUint32(head[:4], uint32(len(answer)+1))
		head[4] = status
		out.Write(head[:])
		out.Write(answer)
	}
}

// An entry of a map without its key makes dynamicpb panic at times; Go then has no decision, and upb has.
func convert(operation byte, input []byte, message proto.Message, types *dynamicpb.Types) (_ []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	switch operation {
	case 'j':
		err = protojson.UnmarshalOptions{Resolver: types, AllowPartial: true}.Unmarshal(input, message)
	case 'i':
		err = protojson.UnmarshalOptions{Resolver: types, AllowPartial: true, DiscardUnknown: true}.Unmarshal(input, message)
	default:
		err = proto.UnmarshalOptions{AllowPartial: true}.Unmarshal(input, message)
	}
	if err != nil {
		return nil, err
	}
	if operation == 'w' {
		return protojson.MarshalOptions{Resolver: types, AllowPartial: true}.Marshal(message)
	}
	return proto.MarshalOptions{Deterministic: true, AllowPartial: true}.Marshal(message)
}
