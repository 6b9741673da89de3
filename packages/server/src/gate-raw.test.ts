// Holds docs/runtime.md#callers
import { once } from "node:events";
import * as http from "node:http";
import { GATE_PATH, gate } from "@protobff/runtime/internal/testing/gate-rig";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { describe, expect, onTestFinished, test } from "vitest";
import { adapter, fast } from "./testing/all-protocols.ts";
import { bytes, post, SOURCES, sendH2, sendRaw } from "./testing/gate-requests.ts";

describe.each([
  ["the fast path", fast],
  ["Connect's adapter", adapter],
])("raw requests, on %s", (_, serve) => {
  test.each([
    ["twice", ["Authorization: Bearer user-ann", "Authorization: Bearer user-ann"], "several headers authorization"],
    ["twice, in two cases", ["authorization: Bearer user-ann", "AUTHORIZATION: x"], "several headers authorization"],
    ["twice, once empty", ["Authorization:", "Authorization: Bearer user-ann"], "several headers authorization"],
    ["of a key twice", ["X-Api-Key: key-a", "x-api-key: key-b"], "several headers x-api-key"],
  ])("a header %s is refused over HTTP/1.1", async (_, headers, reason) => {
    const rig = await gate({ sources: SOURCES });
    const answer = await sendRaw(await serve(rig.endpoint), post(headers));
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.toLowerCase()).toContain("\r\nwww-authenticate: bearer\r\n");
    expect(answer).toContain('{"code":"unauthenticated","message":"unauthenticated","details":');
    expect(rig.audited).toMatchObject([{ reason, address: "127.0.0.1" }]);
  });
  test("x-forwarded-for from an unlisted proxy is reported", async () => {
    const faults: string[] = [];
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint, { fault: (what) => faults.push(what) });
    await sendRaw(served, post(["X-Forwarded-For: 203.0.113.7"]));
    expect(rig.audited).toMatchObject([{ address: "127.0.0.1" }]);
    expect(faults).toEqual([expect.stringContaining("BFF_TRUSTED_PROXIES")]);
  });
  test("an empty header over HTTP/1.1 counts as absent", async () => {
    const rig = await gate({ sources: SOURCES });
    const answer = await sendRaw(await serve(rig.endpoint), post(["Authorization:", "X-Api-Key: key-a"]));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(rig.seen).toMatchObject([{ subject: "a" }]);
  });
  test("cookies in several HTTP/1.1 headers are joined", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const cookies = ["Cookie: a=1", "Cookie: sid=browser-ann"];
    expect(await sendRaw(served, post([...cookies, "X-Csrf: 1"]))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await sendRaw(served, post([...cookies, "Cookie: sid=browser-ann", "X-Csrf: 1"]))).toMatch(
      /^HTTP\/1\.1 401 /,
    );
    // joined by node, two are not "1"
    expect(await sendRaw(served, post([...cookies, "X-Csrf: 1", "X-Csrf: 1"]))).toMatch(/^HTTP\/1\.1 401 /);
  });

  test("a repeated header over HTTP/2 is refused", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const all = (name: string, values: readonly string[]) => ({
      ":method": "POST",
      ":path": GATE_PATH,
      "content-type": "application/grpc",
      te: "trailers",
      [name]: values,
    });
    const body = frame(bytes(""));
    expect((await sendH2(served, raw(all("x-api-key", ["key-a", "key-a"])), body)).status).toBe("16");
    expect((await sendH2(served, raw(all("authorization", ["Bearer user-a", "Bearer user-a"])), body)).status).toBe(
      "16",
    );
    expect((await sendH2(served, raw(all("x-api-key", ["key-a"])), body)).status).toBe("0");
    expect(rig.audited.map(({ reason }) => reason)).toEqual([
      "several headers x-api-key",
      "several headers authorization",
    ]);
  });
  test("cookies over HTTP/2 may be in several headers (RFC 9113, 8.2.3)", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const headers = { ":method": "POST", ":path": GATE_PATH, "content-type": "application/json", "x-csrf": "1" };
    await sendH2(served, { ...headers, cookie: ["a=1", "sid=browser-ann"] }, "{}");
    expect(rig.seen).toMatchObject([{ subject: "ann" }]);
    expect((await sendH2(served, { ...headers, cookie: ["sid=browser-a", "sid=browser-b"] }, "{}")).status).toBe("401");
  });

  test.each<[string, Record<string, string>, string | Uint8Array]>([
    ["JSON that makes no sense", { "content-type": "application/json" }, "{"],
    ["binary that makes no sense", { "content-type": "application/proto" }, Buffer.from([0xff])],
    ["gRPC that makes no sense", { "content-type": "application/grpc", te: "trailers" }, frame(Buffer.from([0xff]))],
  ])("%s is not read for an unauthorized caller", async (_, headers, body) => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const all = { ":method": "POST", ":path": GATE_PATH, ...headers };
    const refused = await sendH2(served, all, body);
    expect(["16", "401"]).toContain(refused.status);
    const read = await sendH2(served, { ...all, authorization: "Bearer user-ann" }, body);
    expect(["3", "400"]).toContain(read.status);
    expect(rig.seen).toEqual([]);
  });

  test("a large body of an unauthorized caller is drained, and the connection continues", async () => {
    const rig = await gate({ sources: SOURCES });
    const { port } = await serve(rig.endpoint);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const send = async (body: string, headers: http.OutgoingHttpHeaders = {}): Promise<number | undefined> => {
      const all = { "content-type": "application/json", ...headers };
      const request = http.request({ port, host: "127.0.0.1", method: "POST", path: GATE_PATH, headers: all, agent });
      request.end(body);
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      response.resume();
      await once(response, "end");
      return response.statusCode;
    };
    const large = JSON.stringify({ fileName: "x".repeat(1_000_000) });
    expect(await send(large)).toBe(401);
    expect(await send("{}", { "x-api-key": "key-a" })).toBe(200);
    expect(await send("{", {})).toBe(401);
  });
  test("an oversized body is refused with RESOURCE_EXHAUSTED or UNAUTHENTICATED, and a normal client is served", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint, { maxRequestBytes: 1000 });
    const answer = await sendRaw(served, post([], JSON.stringify({ fileName: "x".repeat(5000) })));
    expect(answer).toMatch(/^HTTP\/1\.1 (401|429) /);
    expect(await sendRaw(served, post(["X-Api-Key: key-a"]))).toMatch(/^HTTP\/1\.1 200 /);
    expect(rig.seen).toHaveLength(1);
  });
});

/** As node takes headers that it would join otherwise. */
function raw(headers: Record<string, string | readonly string[]>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((text) => [name, text]));
}
