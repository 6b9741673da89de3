// Holds docs/runtime.md#tokens
import { create } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, test } from "vitest";
import type { Caller } from "../caller.ts";
import { MAX_CALLERS } from "../credential-cache.ts";
import type { Key } from "./keys.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

const key = (): Key => ({
  identity: "",
  id: "",
  kind: "",
  algorithm: undefined,
  live: true,
  for: () => Promise.reject(),
});
function caller(token = ""): Caller {
  const credential = create(CredentialSchema);
  return { credential, principal: credential, bytes: new Uint8Array(0), key: "", token };
}

test("the cache holds at most 10,000 tokens and 32 MiB", () => {
  const tokens = new VerifiedTokens();
  for (let i = 0; i < MAX_CALLERS; i++) tokens.set(`${i}`, { caller: caller(), key: key(), until: 10 });
  expect(tokens.get("0", 0)).toBeDefined();
  tokens.set("one more", { caller: caller(), key: key(), until: 10 });
  expect(tokens.size).toBe(MAX_CALLERS);
  // whoever was asked for longest ago has gone
  expect([tokens.has("0"), tokens.has("1")]).toEqual([true, false]);

  const large = caller("x".repeat(8192));
  for (let i = 0; i < MAX_CALLERS; i++) tokens.set(`large ${i}`, { caller: large, key: key(), until: 10 });
  expect(tokens.size).toBe(Math.floor((32 * 1024 * 1024) / (8192 + 1024)));
});

test("tokens end with their time and with their key, and free their space", () => {
  const tokens = new VerifiedTokens();
  const signingKey = key();
  tokens.set("a", { caller: caller(), key: signingKey, until: 10 });
  tokens.set("b", { caller: caller(), key: signingKey, until: 10.5 });
  expect([tokens.get("a", 9), tokens.get("a", 10)].map((found) => found !== undefined)).toEqual([true, false]);
  expect(tokens.get("b", 10)).toBeDefined();
  signingKey.live = false;
  expect(tokens.get("b", 10)).toBeUndefined();
  expect(tokens.size).toBe(0);
});
