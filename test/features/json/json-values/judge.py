"""Does the same as go/main.go with protobuf's package for Python."""

import base64
import json
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

files = descriptor_pb2.FileDescriptorSet()
with open(sys.argv[1], "rb") as file:
    files.ParseFromString(file.read())
pool = descriptor_pool.DescriptorPool()
for file in files.file:
    pool.Add(file)
All = message_factory.GetMessageClass(pool.FindMessageTypeByName("json.v1.All"))

for line in sys.stdin:
    message = All()
    try:
        json_format.Parse(json.loads(line), message, descriptor_pool=pool)
        bytes = message.SerializeToString(deterministic=True)
        print("=" + base64.b64encode(bytes).decode())
    except Exception:  # Python's own errors count as refusals, too
        print("-")
