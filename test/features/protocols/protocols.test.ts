// One BFF, the same answer in every protocol, to clients that are not ours.
// Holds docs/runtime.md#server
import { once } from "node:events";
import * as http2 from "node:http2";
import { json } from "node:stream/consumers";
import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { factsOf, workspaceIds } from "../../../examples/dashboard/data.ts";
import { DashboardSchema, GetDashboardRequestSchema } from "../../../generated/web/v1/web_pb.ts";
import {
  type Example,
  type Generated,
  generateWorkedExample,
  get,
  post,
  SPLIT_SERVER,
  startExample,
} from "../../bffs/worked-example/example.ts";
import { expectedDashboard } from "../../bffs/worked-example/expected-answers.ts";
import { grpcJsClient } from "../../support/upstreams/grpc-js-client.ts";

const PATH = "/web.v1.DashboardService/GetDashboard";

/** gRPC-Web, framed by hand: one flag byte, four of length; 0x80 marks the trailers, which are text. */
async function grpcWeb(url: string, request: { workspaceId: string; userId?: string }) {
  const message = toBinary(GetDashboardRequestSchema, create(GetDashboardRequestSchema, request));
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  const response = await fetch(url + PATH, {
    method: "POST",
    headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
    body: frame,
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const frames: { readonly flags: number; readonly body: Buffer }[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) {
    frames.push({ flags: bytes[at]!, body: bytes.subarray(at + 5, at + 5 + bytes.readUInt32BE(at + 1)) });
  }
  const data = frames.find(({ flags }) => flags === 0);
  const trailers = frames.find(({ flags }) => flags === 0x80)?.body.toString() ?? "";
  return {
    contentType: response.headers.get("content-type"),
    grpcStatus: /^grpc-status: *(\d+)/im.exec(trailers)?.[1] ?? response.headers.get("grpc-status"),
    message: data && toJson(DashboardSchema, fromBinary(DashboardSchema, data.body)),
  };
}

/** Connect's JSON over HTTP/2 without TLS, by node:http2. */
async function http2Json(url: string, request: object): Promise<unknown> {
  const session = http2.connect(url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/json",
    });
    stream.end(JSON.stringify(request));
    const [headers] = await once(stream, "response");
    expect(headers[":status"]).toBe(200);
    return await json(stream);
  } finally {
    session.close();
  }
}

let generated: Generated;
beforeAll(() => {
  generated = generateWorkedExample();
});
afterAll(() => generated.remove());

describe.each([
  { name: "the worked example unchanged", server: () => generated.server },
  { name: "its rule in a policy file", server: () => SPLIT_SERVER },
])("$name", ({ server }) => {
  let example: Example;
  let url: string;
  beforeAll(async () => {
    example = await startExample(server());
    url = example.bff.url;
  });
  afterAll(() => example.close());
  afterEach(() => {
    for (const service of Object.values(example.upstreams.services)) service.fault(undefined);
  });

  test("every protocol returns the upstreams' data", async () => {
    const client = grpcJsClient(url);
    try {
      for (const workspaceId of workspaceIds) {
        const expected = expectedDashboard(workspaceId, "u-ada");
        const request = { workspaceId, userId: "u-ada" };
        const answers = {
          grpc: async () => (await client.getDashboard(request).reply).message,
          grpcWeb: async () => (await grpcWeb(url, request)).message,
          connectPost: async () => (await post(url, request)).body,
          connectGet: async () => (await get(url, request)).body,
          connectHttp2: () => http2Json(url, request),
        };
        // One call may take 80 ms. A busy machine may miss that once, and the answer then lacks a part.
        for (const [protocol, answer] of Object.entries(answers))
          await expect.poll(answer, { message: protocol, timeout: 20_000 }).toEqual(expected);
        expect(await grpcWeb(url, request)).toMatchObject({
          contentType: "application/grpc-web+proto",
          grpcStatus: "0",
        });
      }
    } finally {
      client.close();
    }
  });

  test("the query of the request takes precedence over the environment's", async () => {
    const request = { workspaceId: "lumen", userId: "u-ada", query: "monday" };
    const answer = async () => (await post(url, request)).body;
    // As above: a call that a busy machine delays leaves out its part, once.
    await expect.poll(answer, { timeout: 20_000 }).toEqual(expectedDashboard("lumen", "u-ada", "monday"));
    expect(factsOf("session-lumen", "monday").map((fact) => fact.text)).toEqual(["Never reindex on a Monday"]);
  });

  test("a refusal is the same in every protocol, and makes no call", async () => {
    const client = grpcJsClient(url);
    try {
      example.upstreams.calls.length = 0;
      const grpc = await client.getDashboard({}).reply;
      expect(grpc.status).toMatchObject({ code: 3, details: "workspace_id is missing" });
      expect((await grpcWeb(url, { workspaceId: "" })).grpcStatus).toBe("3");
      for (const send of [post, get]) {
        const { status, body } = await send(url, {});
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: "invalid_argument", message: "workspace_id is missing" },
        });
      }
      expect(example.upstreams.calls).toEqual([]);
    } finally {
      client.close();
    }
  });
});
