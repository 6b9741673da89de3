// Holds docs/runtime.md#callers
import * as net from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { trusted } from "@protobff/runtime/internal/identity/network/trusted-source";
import { GATE_PATH, type GateOptions, gate } from "@protobff/runtime/internal/testing/gate-rig";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ListenOptions, listen } from "../listen.ts";

/** Sends these headers over HTTP/1.1; gives the status. */
async function send(port: number, headers: readonly string[], host = "127.0.0.1"): Promise<number> {
  const socket = net.connect(port, host);
  const fixed = [`POST ${GATE_PATH} HTTP/1.1`, "Host: a", "Content-Type: application/json", "Connection: close"];
  socket.write([...fixed, ...headers, "Content-Length: 2", "", "{}"].join("\r\n"));
  const chunks: Buffer[] = await socket.toArray();
  return Number(/^HTTP\/1\.1 (\d+) /.exec(Buffer.concat(chunks).toString())?.[1]);
}

describe.each([
  ["the fast path", true],
  ["Connect's adapter", false],
])("proxies in front, on %s", (_, isFast) => {
  async function served(gateOptions: GateOptions, options: ListenOptions) {
    const rig = await gate(gateOptions);
    const { method, route } = rig.endpoint;
    const up = await listen([isFast ? rig.endpoint : { method, route }], options);
    onTestFinished(() => up.close(0));
    return { ...rig, port: up.port };
  }
  const open: GateOptions = { sources: [], permit: { public: true } };

  test("without trusted proxies the address is that of the connection, whatever the headers", async () => {
    const { port, seen } = await served(open, {});
    await send(port, ["X-Forwarded-For: 198.51.100.1", "Forwarded: for=198.51.100.1", "X-Real-Ip: 198.51.100.1"]);
    expect(seen).toMatchObject([{ address: "127.0.0.1" }]);
  });
  test("headers of trusted proxies count from the right, over all of them", async () => {
    const { port, seen } = await served(open, { trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] });
    await send(port, ["X-Forwarded-For: 1.1.1.1, 198.51.100.1"]);
    await send(port, ["X-Forwarded-For: 1.1.1.1", "x-forwarded-for: 198.51.100.1, 10.0.0.9"]);
    await send(port, ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: ::ffff:198.51.100.2"]);
    await send(port, []);
    expect(seen.map(({ address }) => address)).toEqual(["198.51.100.1", "198.51.100.1", "198.51.100.2", "127.0.0.1"]);
  });
  test("IPv4 connections to an IPv6 socket have IPv4 addresses", async () => {
    const { port, seen } = await served(open, { trustedProxies: ["127.0.0.1"], host: "::" });
    await send(port, ["X-Forwarded-For: 2001:DB8::1"]);
    await send(port, ["X-Forwarded-For: 2001:DB8::1"], "::1");
    expect(seen.map(({ address }) => address)).toEqual(["2001:db8::1", "::1"]);
  });

  const ann = create(PrincipalSchema, { source: "g", issuer: "g", subject: "ann", roles: ["admin"] });
  test.each([
    [
      "ProtoJSON in base64url",
      "x-user",
      Buffer.from('{"source":"g","issuer":"g","subject":"ann","no":1}').toString("base64url"),
    ],
    ["a message's bytes", "x-user-bin", Buffer.from(toBinary(PrincipalSchema, ann)).toString("base64")],
    [
      "a message's bytes, unpadded",
      "X-User-Bin",
      Buffer.from(toBinary(PrincipalSchema, ann)).toString("base64").replace(/=+$/, ""),
    ],
  ])("a gateway names its verified caller, as %s; other clients are refused", async (__, header, value) => {
    const sources = [trusted({ name: "gateway", header })];
    const environment = { BFF_TRUSTED_PROXIES: "127.0.0.2" };
    const { port, seen, audited } = await served({ sources, environment }, {});
    expect(await send(port, [`${header}: ${value}`])).toBe(401);
    expect(audited).toMatchObject([{ reason: "gateway: not from a trusted address" }]);
    const trusting = await served({ sources, environment: { BFF_TRUSTED_PROXIES: "127.0.0.0/8" } }, {});
    expect(await send(trusting.port, [`${header}: ${value}`])).toBe(200);
    // once more, now that it is remembered
    expect(await send(trusting.port, [`${header}: ${value}`, "X-Forwarded-For: 198.51.100.1"])).toBe(200);
    expect(await send(trusting.port, [`${header}: ${value}`, `${header}: ${value}`])).toBe(401);
    for (const junk of ["%%%", "e30", "", value.slice(0, -3), `${value}, ${value}`])
      expect(await send(trusting.port, [`${header}: ${junk}`])).toBe(401);
    expect(trusting.seen.map(({ subject }) => subject)).toEqual(["ann", "ann"]);
    expect(seen).toEqual([]);
  });
});

test("a source without trusted addresses is a fault", async () => {
  const sources = [trusted({ name: "gateway", header: "x-user" })];
  await expect(gate({ sources })).rejects.toThrow(
    "BFF_TRUSTED_PROXIES is not set, and the source gateway counts only for requests that come from there",
  );
  const environment = { BFF_TRUSTED_PROXIES: "10.0.0.0/99" };
  await expect(gate({ sources, environment })).rejects.toThrow(
    'BFF_TRUSTED_PROXIES has "10.0.0.0/99" in it, which is neither an address nor a network',
  );
});
