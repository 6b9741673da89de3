import { once } from "node:events";
import * as http from "node:http";
import { create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { Upstream } from "@protobff/runtime/internal/call/upstream";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { OutgoingHeaders } from "@protobff/runtime/internal/transport/call-headers";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { describe, expect, it } from "vitest";
import { combinations, ours } from "../testing/all-protocols.ts";
import { EchoService } from "../testing/test-echo.ts";

const OURS = /^[0-9a-f]{16}$/;
const method = EchoService.method.echo;

/** An rpc that asks an upstream, and what upstream and observers saw of requests' ids. */
function rig({ ttlMs, forward }: { readonly ttlMs?: number; readonly forward?: readonly string[] } = {}) {
  const sent: (OutgoingHeaders | undefined)[] = [];
  const observed: string[] = [];
  const client: UnaryClient = {
    send: (_path, frame, _timeoutMs, headers, _attempt, reply) => {
      sent.push(headers);
      queueMicrotask(() => reply.replied(frame.subarray(5)));
      return { cancel: () => {} };
    },
  };
  const observer: Observer = { response: ({ header }) => observed.push(header("x-request-id")) };
  const upstream = new Upstream(EchoService.typeName, client, {}, {});
  const echo = upstream.unary(method, { ...(ttlMs && { cache: { ttlMs } }), ...(forward && { forward }) });
  const served = endpoint(
    method,
    { echo },
    {
      timeoutMs: 10_000,
      observer,
      rest: [{ method: "GET", segments: ["echo", "*"], variables: [{ field: "value", from: 1, to: 2 }] }],
      compose: async (cx, { value }) => {
        if (value === "refuse") {
          const init = {
            code: Code.NOT_FOUND,
            reason: Reason.REJECTED,
            callee: "",
            message: "",
            clientCode: Code.NOT_FOUND,
          };
          throw new Failure(init);
        }
        return create(StringValueSchema, { value: (await cx.call(cx.app.echo, { value })).value });
      },
    },
  );
  return { sent, observed, served };
}

describe.each(combinations)("$protocol over HTTP/$over, $server", ({ server, serve, transport }) => {
  const isCustom = server.startsWith("a server of one's own");
  async function send(value: string, id: string | undefined) {
    const { served, sent, observed } = rig();
    const { url } = await serve(served);
    const answers: (string | null)[] = [];
    const interceptor: Interceptor = (next) => async (request) => {
      if (id !== undefined) request.header.set("x-request-id", id);
      const response = await next(request);
      answers.push(response.header.get("x-request-id"));
      return response;
    };
    const client = createClient(EchoService, transport(url, [interceptor]));
    const error = await client.echo({ value }).then(
      () => undefined,
      (thrown) => thrown,
    );
    if (error !== undefined) answers.push(error.metadata.get("x-request-id"));
    const upstream = sent[0]?.["x-request-id"];
    return { answered: answers[0], upstream, observed: observed[0] };
  }

  it("a client's id is used for the request everywhere", async () => {
    const seen = await send("a", "Client-1._");
    expect(seen).toEqual({ answered: isCustom ? null : "Client-1._", upstream: "Client-1._", observed: "Client-1._" });
  });
  it.each(["", "a b", "é", "a".repeat(129), "a,b", "<script>", 'a"b'])("the id %s is refused", async (id) => {
    const { answered, upstream, observed } = await send("a", id);
    if (isCustom) {
      expect([answered, upstream]).toEqual([null, undefined]);
      return;
    }
    expect(answered).toMatch(OURS);
    expect([upstream, observed]).toEqual([answered, answered]);
  });
  it.skipIf(isCustom)("a missing id is created, even for a refused request", async () => {
    const seen = await send("a", undefined);
    expect(seen.answered).toMatch(OURS);
    expect([seen.upstream, seen.observed]).toEqual([seen.answered, seen.answered]);
    const refused = await send("refuse", undefined);
    expect(refused.answered).toMatch(OURS);
    expect(refused.observed).toBe(refused.answered);
  });
});

describe("over plain HTTP", () => {
  async function get(port: number, path: string, headers: http.OutgoingHttpHeaders | string[] = {}, verb = "GET") {
    const request = http.request({ host: "127.0.0.1", port, path, method: verb, headers, agent: false }).end();
    const [response]: [http.IncomingMessage] = (await once(request, "response")) as [http.IncomingMessage];
    response.resume();
    return response.headers;
  }
  it.each([
    "/",
    "/healthz",
    "/readyz",
    "/echo/a",
    "/echo/refuse",
    "/echo/a?none=1",
    "/echo.v1.EchoService/Echo",
    "/echo.v1.EchoService/None",
  ])("%s answers with an id, too", async (path) => {
    const { port } = await ours([rig().served]);
    expect((await get(port, path))["x-request-id"]).toMatch(OURS);
    expect((await get(port, path, { "x-request-id": "r1" }))["x-request-id"]).toBe("r1");
  });
  it("two ids count as none", async () => {
    const { port } = await ours([rig().served]);
    const twice = ["host", "x", "x-request-id", "r1", "x-request-id", "r2"];
    expect((await get(port, "/healthz", twice))["x-request-id"]).toMatch(OURS);
  });
  it("pages of listed origins may read the id", async () => {
    const { port } = await ours([rig().served], { corsOrigins: ["https://app.example"] });
    const headers = await get(port, "/echo.v1.EchoService/Echo", { origin: "https://app.example" });
    expect(headers["access-control-expose-headers"]).toContain("x-request-id");
  });
  it("every request gets a different id", async () => {
    const { port } = await ours([rig().served]);
    const ids = await Promise.all(Array.from({ length: 20 }, () => get(port, "/healthz")));
    expect(new Set(ids.map((id) => id["x-request-id"])).size).toBe(20);
  });
});

it("the id is not part of cache keys, forwarded or not", async () => {
  for (const forward of [undefined, ["x-request-id"]]) {
    const { served, sent } = rig({ ttlMs: 60_000, ...(forward && { forward }) });
    const { url } = await ours([served]);
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${url}/echo.v1.EchoService/Echo`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '"a"',
      });
      expect(await response.text()).toBe('"a"');
    }
    expect(sent).toHaveLength(1);
    expect(sent[0]?.["x-request-id"]).toMatch(OURS);
  }
});
