import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Ir } from "../../plugin/src/ir.ts";
import type { TestFollow } from "../../runtime/src/mock/followed.ts";
import { type Around, followOracle, type GivenItem, type Resume, type StreamVerdict } from "../oracle/stream.ts";
import { answerDiffers } from "../oracle/verdict.ts";
import { pick } from "../second/random-message.ts";
import { seedOf } from "../seed/seed.ts";
import { type Case, cases } from "./cases.ts";
import { type Random, randomStream, seeded } from "./random-streams.ts";
import { StreamWorld } from "./stream-worlds.ts";

/** Again with the same: SEED=… vitest run test/streams. More: STREAMS=100. */
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

interface Followed {
  readonly items: readonly Message[];
  readonly tokens: readonly (string | undefined)[];
  readonly end: "ended" | number;
}
async function followed(follow: TestFollow<Message>): Promise<Followed> {
  const [items, tokens]: [Message[], (string | undefined)[]] = [[], []];
  try {
    for await (const item of follow) {
      items.push(item);
      tokens.push(follow.token);
    }
    return { items, tokens, end: "ended" };
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    return { items, tokens, end: thrown.code };
  }
}

/** What differs; undefined: it is as it has to be. */
function different({ schema, items, end, calls, untold }: StreamVerdict, whole: Followed): string | undefined {
  const told = isReset(schema, whole.items.at(-1));
  const got = told ? { ...whole, items: whole.items.slice(0, -1) } : whole;
  if (told !== (untold && positionField(schema) !== undefined)) return `it says that nothing holds any more: ${told}`;
  if (calls !== undefined) return `the oracle lacks calls: ${JSON.stringify(calls)}`;
  const shown = `${got.items.length} items, ${got.end}; wanted ${items.length}, ${end}`;
  for (const [i, message] of got.items.entries()) {
    const wanted = items[i];
    if (wanted === undefined) return `${shown}\nmore than there are: ${toJsonString(schema, message)}`;
    const fault = positionDiffers(schema, wanted, message, got.tokens[i]) ?? itemDiffers(schema, wanted, message);
    if (fault !== undefined) return `${shown}\nitem ${i}: ${fault}`;
  }
  const ended = end === "ended" ? got.end === end : got.end !== "ended" && end.includes(got.end);
  return ended && got.items.length === items.length ? undefined : shown;
}
const positionField = (schema: DescMessage): DescField | undefined =>
  schema.fields.find(({ message }) => message?.typeName === "bff.v1.Position");

/** A message that says that what came before holds no longer, and is no item. */
function isReset(schema: DescMessage, message: Message | undefined): boolean {
  const field = positionField(schema);
  if (field === undefined || message === undefined) return false;
  const said = reflect(schema, message).get(field);
  return isReflectMessage(said) && toJsonString(said.desc, said.message).includes('"beat":true');
}

function positionDiffers(
  schema: DescMessage,
  { position, reset }: GivenItem,
  message: Message,
  token?: string,
): string | undefined {
  if ((position === undefined) !== (token === undefined)) return `its token is ${token}`;
  const field = positionField(schema);
  if (field === undefined) return undefined;
  const said = reflect(schema, message).get(field);
  if (!isReflectMessage(said)) return "it has no position";
  const told = said.message as Message & { token: string; reset: boolean; beat: boolean };
  if (told.token !== (token ?? "") || told.beat)
    return `its position is ${JSON.stringify(told)}, and its token ${token}`;
  return told.reset === reset ? undefined : `its position says reset: ${told.reset}`;
}
function itemDiffers(schema: DescMessage, { answer }: GivenItem, message: Message): string | undefined {
  const copy = reflect(schema, fromBinary(schema, toBinary(schema, message)));
  const field = positionField(schema);
  if (field !== undefined) copy.clear(field);
  return answerDiffers(schema, answer, toBinary(schema, copy.message)).fault;
}

/** Calls are made once in the opening, and once for each item; the source is opened with what it has to be. */
function callsDiffer(world: StreamWorld, verdict: StreamVerdict, isTopic: boolean): string | undefined {
  const openings = (of: readonly Message[]): string =>
    JSON.stringify(of, (_, one) => (typeof one === "bigint" ? String(one) : one));
  if (!isTopic && openings(world.opened) !== openings(verdict.openings))
    return `opened with ${openings(world.opened)}; wanted ${openings(verdict.openings)}`;
  if (verdict.end !== "ended") return undefined;
  for (const id of new Set([...world.asked.keys(), ...world.got.keys()])) {
    const [got, wanted] = [world.got.get(id) ?? 0, world.asked.get(id)?.size ?? 0];
    if (got !== wanted) return `Get of "${id}" was called ${got} times; wanted ${wanted}`;
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
async function run(one: Case, seed: string): Promise<{ readonly fault: string | undefined; readonly got: Followed }> {
  const random = seeded("run", seed);
  const isTopic = one.proto.includes("topic: {");
  const who = pick(random, ["a", "b", "c"]);
  const [method] = one.methods;
  if (method === undefined) throw new Error(`${one.name} has no rpc`);
  const message = requestOf(random, method);
  const bff = (world: StreamWorld) => one.make({ mocks: { up: world.handlers() } });
  const verdictOf = (world: StreamWorld, resume?: Resume): StreamVerdict => {
    const outcomes: Around["outcomes"] = (item) => world.outcomes(String(item));
    const around = { headers: new Map([["x-who", who]]), env: {}, now: undefined, outcomes };
    return followOracle(ir, method, message, { ...around, plays: (asked, nth) => world.plays(asked, nth) }, resume);
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

test(`random streams in random worlds are what the oracle says, seed ${SEED}`, async () => {
  const wrong: string[] = [];
  const seen = { streams: all.length, items: 0, ended: 0, failed: 0, degraded: 0 };
  for (const one of all)
    for (let i = 0; i < WORLDS && wrong.length < 3; i++) {
      const seed = `${SEED} ${one.name} ${i}`;
      const { fault, got } = await run(one, seed).catch((error: unknown) => ({
        fault: String((error as Error).stack),
        got: undefined,
      }));
      if (fault !== undefined) wrong.push(`SEED=${SEED}, ${one.name}, world ${i}: ${fault}\n${one.proto}`);
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
