import { TLSSocket } from "node:tls";
import { NOWHERE } from "@protobff/runtime/internal/identity/incoming-request";
import { Networks } from "@protobff/runtime/internal/identity/network/networks";
import { afterEach, expect, test, vi } from "vitest";
import { Peers, valuesOf } from "./peers.ts";

afterEach(() => void vi.useRealTimers());

/** A connection, as node gives it, whose client has a certificate until then. */
function connection(until: Date, authorized = true): TLSSocket {
  const certificate = { subjectAltName: "DNS:web.internal", validToDate: until };
  return Object.create(TLSSocket.prototype, {
    remoteAddress: { value: "::ffff:192.0.2.1" },
    encrypted: { value: true },
    authorized: { value: authorized },
    getPeerX509Certificate: { value: () => certificate },
  });
}
const none = (): readonly string[] => [];

test("a certificate counts until it expires, even on a longer connection", () => {
  vi.useFakeTimers({ now: new Date("2026-11-21T00:00:00Z"), toFake: ["Date"] });
  const socket = connection(new Date("2026-11-21T01:00:00Z"));
  for (const proxies of [undefined, new Networks(["192.0.2.1"])]) {
    const peers = new Peers(proxies);
    vi.setSystemTime(new Date("2026-11-21T00:59:59Z"));
    const peer = { address: "192.0.2.1", direct: "192.0.2.1", names: ["web.internal"] };
    expect(peers.of(socket, none)).toEqual(peer);
    vi.setSystemTime(new Date("2026-11-21T01:00:00Z"));
    expect(peers.of(socket, none)).toEqual({ ...peer, names: [] });
  }
});
test("an unverified certificate has no names", () => {
  expect(new Peers(undefined).of(connection(new Date(), false), none).names).toEqual([]);
});
test("a closed connection has no address", () => {
  expect(new Peers(undefined).of(undefined, none)).toBe(NOWHERE);
});
test("the values of a header keep their order", () => {
  expect(valuesOf(["A", "1", "b", "2", "a", "", "aa", "3"], "a")).toEqual(["1", ""]);
});
test("x-forwarded-for from an untrusted proxy is reported once", () => {
  const faults: string[] = [];
  const socket = connection(new Date(), false);
  for (const proxies of [undefined, new Networks(["10.0.0.0/8"])]) {
    const peers = new Peers(proxies, (what) => faults.push(what));
    peers.of(socket, none);
    for (let i = 0; i < 3; i++) expect(peers.of(socket, () => ["203.0.113.7"]).address).toBe("192.0.2.1");
  }
  const line =
    "ignored x-forwarded-for from 192.0.2.1, so all clients behind it count as one: list the proxy in BFF_TRUSTED_PROXIES";
  expect(faults).toEqual([line, line]);
});
test("x-forwarded-for from a trusted proxy is not reported", () => {
  const faults: string[] = [];
  const peers = new Peers(new Networks(["192.0.2.1"]), (what) => faults.push(what));
  expect(peers.of(connection(new Date(), false), () => ["203.0.113.7"]).address).toBe("203.0.113.7");
  expect(faults).toEqual([]);
});
