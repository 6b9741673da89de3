// Holds docs/language.md#side-effects: random rpcs that are public, or not, whose writes and limits read the caller.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";
import {
  ADDRESS,
  anonymousRpc,
  IDENTITY,
  outcomeOf,
  protoOf,
  refusals,
  type State,
  UPSTREAM,
} from "./anonymous-bffs.ts";
import { type Cases, cases } from "./cases.ts";

/** Repeats a run: SEED=… vitest run test/proofs/random. More: CALLERS_BFFS=400. */
const SEED = seedOf("SEED");
const COUNT = Number(process.env.CALLERS_BFFS ?? 60);
const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);

const STATES: readonly State[] = ["a", "x", "bad", "skip"].flatMap((id) => [
  { id, principal: undefined },
  { id, principal: { subject: "s" } },
  { id, principal: { subject: "other", tenant: "t" } },
]);

let made: Cases;
beforeAll(async () => {
  const proto = (_: unknown, number: number) => (number === 0 ? IDENTITY : protoOf(anonymousRpc(SEED, number)));
  made = await cases("anonymous", proto, SEED, COUNT + 1, UPSTREAM);
}, 120_000);
afterAll(() => made.remove());

test(`generating refuses exactly what would be left out without a word, seed ${SEED}`, () => {
  const protos = Object.fromEntries([
    ["web/v1/c0.proto", IDENTITY] as const,
    ...numbers.map((number) => [`web/v1/c${number}.proto`, protoOf(anonymousRpc(SEED, number))] as const),
  ]);
  const texts = { "up/v1/up.proto": UPSTREAM, ...protos };
  const { diagnostics } = compileCase(requestFor(texts, Object.keys(protos)), texts);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  for (const number of numbers) {
    const rpc = anonymousRpc(SEED, number);
    const found = errors.filter(({ at }) => at.file === `web/v1/c${number}.proto`).map(({ code }) => code);
    expect(found.sort(), protoOf(rpc)).toEqual(refusals(rpc).sort());
  }
});

test(`no write is left out with a success, and limits count every caller, seed ${SEED}`, {
  timeout: 120_000,
}, async () => {
  const seen = { rpcs: 0, writes: 0, leftOut: 0, refused: 0, limited: 0 };
  for (const { name, make } of made.all) {
    const number = Number(/c(\d+)$/.exec(name)?.[1]);
    const rpc = anonymousRpc(SEED, number);
    seen.rpcs++;
    for (const state of STATES) {
      const puts: unknown[] = [];
      const up = {
        get: ({ id }: { readonly id: string }) => {
          if (id === "skip" && rpc.item === "supplementary") throw new ConnectError("skipped", Code.NotFound);
          return { name: `item ${id}` };
        },
        put: ({ id, note }: { readonly id: string; readonly note: string }) => {
          puts.push({ id, note });
          return { name: "put" };
        },
      };
      const bff = make({ mocks: { up } });
      const run = bff[`put${number}`] as (request: object, call: object) => Promise<unknown>;
      const { principal } = state;
      const credential = { source: "robot" };
      const caller = principal === undefined ? null : { principal, credential };
      const send = () => run({ id: state.id }, { caller, address: ADDRESS }).then(() => undefined, statusOf);
      const { refused, put, limited } = outcomeOf(rpc, state);
      const about = `SEED=${SEED}, ${JSON.stringify(state)}\n${protoOf(rpc)}`;
      expect(await send(), about).toBe(refused);
      expect(puts, about).toEqual(put === undefined ? [] : [put]);
      if (refused === undefined) {
        expect(await send(), about).toBe(limited ? "RESOURCE_EXHAUSTED" : undefined);
        seen.limited += limited ? 1 : 0;
      } else seen.refused++;
      if (put !== undefined) seen.writes++;
      else seen.leftOut++;
      bff.close();
    }
  }
  console.log(JSON.stringify(seen));
  expect(seen.rpcs).toBeGreaterThan(COUNT / 10);
  expect(seen.writes).toBeGreaterThan(0);
});

function statusOf(error: unknown): string {
  if (!(error instanceof ConnectError)) throw error;
  return Code[error.code].replace(/(?<!^)[A-Z]/g, "_$&").toUpperCase();
}
