// Holds docs/runtime.md#streams
import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestFollow } from "../../../packages/testing/src/follow.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { pick } from "../../bffs/second/random-message.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { type Around, followOracle, type Resume, type StreamVerdict } from "../oracle/stream.ts";
import { type Case, cases } from "./cases.ts";
import { different, type Followed, followed } from "./compare-items.ts";
import { type Random, randomStream, seeded } from "./random-streams.ts";
import { StreamWorld } from "./stream-worlds.ts";

/** Again with the same: SEED=… vitest run test/proofs/random. More: STREAMS=100. */
const SEED = seedOf("SEED");
const STREAMS = Number(process.env.STREAMS ?? 24);
const WORLDS = 20;

type Follows = (request: object, call: object) => TestFollow<Message>;
let ir: Ir;
let all: readonly Case[];
let remove = (): void => {};
beforeAll(async () => {
  ({ ir, all, remove } = await cases("streams", randomStream, SEED, STREAMS));
}, 120_000);
afterAll(() => remove());

/** Checks that each call is made once in the opening and once for each item, and checks the request that opens the source. */
function callsDiffer(world: StreamWorld, verdict: StreamVerdict, isTopic: boolean): string | undefined {
  const openings = (of: readonly Message[]): string =>
    JSON.stringify(of, (_, value) => (typeof value === "bigint" ? String(value) : value));
  if (!isTopic && openings(world.opened) !== openings(verdict.openings))
    return `opened with ${openings(world.opened)}; wanted ${openings(verdict.openings)}`;
  if (verdict.end !== "ended") return undefined;
  // An item whose call fails ends its list at once: calls for later items need not begin, and a call that nobody else
  // waits for is cancelled, and made again by a later step.
  const failing = new Set([...world.phases].flatMap(([id, phases]) => (world.fails(id) ? [...phases] : [])));
  for (const id of new Set([...world.phases.keys(), ...world.got.keys()])) {
    const phases = [...(world.phases.get(id) ?? [])];
    const got = world.got.get(id) ?? 0;
    const least = phases.filter((phase) => !failing.has(phase)).length;
    const most = phases.length + (phases.length - least);
    if (got < least || got > most) return `Get of "${id}" was called ${got} times; wanted ${least} to ${most}`;
  }
  return undefined;
}

function requestOf(random: Random, { input }: DescMethod): Message {
  const note = random() < 0.5 ? { note: "asked" } : {};
  return create(input, {
    run: pick(random, ["a", "b", "c"]),
    all: random() < 0.5,
    ids: ["a", "b"].slice(0, random() * 3),
    ...note,
  });
}

/** One follower, and behind one of its items another one. */
async function run(
  testCase: Case,
  seed: string,
): Promise<{ readonly fault: string | undefined; readonly got: Followed }> {
  const random = seeded("run", seed);
  const isTopic = testCase.proto.includes("topic: {");
  const who = pick(random, ["a", "b", "c"]);
  const [method] = testCase.methods;
  if (method === undefined) throw new Error(`${testCase.name} has no rpc`);
  const message = requestOf(random, method);
  const bff = (world: StreamWorld) => testCase.make({ mocks: { up: world.handlers() } });
  const verdictOf = (world: StreamWorld, resume?: Resume): StreamVerdict => {
    const outcomes: Around["outcomes"] = (item) => world.outcomes(String(item));
    const around = { headers: new Map([["x-who", who]]), env: {}, now: undefined, outcomes };
    return followOracle(ir, method, message, { ...around, plays: (request, nth) => world.plays(request, nth) }, resume);
  };
  const follow = async (world: StreamWorld, resume?: string): Promise<Followed> => {
    const made = bff(world);
    const rpc = made[method.localName] as Follows;
    const got = await followed(rpc(message, { headers: { "x-who": who }, ...(resume !== undefined && { resume }) }));
    made.close();
    return got;
  };
  const world = new StreamWorld(ir.registry, seed);
  const got = await follow(world);
  const verdict = verdictOf(world);
  const fault = different(verdict, got) ?? callsDiffer(world, verdict, isTopic);
  const at = Math.floor(random() * got.items.length);
  const { position, last } = verdict.items[at] ?? {};
  const token = random() < 0.1 ? "no token" : got.tokens[at];
  if (fault !== undefined || token === undefined || position === undefined || last) return { fault, got };
  const again = new StreamWorld(ir.registry, seed, true);
  const rest = await follow(again, token);
  const resumed = verdictOf(again, token === "no token" ? "unreadable" : { position });
  const wrong = different(resumed, rest) ?? callsDiffer(again, resumed, isTopic);
  return { fault: wrong === undefined ? undefined : `behind item ${at} (${token}): ${wrong}`, got };
}

test(`random streams in random worlds equal the oracle's answers, seed ${SEED}`, async () => {
  const wrong: string[] = [];
  const seen = { streams: all.length, items: 0, ended: 0, failed: 0, degraded: 0 };
  for (const testCase of all)
    for (let i = 0; i < WORLDS && wrong.length < 3; i++) {
      const seed = `${SEED} ${testCase.name} ${i}`;
      const { fault, got } = await run(testCase, seed).catch((error: unknown) => ({
        fault: String((error as Error).stack),
        got: undefined,
      }));
      if (fault !== undefined) wrong.push(`SEED=${SEED}, ${testCase.name}, world ${i}: ${fault}\n${testCase.proto}`);
      seen.items += got?.items.length ?? 0;
      if (got?.end === "ended") seen.ended++;
      else seen.failed++;
      seen.degraded +=
        got?.items.filter((item) => ((item as { degraded?: unknown[] } & Message).degraded ?? []).length > 0).length ??
        0;
    }
  console.log(JSON.stringify(seen));
  expect(wrong.join("\n")).toBe("");
  for (const [what, count] of Object.entries(seen)) expect([what, count > 4]).toEqual([what, true]);
}, 120_000);
