// Addresses of Redis that are refused before a connection.
import { expect, test } from "vitest";
import { addressFault, parseServers } from "../redis/redis-address.ts";
import { type ConfigFault, EnvReader, faultLines } from "./env-reader.ts";
import { readRedisUrl, readStateRedisUrl } from "./redis-url.ts";

function read(env: Readonly<Record<string, string>>) {
  const faults: ConfigFault[] = [];
  const location = readRedisUrl(new EnvReader(env, faults), "REDIS_URL");
  return { location, faults: faultLines(faults) };
}

test.each([
  ["redis-cluster://", "has an item in it that is not a host, perhaps with a port"],
  ["redis-cluster://a:6379,,b", "has an item in it that is not a host, perhaps with a port"],
  ["redis-cluster://a:0", "has an item in it that is not a host, perhaps with a port"],
  ["redis-cluster://a:99999", "has an item in it that is not a host, perhaps with a port"],
  ["redis-cluster://a/1", "has a path in it, and a cluster has one database"],
  ["redis-cluster://a?db=1", "has more in it than user, password, hosts, ports and a name"],
  ["redis-cluster:a", "has more in it than user, password, hosts, ports and a name"],
  ["rediss-cluster://us%er@a", "has a broken %-escape in it"],
  ["redis-sentinel://a,b", "lacks the name of the primary after the Sentinels"],
  ["redis-sentinel://a,b/shop/1", "has more in it than user, password, hosts, ports and a name"],
])("%s is refused", (url, problem) => {
  const [kind] = /cluster|sentinel/.exec(url) ?? [];
  expect(addressFault(url)).toEqual([problem, expect.stringMatching(`^an address like redis-${kind}:`)]);
});

test("another scheme is refused", () => {
  expect(read({ REDIS_URL: "redis-several://a" }).faults).toContain("REDIS_URL begins with neither redis:// nor");
  expect(addressFault("redis://a")).toBeUndefined();
});

test("no fault repeats a password", () => {
  for (const end of ["a,", "a/1", "a?x"])
    expect(addressFault(`redis-cluster://user:secret@${end}`)?.[0]).toMatch(/^(?!.*secret).+/);
});

test.each(["team a", "{a}", "x".repeat(65)])("the prefix %s is refused", (BFF_REDIS_PREFIX) => {
  const { faults } = read({ REDIS_URL: "redis://a", BFF_REDIS_PREFIX });
  expect(faults).toMatch(/^BFF_REDIS_PREFIX is not a beginning of keys; write up to 64 letters, .+ unset it$/);
});

test("addresses have their servers, logins and names", () => {
  expect(parseServers("redis-cluster://a,b:7000,[::1]:7001")).toMatchObject({
    kind: "cluster",
    hosts: [
      { host: "a", port: 6_379 },
      { host: "b", port: 7_000 },
      { host: "::1", port: 7_001 },
    ],
    tls: false,
    username: undefined,
    password: undefined,
  });
  expect(parseServers("rediss-sentinel://us%40er:p:%2Fw@a/my%20shop")).toEqual({
    kind: "sentinel",
    hosts: [{ host: "a", port: 26_379 }],
    tls: true,
    username: "us@er",
    password: "p:/w",
    name: "my shop",
  });
});

test("the prefix belongs to both variables, and without one the location is the address", () => {
  const state = { BFF_STATE_REDIS_URL: "redis-cluster://b", REDIS_URL: "redis://a", BFF_REDIS_PREFIX: "team-a:" };
  expect(readStateRedisUrl(new EnvReader(state, []))).toEqual({ url: "redis-cluster://b", prefix: "team-a:" });
  expect(read(state).location).toEqual({ url: "redis://a", prefix: "team-a:" });
  expect(read({ REDIS_URL: "redis://a" }).location).toBe("redis://a");
});
