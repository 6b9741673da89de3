// Protos of github.com/googleapis/googleapis (f8291d2b89f0), compiled: library, pubsub, secretmanager, logging's configuration and longrunning.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

export function googleapis(): FileRegistry {
  const bytes = gunzipSync(readFileSync(new URL("googleapis.binpb.gz", import.meta.url)));
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
}
