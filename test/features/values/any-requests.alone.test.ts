// Holds docs/runtime.md#bytes
// A google.protobuf.Any in requests: without a type_url, of an unknown type, and with bytes that are no message of its
// type. JSON is refused as by protobuf's packages for Go and Python, which pass all of them on in binary, too.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create, type Message, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
import "google/api/annotations.proto";
import "google/protobuf/any.proto";
service Wire { rpc Put(Box) returns (Done) { option idempotency_level = NO_SIDE_EFFECTS; } }
service Http {
  rpc Put(Box) returns (Done) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { post: "/boxes" body: "*" };
  }
}
message Box { google.protobuf.Any any = 1; int32 n = 2; string text = 14; }
message Done { string text = 1; }
`;
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
import "up/v1/up.proto";
option (bff.v1.file).upstream = { service: "up.v1.Http" protocol: HTTP_JSON };
service App {
  option (bff.v1.service) = {};
${["Wire", "Http"]
  .map(
    (name) => `  rpc ${name}(up.v1.Box) returns (${name}Answer) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = { post: "/v1/${name}" body: "*" };
    option (bff.v1.method).tool = {};
  }`,
  )
  .join("\n")}
}
${["Wire", "Http"]
  .map(
    (name) => `message ${name}Answer {
  option (bff.v1.message).let = { name: "done" call: { method: "up.v1.${name}/Put" request: "args" } };
  string text = 1 [(bff.v1.field).by = "done.text"];
}`,
  )
  .join("\n")}
`;
const project = new GeneratedProject("any-requests", { "app/v1/app.proto": BFF }, { "up/v1/up.proto": UPSTREAM });
beforeAll(() => project.generate());
afterAll(() => project.remove());

let received: unknown;
async function served(): Promise<string> {
  const http = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    request.on("end", () => {
      received = JSON.parse(text);
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  onTestFinished(() => void http.close());
  const env = { UP_V1_HTTP_URL: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
  const put = ({ any }: Message & { readonly any?: Any }) => {
    received = any && [any.typeUrl, Buffer.from(any.value).toString("hex")];
    return {};
  };
  return (await project.served("app/v1/server.ts", { "up.v1.Wire/Put": put as never }, env)).url;
}

const jsonPost = async (url: string, body: string): Promise<number> => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body });
  await answer.text();
  return answer.status;
};
/** Doors for JSON. Each returns the status of HTTP, or 400 for the other ways of INVALID_ARGUMENT. */
const DOORS: Readonly<Record<string, (url: string, rpc: string, json: string) => Promise<number>>> = {
  Connect: (url, rpc, json) => jsonPost(`${url}/app.v1.App/${rpc}`, json),
  REST: (url, rpc, json) => jsonPost(`${url}/v1/${rpc}`, json),
  GET: async (url, rpc, json) => {
    const answer = await fetch(`${url}/app.v1.App/${rpc}?connect=v1&encoding=json&message=${encodeURIComponent(json)}`);
    await answer.text();
    return answer.status;
  },
  "gRPC-Web in JSON": async (url, rpc, json) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(Buffer.byteLength(json), 1);
    const headers = { "content-type": "application/grpc-web+json" };
    const body = Buffer.concat([head, Buffer.from(json)]);
    const answer = await fetch(`${url}/app.v1.App/${rpc}`, { method: "POST", headers, body });
    const status = answer.headers.get("grpc-status") ?? /grpc-status: ?(\d+)/.exec(await answer.text())?.[1];
    return status === "3" ? 400 : status === "0" ? 200 : 500;
  },
  MCP: async (url, rpc, json) => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json",
      "mcp-protocol-version": "2025-11-25",
    };
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${rpc.toLowerCase()}","arguments":${json}}}`;
    const text = await (await fetch(`${url}/mcp`, { method: "POST", headers, body })).text();
    return text.includes('"isError":true') ? (text.includes("INVALID_ARGUMENT") ? 400 : 500) : 200;
  },
};

const BOX = "type.googleapis.com/up.v1.Box";
/** Texts, and what the upstreams receive; undefined: they are refused. */
const TEXTS: readonly (readonly [any: string, wire: unknown, http?: unknown])[] = [
  ["{}", ["", ""], {}],
  ['{"value":"CAE="}', undefined],
  ['{"value":1}', undefined],
  ['{"@type":""}', undefined],
  ['{"@type":"/"}', undefined],
  ['{"@type":"type.googleapis.com/"}', undefined],
  ['{"@type":"type.googleapis.com/gone.v1.Gone"}', undefined],
  [`{"@type":"${BOX}","any":{"value":"CAE="}}`, undefined],
  [`{"@type":"${BOX}","n":1}`, [BOX, "1001"], { "@type": BOX, n: 1 }],
];

test("an Any without a type is no JSON at any door, and an empty one is", { timeout: 60_000 }, async () => {
  const url = await served();
  for (const [door, send] of Object.entries(DOORS))
    for (const [any, wire, http] of TEXTS)
      for (const [rpc, expected] of [
        ["Wire", wire],
        ["Http", http && { any: http }],
      ] as const) {
        received = undefined;
        const status = await send(url, rpc, `{"any":${any}}`);
        const seen = { door, any, rpc, status, received };
        expect(seen).toEqual({ door, any, rpc, status: expected === undefined ? 400 : 200, received: expected });
      }
});

const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, "hex"));
const any = (typeUrl: string, value: string | Uint8Array): Any =>
  create(AnySchema, { typeUrl, value: typeof value === "string" ? hex(value) : value });
const inside = toBinary(AnySchema, any("", "0801"));
const NO_JSON = "the value of any is not accepted here: it results in a value without a form in JSON";
/** Values in binary, and what an upstream over HTTP receives in JSON; undefined: the request is refused. */
const VALUES: readonly (readonly [sent: Any, http?: unknown])[] = [
  [any("", ""), {}],
  [any("", "0801")],
  [any("/", "0801")],
  [any("type.googleapis.com/", "")],
  [any("type.googleapis.com/gone.v1.Gone", "0801")],
  [any("type.googleapis.com/google.protobuf.Any", inside)],
  [any(BOX, Buffer.concat([hex("0a04"), inside]))],
  // Its first field runs past the end.
  [any(BOX, "0a05")],
  // Field 2 in another wire type: its content is no further field.
  [any(BOX, "12037201611003"), { "@type": BOX, n: 3 }],
];

test("upstreams receive an Any of binary requests as it is, and JSON if it has one", { timeout: 60_000 }, async () => {
  const url = await served();
  const post = async (rpc: string, sent: Any) => {
    received = undefined;
    const bytes = toBinary(AnySchema, sent);
    const body = Buffer.concat([Uint8Array.of(10, bytes.length), bytes]);
    const headers = { "content-type": "application/proto" };
    const answer = await fetch(`${url}/app.v1.App/${rpc}`, { method: "POST", headers, body });
    return {
      status: answer.status,
      text: answer.status === 200 ? "" : ((await answer.json()) as { message: string }).message,
    };
  };
  for (const [sent, json] of VALUES) {
    const { typeUrl } = sent;
    const value = Buffer.from(sent.value).toString("hex");
    expect([await post("Wire", sent), received]).toEqual([{ status: 200, text: "" }, [typeUrl, value]]);
    const expected = json === undefined ? { status: 400, text: NO_JSON } : { status: 200, text: "" };
    expect([typeUrl, value, await post("Http", sent), received]).toEqual([
      typeUrl,
      value,
      expected,
      json === undefined ? undefined : { any: json },
    ]);
  }
});
