// For tests only: an rpc whose answer holds an Any, and what is told of its requests.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  EmptySchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_empty,
  file_google_protobuf_type,
  TypeSchema,
} from "@bufbuild/protobuf/wkt";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import type { ResponseEvent } from "@protobff/runtime/internal/observer-requests";

const file = create(FileDescriptorProtoSchema, {
  name: "any/v1/any.proto",
  package: "any.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/empty.proto", "google/protobuf/type.proto"],
  service: [
    {
      name: "AnyService",
      method: [{ name: "Get", inputType: ".google.protobuf.Empty", outputType: ".google.protobuf.Type" }],
    },
  ],
});
const found = createFileRegistry(file, (name) =>
  [file_google_protobuf_empty, file_google_protobuf_type].find(({ proto }) => proto.name === name),
).getService("any.v1.AnyService")?.method.get;
if (found?.methodKind !== "unary") throw new Error("no method");
const method = { ...found, methodKind: "unary" as const, input: EmptySchema, output: TypeSchema };
export const ANY_PATH = "/any.v1.AnyService/Get";

/** @param typeName of what is in the second option; the first is empty, which JSON can always say */
export function anyRig(typeName: string) {
  const responses: ResponseEvent[] = [];
  const options = [{ value: {} }, { value: { typeUrl: `type.googleapis.com/${typeName}` } }];
  const made = endpoint(method, undefined, {
    timeoutMs: 10_000,
    observer: { response: (event) => responses.push(event) },
    compose: async () => create(TypeSchema, { options }),
  });
  return { endpoint: made, responses };
}
