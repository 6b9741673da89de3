// The server behind the proxies of others, configured as docs/deploying.md has it: what passes, and what is lost when one of two servers goes.
// Holds docs/runtime.md#streams
import { readFileSync } from "node:fs";
import { get as httpsGet } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { certificate } from "../http2/certificate.ts";
import { NODE_LOADS } from "../http2/clients/loads.ts";
import { type UnderTest, underTest } from "../http2/server-under-test.ts";
import { TestService } from "../http2/service.ts";
import { PROXIES, type ProxyName, proxy, type RunningProxy, WITHOUT_ENVOY } from "./proxies.ts";

const LARGE = 1 << 20;
/** HAProxy takes 100 of a connection; of more at once connect-node fails some. */
const AT_ONCE = 90;
/** So many requests each server has had when one of them is told to go, and the other one again when it has gone. */
const BUSY = 500;
const EVERY_MS = 20;
const HOUR_US = 3_600_000_000 / 2; // below what an int32 holds
const { TLS_CERT_FILE: ca } = certificate().files;
const PRESENT = PROXIES.filter((name) => name !== "Envoy" || !WITHOUT_ENVOY);
if (WITHOUT_ENVOY) console.log("left out: Envoy, because its package cannot be had");

const twoServers = (env: Readonly<Record<string, string>>): Promise<[UnderTest, UnderTest]> =>
  Promise.all([underTest("own", env), underTest("own", env)]);
const sizesOf = async (stream: AsyncIterable<{ readonly payload?: { readonly body: Uint8Array } }>) => {
  const sizes: number[] = [];
  for await (const { payload } of stream) sizes.push(payload?.body.length ?? 0);
  return sizes;
};
/** It asks nobody for health: what it has just begun to open a connection for may be lost with the port. */
const LOST: Partial<Readonly<Record<ProxyName, number>>> = { nginx: 5 };
const item = (size: number, intervalUs = 0) => ({ size, intervalUs });

describe.each(PRESENT)("behind %s", (name) => {
  let servers: readonly UnderTest[] = [];
  let front: RunningProxy | undefined;
  const where = () => `127.0.0.1:${front?.port}`;
  beforeAll(async () => {
    const both = await twoServers({});
    servers = both;
    front = await proxy(name, [both[0].port, both[1].port]);
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    for (const { process } of servers) await process.kill();
  });

  const nodeOptions = { ca: readFileSync(ca) };
  const TRANSPORTS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
    "Connect over HTTP/1.1": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
    "Connect over HTTP/2": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions }),
    "gRPC-Web": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
    gRPC: (baseUrl) => createGrpcTransport({ baseUrl, nodeOptions }),
  };
  describe.each(Object.entries(TRANSPORTS))("%s", (_, transport) => {
    const client = () => createClient(TestService, transport(`https://${where()}`));

    test("passes on answers, small and large", async () => {
      for (const size of [0, 10, LARGE]) {
        const { payload } = await client().unaryCall({ responseSize: size, payload: { body: new Uint8Array(size) } });
        expect(payload?.body.length ?? 0).toBe(size);
      }
    });
    test("passes on errors, with their details and headers", async () => {
      const [code, message] = [Code.FailedPrecondition, "nö, 100 %"];
      const call = client().unaryCall({ responseStatus: { code, message } });
      const error = await call.catch((thrown: unknown) => ConnectError.from(thrown));
      if (!(error instanceof ConnectError)) throw new Error("no error");
      expect([error.code, error.rawMessage, error.metadata.get("x-told")]).toEqual([code, message, "yes"]);
      const types = error.details.map((detail) => ("type" in detail ? detail.type : ""));
      expect(types.slice(1)).toEqual(["google.rpc.ErrorInfo", "google.rpc.RequestInfo"]); // after the declared one
    });
    test("keeps deadlines", async () => {
      const headers = { "x-wait-ms": "100000" };
      const call = client().unaryCall({}, { timeoutMs: 300, headers });
      await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    });
    test("passes on each item of a stream as soon as it is sent", async () => {
      const responseParameters = [item(10), item(LARGE), item(20)];
      expect(await sizesOf(client().streamingOutputCall({ responseParameters }))).toEqual([10, LARGE, 20]);
      const gone = new AbortController();
      const endless = { responseParameters: [item(1), item(2), item(3, HOUR_US)] };
      const items = client().streamingOutputCall(endless, { signal: gone.signal })[Symbol.asyncIterator]();
      for (const size of [1, 2]) expect((await items.next()).value?.payload?.body).toHaveLength(size);
      gone.abort();
      await expect(items.next()).rejects.toMatchObject({ code: Code.Canceled });
    });
  });

  test("passes on a stream over a WebSocket", async () => {
    const origin = `https://${where()}`;
    const socket = new WebSocket(`wss://${where()}/bff.v1/follow`, "bff.v1.json", { ca: nodeOptions.ca, origin });
    onTestFinished(() => socket.terminate());
    const request = { responseParameters: [item(1), item(2), item(3, HOUR_US)] };
    const follow = { id: 1, follow: "grpc.testing.TestService/StreamingOutputCall", request };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const kinds: unknown[] = [];
    socket.on("open", () => socket.send(JSON.stringify(follow))).on("error", reject);
    socket.on("message", (data) => {
      kinds.push(Object.keys(JSON.parse(data.toString()) as object).at(-1));
      if (kinds.length === 4) resolve();
    });
    await promise;
    expect(kinds).toEqual(["beat", "opened", "item", "item"]);
  });

  test("passes on many requests at once", async () => {
    const client = createClient(TestService, createGrpcTransport({ baseUrl: `https://${where()}`, nodeOptions }));
    const sizes = Array.from({ length: AT_ONCE }, (_, at) => 1_000 + at * 100);
    const answers = await Promise.all(sizes.map((responseSize) => client.unaryCall({ responseSize })));
    expect(answers.map(({ payload }) => payload?.body.length)).toEqual(sizes);
  });
});

describe.each(PRESENT)("behind %s, under load", (name) => {
  test("a stopping server answers its requests", { timeout: 120_000 }, async () => {
    const servers = await twoServers({ LATENCY_MS: "5", BFF_GRACE: "30s", BFF_DRAIN_DELAY: "3s" });
    for (const { process } of servers) onTestFinished(() => process.kill());
    const front = await proxy(name, [servers[0].port, servers[1].port]);
    onTestFinished(() => front.stop());
    const stop = new AbortController();
    const { undici, "grpc-js": grpcJs } = NODE_LOADS;
    const loads = [undici, grpcJs].map((load) => load({ port: front.port, ca }, stop.signal));
    const [old, next] = servers;
    const requestCountOf = async ({ process }: UnderTest) => Number(await process.query("asked"));
    const until = async (count: number, server: UnderTest) => {
      while ((await requestCountOf(server)) < count) await pause(EVERY_MS);
    };
    await Promise.all(servers.map((server) => until(BUSY, server)));
    const exited = old.process.exit();
    old.process.signal("SIGTERM");
    expect(await exited, old.process.log).toBe("code 0");
    await until((await requestCountOf(next)) + BUSY, next);
    stop.abort();
    const all = await Promise.all(loads);
    console.log(name, all);
    const lost = all.flatMap(({ failed }) => Object.values(failed)).reduce((sum, count) => sum + count, 0);
    expect(lost, `${JSON.stringify(all)}\n${front.log}`).toBeLessThanOrEqual(LOST[name] ?? 0);
  });
});

test("nginx without a server sends an EventSource a stream that ends, so that it reconnects, and others a 502", async () => {
  const front = await proxy("nginx", [await freePort(), await freePort()]);
  onTestFinished(() => front.stop());
  const get = (accept: string) =>
    new Promise<readonly unknown[]>((resolve, reject) => {
      const url = `https://127.0.0.1:${front.port}/streams.v1.StreamService/Follow?encoding=json&message=%7B%7D`;
      const request = httpsGet(url, { ca: readFileSync(ca), headers: { accept } }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.once("end", () => resolve([response.statusCode, response.headers["content-type"], text]));
      });
      request.once("error", reject);
    });
  expect(await get("text/event-stream")).toEqual([200, "text/event-stream", "retry: 2000\n\n"]);
  expect((await get("application/json"))[0]).toBe(502);
});
