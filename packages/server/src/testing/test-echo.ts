// For tests only: a service with one method, and an endpoint for it.
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  type StringValue,
  type StringValueSchema,
} from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";

const file = create(FileDescriptorProtoSchema, {
  name: "echo/v1/echo.proto",
  package: "echo.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/wrappers.proto"],
  service: [
    {
      name: "EchoService",
      method: [{ name: "Echo", inputType: ".google.protobuf.StringValue", outputType: ".google.protobuf.StringValue" }],
    },
  ],
});

type Echo = GenService<{
  echo: { methodKind: "unary"; input: typeof StringValueSchema; output: typeof StringValueSchema };
}>;

const found: DescService | undefined = createFileRegistry(file, (name) =>
  name === "google/protobuf/wrappers.proto" ? file_google_protobuf_wrappers : undefined,
).getService("echo.v1.EchoService");
if (found === undefined) throw new Error("no echo service");

export const EchoService = found as Echo;

/** Answers with the request, or what `run` makes of it. */
export function echoEndpoint(
  run: (request: StringValue, context: HandlerContext) => Promise<StringValue> | StringValue = (request) => request,
) {
  const method = EchoService.method.echo;
  return { method, route: (router: ConnectRouter): void => void router.rpc(method, run) };
}
