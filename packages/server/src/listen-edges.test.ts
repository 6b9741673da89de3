// Holds docs/runtime.md#bytes
import * as http2 from "node:http2";
import { create, createFileRegistry, type DescFile, type DescMethodUnary } from "@bufbuild/protobuf";
import {
  type AnySchema,
  anyPack,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_wrappers,
  StringValueSchema,
} from "@bufbuild/protobuf/wkt";
import type { ConnectRouter } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import {
  file_grpc_reflection_v1_reflection,
  ServerReflectionRequestSchema,
} from "./gen/grpc/reflection/v1/reflection_pb.ts";
import { listen } from "./listen.ts";
import { echoEndpoint } from "./testing/test-echo.ts";

const file = create(FileDescriptorProtoSchema, {
  name: "any/v1/any.proto",
  package: "any.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/any.proto", "google/protobuf/wrappers.proto"],
  service: [
    {
      name: "AnyService",
      method: [{ name: "Get", inputType: ".google.protobuf.Any", outputType: ".google.protobuf.Any" }],
    },
  ],
});
const known = [file_google_protobuf_any, file_google_protobuf_wrappers];
const registry = createFileRegistry(file, (name) => known.find(({ proto }) => proto.name === name));
const get = registry.getService("any.v1.AnyService")?.method.get as DescMethodUnary<typeof AnySchema, typeof AnySchema>;

test("JSON may contain an Any of a type imported by the service's file", async () => {
  const answer = anyPack(StringValueSchema, create(StringValueSchema, { value: "hello" }));
  const server = await listen([{ method: get, route: (router) => void router.rpc(get, () => answer) }]);
  onTestFinished(() => server.close(0));
  const response = await fetch(`${server.url}/any.v1.AnyService/Get`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ "@type": "type.googleapis.com/google.protobuf.StringValue", value: "hi" }),
  });
  expect(await response.json()).toEqual({ "@type": "type.googleapis.com/google.protobuf.StringValue", value: "hello" });
});

test("JSON may contain an Any of a type in another known file", async () => {
  const answer = anyPack(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { host: "h" }));
  const routes = [{ method: get, route: (router: ConnectRouter) => void router.rpc(get, () => answer) }];
  const send = async (types: DescFile[]): Promise<Response> => {
    const server = await listen(routes, { types });
    onTestFinished(() => server.close(0));
    const headers = { "content-type": "application/json" };
    return fetch(`${server.url}/any.v1.AnyService/Get`, { method: "POST", headers, body: "{}" });
  };
  expect((await send([])).status).toBe(500);
  const json = { "@type": "type.googleapis.com/grpc.reflection.v1.ServerReflectionRequest", host: "h" };
  expect(await (await send([file_grpc_reflection_v1_reflection])).json()).toEqual(json);
});

// As Go's HTTP/2 client does: it stops when an answer begins, against its own content-length, which is a malformed request.
test("an oversized message is answered after its last byte", async () => {
  const server = await listen([echoEndpoint()], { maxRequestBytes: 1_000 });
  onTestFinished(() => server.close(0));
  const session = http2.connect(server.url);
  onTestFinished(() => session.destroy());
  const size = 60_000;
  const stream = session.request({
    ":method": "POST",
    ":path": "/echo.v1.EchoService/Echo",
    "content-type": "application/grpc+proto",
    "content-length": String(5 + size),
    te: "trailers",
  });
  const seen: string[] = [];
  stream.on("response", () => seen.push("answer"));
  const ended = new Promise((resolve) => stream.on("trailers", (trailers) => resolve(trailers["grpc-status"])));
  const head = Buffer.alloc(5 + size / 2);
  head.writeUInt32BE(size, 1);
  await new Promise((resolve) => stream.write(head, resolve));
  for (let i = 0; i < 20; i++) await new Promise((resolve) => session.ping(resolve)); // the server has had its turns
  seen.push("end");
  stream.end(Buffer.alloc(size / 2));
  stream.resume();
  expect(await ended).toBe("8");
  expect(seen).toEqual(["end", "answer"]);
});
