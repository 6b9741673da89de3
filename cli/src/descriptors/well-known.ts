// The files of google.protobuf, which are the same everywhere.

import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import * as wkt from "@bufbuild/protobuf/wkt";

/** By their names, `google/protobuf/timestamp.proto`. */
export const WELL_KNOWN: ReadonlyMap<string, FileDescriptorProto> = new Map(
  Object.values(wkt).flatMap((value) =>
    typeof value === "object" && "kind" in value && value.kind === "file"
      ? [[value.proto.name, value.proto] as const]
      : [],
  ),
);
