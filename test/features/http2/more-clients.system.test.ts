// More clients of others: grpc-c++ (by Python's grpcio), httpx over h2, the JDK's, undici's. PROTOBFF_GRPC_CLIENTS=1 adds grpc-java, which
// Maven has to bring.
import { readFileSync } from "node:fs";
import { Agent } from "undici";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { certificate } from "./certificate.ts";
import { javaCases } from "./clients/grpc-java.ts";
import { jdkCases } from "./clients/jdk-client.ts";
import { casesOf, grpcCore, WITHOUT_PYTHON } from "./clients/python-client.ts";
import { OWN_FIRST, type UnderTest, underTest } from "./server-under-test.ts";
import { Switchable } from "./switchable.ts";

const CA = certificate().files.TLS_CERT_FILE;
const LONG_MS = 120_000;
const allOk = (outcomes: Readonly<Record<string, string>>) =>
  expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== "ok")).toEqual([]);

describe.each(OWN_FIRST)("over BFF_HTTP2_SERVER=%s", (framing) => {
  let [plain, secure] = [undefined, undefined] as unknown as [UnderTest, UnderTest];
  beforeAll(async () => {
    [plain, secure] = await Promise.all([underTest(framing), underTest(framing, certificate().files)]);
  }, 60_000);
  afterAll(async () => {
    for (const server of [plain, secure]) await server?.process.kill();
  });

  test.skipIf(WITHOUT_PYTHON)(
    "grpc-c++ calls: unary, large, compressed, metadata, errors, deadlines, cancelled, streams, slow readers, keepalive, many at once",
    async () => {
      allOk(await casesOf("grpcio", ["all", `127.0.0.1:${plain.port}`]));
      allOk(await casesOf("grpcio", ["all", `127.0.0.1:${secure.port}`, CA]));
      for (const { process } of [plain, secure]) expect(process.ended, process.log).toBeUndefined();
    },
    LONG_MS,
  );

  test.skipIf(WITHOUT_PYTHON)(
    "grpc-c++ survives connections that reach their maximum age under load",
    async () => {
      const server = await underTest(framing, { BFF_MAX_CONNECTION_AGE: "1s" });
      onTestFinished(() => server.process.kill());
      const front = await Switchable.before(server.port);
      onTestFinished(() => front.close());
      const stop = new AbortController();
      const loading = grpcCore({ port: front.port, ca: undefined }, stop.signal);
      await vi.waitUntil(() => front.connections > 3, LONG_MS / 2);
      stop.abort();
      const { requestCount, failed } = await loading;
      expect(failed).toEqual({});
      expect(requestCount).toBeGreaterThan(100);
    },
    LONG_MS,
  );

  test.skipIf(WITHOUT_PYTHON)(
    "httpx, with Python's h2, calls: large in both directions, in parallel, partly read, with headers",
    async () => allOk(await casesOf("httpx", ["all", secure.url, CA])),
    LONG_MS,
  );

  test.runIf(process.env.PROTOBFF_GRPC_CLIENTS === "1")(
    "grpc-java calls: unary, large, compressed, metadata, errors, partly read, streams, many at once",
    async () => {
      allOk(await javaCases(plain.port, []));
      allOk(await javaCases(secure.port, [CA]));
    },
    2 * LONG_MS,
  );

  test(
    "the JDK's client uses HTTP/2 over TLS, and HTTP/1.1 without TLS because it attempts an upgrade",
    async () => {
      for (const [url, ca, version] of [
        [plain.url, [], "HTTP_1_1"],
        [secure.url, [CA], "HTTP_2"],
      ] as const) {
        expect(await jdkCases(url, ca)).toEqual([
          `after: ${version} 200 63 x 1`,
          `first: ${version} 200 14 x 1`,
          `large: ${version} 200 4000023 x 5`,
          `small: ${version} 200 63 x 200`,
          `upload: ${version} 200 14 x 5`,
        ]);
      }
    },
    LONG_MS,
  );

  test(
    "undici with allowH2 calls: in parallel, large in both directions, aborted",
    async () => {
      const agent = new Agent({ allowH2: true, connections: 1, pipelining: 100, connect: { ca: readFileSync(CA) } });
      onTestFinished(() => agent.close());
      const send = async (responseSize: number, payload = 0, signal?: AbortSignal) => {
        const { statusCode, body } = await agent.request({
          origin: secure.url,
          method: "POST",
          path: "/grpc.testing.TestService/UnaryCall",
          ...(signal && { signal }),
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ responseSize, payload: { body: Buffer.alloc(payload).toString("base64") } }),
        });
        const answer = (await body.json()) as { payload?: { body?: string } };
        return [statusCode, Buffer.from(answer.payload?.body ?? "", "base64").length];
      };
      const sizes = Array.from({ length: 300 }, (_, i) => i * 100);
      expect(await Promise.all(sizes.map((size) => send(size)))).toEqual(sizes.map((size) => [200, size]));
      expect(await send(3 << 20, 2 << 20)).toEqual([200, 3 << 20]);
      await expect(send(16 << 20, 0, AbortSignal.timeout(20))).rejects.toThrow();
      expect(await send(7)).toEqual([200, 7]);
    },
    LONG_MS,
  );
});
