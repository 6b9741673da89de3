# Reads and writes messages as Python's protobuf (upb) does; see peers.ts for the frames.
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.internal import api_implementation

assert api_implementation.Type() == "upb", api_implementation.Type()
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer


def frame():
    head = stdin.read(4)
    return stdin.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


pool = descriptor_pool.DescriptorPool()
for file in descriptor_pb2.FileDescriptorSet.FromString(frame()).file:
    pool.Add(file)


def convert(operation, name, data):
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))()
    if operation in "ji":
        json_format.Parse(data, message, ignore_unknown_fields=operation == "i", descriptor_pool=pool)
    else:
        message.MergeFromString(data)
    if operation == "w":
        return json_format.MessageToJson(message, descriptor_pool=pool).encode()
    return message.SerializePartialToString(deterministic=True)


while (request := frame()) is not None:
    length = request[1]
    try:
        answer = b"\0" + convert(chr(request[0]), request[2 : 2 + length].decode(), request[2 + length :])
    except Exception as error:
        answer = b"\1" + str(error).encode("utf-8", "replace")
    stdout.write(struct.pack(">I", len(answer)) + answer)
