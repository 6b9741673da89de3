// Random BFFs with caches, batches and equal calls, asked by random callers: no caller receives an answer to other metadata than its own.
import { afterAll, beforeAll, expect, test } from "vitest";
import { pick, seeded } from "../../bffs/second/random-message.ts";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { type Cases, cases } from "./cases.ts";
import {
  type Caller,
  foreign,
  headersOf,
  IDENTITY,
  NAMES,
  type Policy,
  randomCaller,
  randomRpc,
  UPSTREAM,
} from "./random-metadata.ts";

/** Repeats a run: SEED=… vitest run test/proofs/random. More: CALLERS_BFFS=400. */
const SEED = seedOf("SEED");
const COUNT = Number(process.env.CALLERS_BFFS ?? 24);
/** Requests of one BFF, in rounds of as many at once. */
const [ROUNDS, AT_ONCE] = [12, 5];

let made: Cases;
beforeAll(async () => {
  const proto = (_: unknown, number: number) => (number === 0 ? IDENTITY : randomRpc(SEED, number).proto);
  made = await cases("callers", proto, SEED, COUNT + 1, UPSTREAM);
}, 120_000);
afterAll(() => made.remove());

interface WhoRequest {
  readonly key?: string;
  readonly ids?: readonly string[];
}
interface Call {
  readonly headers: Readonly<Record<string, string>>;
}
interface Clock {
  advance(ms: number): Promise<void>;
}
type Answer = Readonly<Record<"single" | "again" | "batched", string>>;

const sentBy = ({ headers }: Call): string =>
  JSON.stringify(
    Object.fromEntries(NAMES.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))),
  );

test(`no answer crosses callers whose metadata differs, seed ${SEED}`, { timeout: 120_000 }, async () => {
  const wrong: string[] = [];
  const seen = { bffs: made.all.length, answers: 0, calls: 0 };
  for (const testCase of made.all) {
    const number = Number(/c(\d+)$/.exec(testCase.name)?.[1]);
    const random = seeded("callers", SEED, number);
    const { policies } = randomRpc(SEED, number);
    const callers = Array.from({ length: 4 }, () => randomCaller(random));
    const up = {
      who: (_: WhoRequest, __: object, call: Call) => {
        seen.calls++;
        return { id: "", sent: sentBy(call) };
      },
      whoAll: ({ ids = [] }: WhoRequest, __: object, call: Call) => {
        seen.calls++;
        return { all: ids.map((id) => ({ id, sent: sentBy(call) })) };
      },
    };
    const bff = testCase.make({ mocks: { up } });
    const send = bff[`get${number}`] as (request: object, call: object) => Promise<Answer>;
    const check = async (caller: Caller): Promise<void> => {
      const { headers, principal, address, flavor } = caller;
      const answer = await send({ key: pick(random, ["a", "b"]), flavor }, { headers, caller: { principal }, address });
      seen.answers += 3;
      for (const [field, policy] of Object.entries(policies) as [keyof Answer, Policy][]) {
        const found = foreign(policy, caller, JSON.parse(answer[field]));
        if (found !== undefined) wrong.push(`SEED=${SEED}, ${testCase.name}, ${field}: ${found}\n${testCase.proto}`);
      }
    };
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => check(pick(random, callers))));
      if (random() < 0.3) await (bff.clock as Clock).advance(pick(random, [1_000, 11_000, 70_000]));
    }
    bff.close();
  }
  console.log(JSON.stringify(seen));
  expect(wrong[0] ?? "").toBe("");
  expect(seen.bffs).toBeGreaterThan(COUNT / 2);
  // Caches hold answers at all.
  expect(seen.calls).toBeLessThan(seen.answers / 2);
});

test(`Vary names every header that decides what calls send, seed ${SEED}`, () => {
  const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);
  const protos = Object.fromEntries([
    ["web/v1/c0.proto", IDENTITY] as const,
    ...numbers.map((number) => [`web/v1/c${number}.proto`, randomRpc(SEED, number).proto] as const),
  ]);
  const texts = { "up/v1/up.proto": UPSTREAM, ...protos };
  const { response } = compileCase(requestFor(texts, Object.keys(protos)), texts, "import_extension=ts");
  expect(response.error).toBe("");
  for (const number of numbers) {
    const code = response.file.find(({ name }) => name === `web/v1/c${number}_bff.ts`)?.content ?? "";
    const vary = JSON.parse(/vary: (\[.*?\])/.exec(code)?.[1] ?? "[]") as string[];
    const { policies, proto } = randomRpc(SEED, number);
    const deciding = Object.values(policies).flatMap(headersOf);
    expect(
      deciding.filter((name) => !vary.includes(name)),
      proto,
    ).toEqual([]);
  }
});
