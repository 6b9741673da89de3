// Holds docs/runtime.md#callers
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openIdentity } from "../environment/open-identity.ts";
import { Failure } from "../failure.ts";
import { BEARER, sourceOf } from "../testing/gate-rig.ts";
import { AuthenticatedRequest } from "./authenticated-request.ts";
import { CredentialCache } from "./credential-cache.ts";
import { identity } from "./identity-spec.ts";
import type { Incoming } from "./incoming-request.ts";
import { peer } from "./network/peer.ts";

const KEY = { kind: "header", name: "x-api-key", scheme: undefined } as const;
const GATEWAY = { kind: "header", name: "x-user", scheme: undefined } as const;
const SOURCES = [
  sourceOf("user", BEARER),
  sourceOf("robot", BEARER),
  sourceOf("key", KEY),
  sourceOf("gateway", GATEWAY, { from: ["gateway.internal"] }),
  sourceOf("browser", { kind: "cookie", name: "sid" }),
  peer({ name: "mesh", dns: ["*.internal"] }),
];

type Lines = readonly (readonly [string, string])[];
function incoming(lines: Lines, names: readonly string[]): Incoming {
  const all = (name: string): string[] => lines.filter(([line]) => line === name).map(([, value]) => value);
  return {
    all,
    get: (name) => (all(name).length === 0 ? null : all(name).join(name === "cookie" ? "; " : ", ")),
    peer: { address: "", direct: "", names },
  };
}

/** What is written on the page of the runtime, read again: the source, `nobody` or `refused`. */
function expected(lines: Lines, names: readonly string[]): string {
  const all = (name: string): string[] => lines.filter(([line]) => line === name).map(([, value]) => value);
  const presented: string[] = [];
  for (const name of ["authorization", "x-api-key", "x-user"]) {
    const values = all(name);
    if (values.length > 1) return "refused";
    presented.push(...values.filter((value) => value !== ""));
  }
  const proven = all("x-csrf").join() === "1" || all("sec-fetch-site").join() === "same-origin";
  const cookies = all("cookie").flatMap((value) => value.split("; ").filter((pair) => pair.startsWith("sid=")));
  if (proven && cookies.length > 1) return "refused";
  if (proven) presented.push(...cookies.map((pair) => pair.slice(4)).filter((value) => value !== ""));
  if (presented.length > 1) return "refused";
  const [only] = presented;
  const byCertificate = (): string => {
    const page = all("origin").length > 0 || all("sec-fetch-site").length > 0;
    return names.length > 0 && (!page || proven) ? "mesh" : "nobody";
  };
  if (only === undefined) return byCertificate();
  if (only.includes("bad")) return "refused";
  if (all("x-user").includes(only)) {
    return only.startsWith("gateway-") && names.includes("gateway.internal") ? "gateway" : "refused";
  }
  if (cookies.includes(`sid=${only}`)) {
    if (only === "browser-ended") return byCertificate();
    return only.startsWith("browser-") ? "browser" : "refused";
  }
  if (all("x-api-key").includes(only)) return only.startsWith("key-") ? "key" : "refused";
  const [, source] = /^[Bb]earer (user|robot)-/.exec(only) ?? [];
  return source ?? "refused";
}

const line = fc.constantFrom<readonly [string, string]>(
  ["authorization", "Bearer user-ann"],
  ["authorization", "bearer robot-r2"],
  ["authorization", "Bearer user-bad"],
  ["authorization", "Bearer key-k1"],
  ["authorization", "Basic abc"],
  ["authorization", ""],
  ["x-api-key", "key-k1"],
  ["x-api-key", "user-ann"],
  ["x-api-key", ""],
  ["x-user", "gateway-ann"],
  ["x-user", "key-k1"],
  ["cookie", "sid=browser-ann"],
  ["cookie", "sid=browser-ended"],
  ["cookie", "sid=user-ann; other=1"],
  ["cookie", "sid="],
  ["cookie", "other=browser-ann"],
  ["x-csrf", "1"],
  ["x-csrf", "0"],
  ["sec-fetch-site", "same-origin"],
  ["sec-fetch-site", "cross-site"],
  ["origin", "https://app.example"],
);

describe("the choice of a source", () => {
  test("the source of every request is the documented one", async () => {
    const judging = await openIdentity(identity(PrincipalSchema, SOURCES), { environment: {} });
    const names = fc.constantFrom<readonly string[]>([], ["web.internal"], ["gateway.internal"]);
    const counts = new Map<string, number>();
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), names, (lines, certificate) => {
        let found: string;
        try {
          const authentication = judging.authenticate(incoming(lines, certificate)) as AuthenticatedRequest;
          expect(authentication).toBeInstanceOf(AuthenticatedRequest);
          found = authentication.caller?.credential.source ?? "nobody";
          for (const [name] of lines)
            if (judging.hidden.has(name))
              expect(authentication.get(name.toUpperCase()) ?? authentication.get(name)).toBeNull();
          const forgets = lines.some(([name, value]) => name === "cookie" && value.includes("browser-ended"));
          if (authentication.answer.length > 0) expect(forgets).toBe(true);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Failure);
          found = "refused";
        }
        counts.set(found, (counts.get(found) ?? 0) + 1);
        expect(found).toBe(expected(lines, certificate));
      }),
      { numRuns: 20_000 },
    );
    expect([...counts.keys()].sort()).toEqual(
      ["browser", "gateway", "key", "mesh", "nobody", "refused", "robot", "user"].sort(),
    );
  });
  test("a credential claimed by two sources is refused", async () => {
    const both = [sourceOf("one", BEARER, { prefix: "x" }), sourceOf("two", BEARER, { prefix: "x" })];
    const judging = await openIdentity(identity(PrincipalSchema, both), { environment: {} });
    expect(() => judging.authenticate(incoming([["authorization", "Bearer x-ann"]], []))).toThrow(
      expect.objectContaining({ message: "a credential that several sources take for theirs" }),
    );
  });
  test("two sources with one name are refused", () => {
    expect(() => identity(PrincipalSchema, [sourceOf("a", BEARER), sourceOf("a", KEY)])).toThrow("two sources");
  });
});

test("the cache of credentials is bounded, and keeps recently used ones", () => {
  const known = new CredentialCache<number>();
  for (let i = 0; i < 25_000; i++) {
    known.set(`k${i}`, i);
    expect(known.get("k0")).toBe(0);
  }
  expect(known.size).toBe(10_000);
  expect([known.get("k24999"), known.get("k1"), known.get("k0")]).toEqual([24_999, undefined, 0]);
});
