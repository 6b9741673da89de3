// Holds docs/runtime.md#callers
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { BEARER, GATE_PATH, type GateOptions, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { describe, expect, onTestFinished, test } from "vitest";
import { adapter, fast } from "./testing/all-protocols.ts";
import { bytes, post, sendH2, sendRaw } from "./testing/gate-requests.ts";

describe.each([
  ["the fast path", fast],
  ["Connect's adapter", adapter],
])("asynchronous authentication, on %s", (_, serve) => {
  async function slow(options: Partial<GateOptions> = {}) {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const requests: Promise<void>[] = [];
    const resolvers: (() => void)[] = [];
    for (let i = 0; i < 3; i++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      requests.push(promise);
      resolvers.push(resolve);
    }
    const source = sourceOf("user", BEARER, { released });
    const telling: typeof source = {
      ...source,
      open: async (parts) => {
        const opened = await source.open(parts);
        return {
          ...opened,
          verify: (credential, incoming) => {
            resolvers.shift()?.();
            return opened.verify(credential, incoming);
          },
        };
      },
    };
    const rig = await gate({ sources: [telling], ...options });
    return { ...rig, release, requests: requests, served: await serve(rig.endpoint) };
  }
  const headers = { ":method": "POST", ":path": GATE_PATH, authorization: "Bearer user-slow" };
  const asGrpc = { ...headers, "content-type": "application/grpc", te: "trailers" };

  test("a request waits for its authentication", async () => {
    const { served, release, seen, requests } = await slow();
    const answer = sendH2(served, asGrpc, frame(bytes("")));
    await requests[0];
    release();
    expect((await answer).status).toBe("0");
    expect(seen).toMatchObject([{ subject: "slow" }]);
  });
  test("composition does not start after the client has reset its stream", async () => {
    const { served, release, seen, requests } = await slow();
    const session = http2.connect(served.url);
    onTestFinished(() => session.destroy());
    const stream = session.request(asGrpc);
    stream.on("error", () => {});
    stream.end(frame(bytes("")));
    await requests[0];
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await once(stream, "close");
    // The server knows when it answers what was sent after.
    await new Promise((resolve) => session.ping(resolve));
    release();
    const { status } = await sendH2(served, { ...asGrpc, authorization: "Bearer user-ann" }, frame(bytes("")));
    expect(status).toBe("0");
    expect(seen).toMatchObject([{ subject: "ann" }]);
  });
  test("composition does not start after a GET has been reset", async () => {
    const { served, release, seen, requests } = await slow();
    const session = http2.connect(served.url);
    onTestFinished(() => session.destroy());
    const path = `${GATE_PATH}?connect=v1&encoding=json&message=%7B%7D`;
    const stream = session.request({ ...headers, ":method": "GET", ":path": path });
    stream.on("error", () => {});
    await requests[0];
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await once(stream, "close");
    await new Promise((resolve) => session.ping(resolve));
    release();
    await sendH2(served, { ...asGrpc, authorization: "Bearer user-ann" }, frame(bytes("")));
    expect(seen).toMatchObject([{ subject: "ann" }]);
  });
  test("composition does not start after an HTTP/1.1 client has disconnected", async () => {
    const { served, release, seen, requests } = await slow();
    const socket = net.connect(served.port, "127.0.0.1");
    socket.write(post(["Authorization: Bearer user-slow"]));
    await requests[0];
    socket.destroy();
    await once(socket, "close");
    await sendRaw(served, post(["Authorization: Bearer user-eve"]));
    release();
    await new Promise(setImmediate);
    expect(seen).toMatchObject([{ subject: "eve" }]);
  });
  test("composition does not start after the client's deadline", async () => {
    const { served, release, seen, requests } = await slow();
    const answer = sendH2(served, { ...asGrpc, "grpc-timeout": "30m" }, frame(bytes("")));
    const json = { ...headers, "content-type": "application/json", "connect-timeout-ms": "30" };
    const other = sendH2(served, json, "{}");
    await Promise.all(requests.slice(0, 2));
    await new Promise((resolve) => setTimeout(resolve, 40)); // theirs have begun before
    release();
    expect((await answer).status).toBe("4");
    expect((await other).status).toBe("504");
    expect(seen).toEqual([]);
  });
  test("composition does not start after the deadline of a GET", async () => {
    const { served, release, seen, requests } = await slow();
    const path = `${GATE_PATH}?connect=v1&encoding=json&message=%7B%7D`;
    const get = { ...headers, ":method": "GET", ":path": path, "connect-timeout-ms": "30" };
    const answer = sendH2(served, get, "");
    await requests[0];
    await new Promise((resolve) => setTimeout(resolve, 40)); // it has begun before
    release();
    expect((await answer).status).toBe("504");
    expect(seen).toEqual([]);
  });
  test("authentication beyond the timeout of the RPC is UNAVAILABLE", async () => {
    const { served, seen, audited } = await slow({ timeoutMs: 30 });
    expect((await sendH2(served, asGrpc, frame(bytes("")))).status).toBe("14");
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "unavailable", reason: "checking the credential has taken too long" }]);
  });
});

test("a client's deadline ends a request with hanging authentication", async () => {
  const never = new Promise<void>(() => {});
  const rig = await gate({ sources: [sourceOf("user", BEARER, { released: never })] });
  const headers = { ":method": "POST", ":path": GATE_PATH, authorization: "Bearer user-slow", "grpc-timeout": "20m" };
  const requestHeaders = { ...headers, "content-type": "application/grpc", te: "trailers" };
  expect((await sendH2(await fast(rig.endpoint), requestHeaders, frame(bytes("")))).status).toBe("4");
});
