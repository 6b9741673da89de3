// The second BFF over outcomes made up as they are asked for: the oracle understands all of it, and says the same twice.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DescMethod, equals, type Message, toBinary } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { isUnary } from "../../../bffs/second/registry.ts";
import { secondRequest } from "../../../bffs/second/requests.ts";
import { answerTo } from "../../../bffs/second/upstreams.ts";
import { oracle } from "../oracle.ts";
import { type CallOutcome, methodName, type Outcomes } from "../outcomes.ts";
import { fails, irOf } from "../scenario.ts";
import { mismatch } from "../verdict.ts";

const root = join(fileURLToPath(import.meta.url), "../../../../..");
const dir = join(root, "test/bffs/second/proto");
const names = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".proto"));
const ir = irOf(Object.fromEntries(names.map((name) => [name, readFileSync(join(dir, name), "utf8")])));
const env = {
  SHOP_REGION: "fi",
  DEFAULT_CURRENCY: "EUR",
  SHELF_SIZE: 4n,
  LOYALTY_ON: true,
  KWH_PRICE: 0.31,
  NEW_FOR: durationFromMs(2_592_000_000),
  HOME_CATEGORIES: ["books", "garden", "toys"],
  HOLD_FOR: durationFromMs(900_000),
  OPS_MAILBOX: "ops@shop.example",
};

/** Answers what is asked; part of the calls fail. */
function made(seed: number, failing: number): Outcomes {
  const known = new Map<string, CallOutcome>();
  const outcome = (method: DescMethod, request: Message): CallOutcome => {
    const bytes = toBinary(method.input, request);
    const key = `${methodName(method)} ${Buffer.from(bytes).toString("hex")}`;
    let found = known.get(key);
    if (found === undefined) {
      if (!isUnary(method)) throw new Error("not unary");
      const lot = hash(`${seed} ${key}`) % 100;
      const code = (["UNAVAILABLE", "NOT_FOUND", "DEADLINE_EXCEEDED"] as const)[lot % 3] ?? "UNAVAILABLE";
      found =
        lot < failing * 100
          ? { failed: { ...fails(code), upstream: method.parent.typeName } }
          : { ok: toBinary(method.output, answerTo(method, methodName(method), bytes)) };
      known.set(key, found);
    }
    return found;
  };
  return { call: outcome, batch: (method, alone) => outcome(method, alone), unasked: () => [] };
}
function hash(text: string): number {
  let h = 2166136261;
  for (const char of text) h = Math.imul(h ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0;
  return h;
}

const registry = ir.registry as Parameters<typeof secondRequest>[0];
function verdict(number: number, failing: number) {
  const { method, message, headers } = secondRequest(registry, number);
  const now = timestampFromMs(1_700_000_000_000);
  return oracle(ir, method, message, new Map(Object.entries(headers)), env, now, made(number, failing));
}

describe("the oracle of the second BFF", () => {
  it("has a verdict for every request, with and without faults", () => {
    const kinds = { answer: 0, degraded: 0, status: 0 };
    for (let number = 0; number < 300; number++) {
      const result = verdict(number, number % 2 === 0 ? 0 : 0.1);
      expect(result.missing).toEqual([]);
      const [first] = result.acceptable;
      expect(first).toBeDefined();
      if (first?.kind === "status") kinds.status++;
      else kinds[first?.entries.length === 0 ? "answer" : "degraded"]++;
    }
    expect(Math.min(kinds.answer, kinds.degraded, kinds.status)).toBeGreaterThan(20);
  });

  it("accepts its own answers, and no changed ones", () => {
    const answers = Array.from({ length: 100 }, (_, number) => ({ number, result: verdict(number, 0.1) })).flatMap(
      ({ number, result }) =>
        result.acceptable.flatMap((first) => (first.kind === "answer" ? [{ number, result, first }] : [])),
    );
    expect(answers.length).toBeGreaterThan(40);
    for (const { number, result, first } of answers) {
      const message = toBinary(result.schema, first.message);
      const got = { kind: "answer", message, degradedHeader: first.degradedHeader } as const;
      expect(mismatch(result, got)).toBeUndefined();
      expect(mismatch(result, { ...got, degradedHeader: `${first.degradedHeader},x` })).toMatch("bff-degraded");
      expect(mismatch(result, { kind: "status", code: 13, message: "" })).toMatch("expected an answer");
      const again = verdict(number, 0.1).acceptable[0];
      expect(again?.kind === "answer" && equals(result.schema, again.message, first.message)).toBe(true);
    }
  });
});
