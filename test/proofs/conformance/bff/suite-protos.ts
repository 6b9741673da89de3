// The suite's protos, compiled: what the plugin gets of them, and `suite.json` of the package.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, type JsonObject, toJson } from "@bufbuild/protobuf";
import { type CodeGeneratorRequest, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { filesBelow } from "../../../support/files-below.ts";
import type { Protos } from "../../../support/protos.ts";
import { requestFor, schemaOf } from "../../../support/request.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const PROTOS = "packages/conformance/protos";

/** Returns the texts of the suite's protos by their names. */
export function suiteProtos(): Protos {
  const paths = filesBelow(PROTOS).sort();
  return Object.fromEntries(
    paths.map((path) => [path.slice(PROTOS.length + 1), readFileSync(join(root, path), "utf8")]),
  );
}

/** Returns the request of a plugin for the suite. */
export function suiteRequest(): CodeGeneratorRequest {
  const protos = suiteProtos();
  return requestFor(protos, Object.keys(protos));
}

/** Returns the text of `suite.json`: the descriptors with all options, in ProtoJSON, one file a line. */
export function suiteJson(request: CodeGeneratorRequest): string {
  const { registry } = schemaOf(request);
  const lines = request.protoFile
    .filter(({ name }) => !/^(google|bff\/v1\/(options|identity))/.test(name))
    .map((file) => {
      const set = create(FileDescriptorSetSchema, { file: [file] });
      const { file: files } = toJson(FileDescriptorSetSchema, set, { registry }) as JsonObject;
      return JSON.stringify(Array.isArray(files) ? files[0] : undefined);
    });
  return `{"file":[\n${lines.join(",\n")}\n]}\n`;
}
