// Random pages some of which is deferred, generated and asked in this process on mocks, whole and in parts: both are what the oracle says.
import { create, type Message, mergeFromBinary, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Ir } from "../../plugin/src/ir.ts";
import type { TestFollow } from "../../runtime/src/mock/followed.ts";
import { oracle } from "../oracle/oracle.ts";
import { type AnswerVerdict, degradedField, type Got, mismatch, type Verdict } from "../oracle/verdict.ts";
import { pick } from "../second/random-message.ts";
import { seedOf } from "../seed/seed.ts";
import { type Bff, type Case, cases } from "./cases.ts";
import { randomPage, seeded } from "./random-streams.ts";
import { StreamWorld } from "./stream-worlds.ts";

/** Again with the same: SEED=… vitest run test/streams. More: PAGES=100. */
const SEED = seedOf("SEED");
const PAGES = Number(process.env.PAGES ?? 24);
const WORLDS = 15;

let ir: Ir;
let all: readonly Case[];
let remove = (): void => {};
beforeAll(async () => {
  ({ ir, all, remove } = await cases("pages", randomPage, SEED, PAGES));
}, 120_000);
afterAll(() => remove());

const failed = (thrown: unknown): Got => {
  if (!(thrown instanceof ConnectError)) throw thrown;
  return { kind: "status", code: thrown.code, message: thrown.rawMessage };
};

/** The messages of a stream as one, and how many there were. */
async function merged(follow: TestFollow<Message>, { schema }: Verdict, answer: AnswerVerdict | undefined) {
  const whole = create(schema);
  let count = 0;
  for await (const part of follow) {
    mergeFromBinary(schema, whole, toBinary(schema, part));
    count++;
  }
  // What is degraded comes with the parts, in any order.
  const field = degradedField(schema);
  if (field !== undefined && answer !== undefined) {
    const list = reflect(schema, whole).get(field);
    const order = answer.entries.map(({ path }) => path);
    const path = (entry: unknown): string => String((entry as { message: { path: string } }).message.path);
    const sorted = [...list].sort((a, b) => order.indexOf(path(a)) - order.indexOf(path(b)));
    list.clear();
    for (const entry of sorted) list.add(entry);
  }
  return { bytes: toBinary(schema, whole), count };
}

async function run(one: Case, seed: string) {
  const random = seeded("run", seed);
  const [unary, parts] = one.methods;
  if (unary === undefined || parts === undefined) throw new Error(`${one.name} lacks an rpc`);
  const note = random() < 0.5 ? { note: "asked" } : {};
  const values = { run: pick(random, ["a", "b", "c"]), all: random() < 0.5, ids: ["a", "b"].slice(0, random() * 3) };
  const message = create(unary.input, { ...values, ...note });
  const world = new StreamWorld(ir.registry, seed);
  const verdict = oracle(ir, unary, message, new Map(), {}, undefined, world.outcomes("unary"));
  const [first] = verdict.acceptable;
  const answer = first?.kind === "answer" ? first : undefined;
  const late = [1, 50].sort(() => random() - 0.5);
  const made = (): Bff => {
    const { get, getAll } = world.handlers();
    const bff = one.make({ mocks: { up: { get, getAll } } });
    for (const [i, name] of ["Get", "GetAll"].entries())
      bff.mocks.up?.setBehaviour(`up.v1.UpService/${name}`, { kind: "answer", afterMs: late[i] ?? 1 });
    return bff;
  };
  const bff = made();
  let header: string | undefined;
  const ask = bff[unary.localName] as (request: object, call: object) => Promise<Message>;
  const onHeader = (headers: Headers): void => {
    header = headers.get("bff-degraded") ?? undefined;
  };
  const got = await ask(message, { onHeader }).then(
    (given): Got => ({ kind: "answer", message: toBinary(verdict.schema, given), degradedHeader: header }),
    failed,
  );
  bff.close();
  const wrong = mismatch(verdict, got);
  if (wrong !== undefined) return { fault: `whole: ${wrong}`, answer, count: 0 };
  const other = made();
  const follow = other[parts.localName] as (request: object) => TestFollow<Message>;
  let count = 0;
  const sum = await merged(follow(message), verdict, answer).then((one): Got => {
    count = one.count;
    const said = got.kind === "answer" ? got.degradedHeader : undefined;
    return { kind: "answer", message: one.bytes, degradedHeader: said };
  }, failed);
  other.close();
  const fault = mismatch(verdict, sum);
  return { fault: fault === undefined ? undefined : `in ${count} parts: ${fault}`, answer, count };
}

test(`random pages are what the oracle says, whole and in parts, seed ${SEED}`, async () => {
  const wrong: string[] = [];
  const seen = { pages: all.length, answers: 0, failed: 0, "several parts": 0, degraded: 0 };
  for (const one of all)
    for (let i = 0; i < WORLDS && wrong.length < 3; i++) {
      const { fault, answer, count } = await run(one, `${SEED} ${one.name} ${i}`);
      if (fault !== undefined) wrong.push(`SEED=${SEED}, ${one.name}, world ${i}: ${fault}\n${one.proto}`);
      if (answer === undefined) seen.failed++;
      else seen.answers++;
      if (count > 1) seen["several parts"]++;
      if ((answer?.entries.length ?? 0) > 0) seen.degraded++;
    }
  console.log(JSON.stringify(seen));
  expect(wrong.join("\n")).toBe("");
  for (const [what, count] of Object.entries(seen)) expect([what, count > 2]).toEqual([what, true]);
}, 120_000);
