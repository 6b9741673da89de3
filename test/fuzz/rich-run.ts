// What random BFFs answer: each is generated with its mocks, asked in this process in several worlds, and held against the oracle.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type DescMethod, type Message, toBinary } from "@bufbuild/protobuf";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { compile } from "../../plugin/src/compile.ts";
import type { Ir } from "../../plugin/src/ir.ts";
import { readIr } from "../../plugin/src/read/read-ir.ts";
import type { CallEvent, Observer } from "../../runtime/src/observer.ts";
import { described, logged } from "../load/load.ts";
import { oracle } from "../oracle/oracle.ts";
import { type LoggedCall, outcomesOf } from "../oracle/outcomes.ts";
import { type Got, mismatch } from "../oracle/verdict.ts";
import { schemaOf } from "../support/request.ts";
import { SHARED } from "./bases.ts";
import type { Case } from "./cases.ts";
import { requestsFor } from "./descriptors.ts";
import { richCase } from "./rich.ts";
import { RichWorld, requestIn } from "./rich-world.ts";
import { messagesOf, sharedMessages } from "./type-check.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Answers {
  /** BFFs that were generated and asked, and what came of all questions. */
  readonly bffs: number;
  readonly answers: number;
  readonly degraded: number;
  readonly failed: number;
  readonly calls: number;
  /** Answers that say nothing, since equal calls ended in too many ways. */
  readonly undecided: number;
  readonly faults: readonly string[];
}

interface Bff {
  readonly close: () => void;
  readonly clock: RichWorld["clock"];
  readonly [rpc: string]: unknown;
}
interface Made {
  readonly one: Case;
  readonly ir: Ir;
  readonly method: DescMethod;
  readonly create: (options: { mocks: object; observer: Observer; headers?: object }) => Bff;
}

/** @param worlds in how many each is asked */
export async function fuzzAnswers(
  { cases, seed, only }: { readonly cases: number; readonly seed: number; readonly only: number | undefined },
  worlds: number,
  progress: (said: string) => void,
): Promise<Answers> {
  const so = { bffs: 0, answers: 0, degraded: 0, failed: 0, calls: 0, undecided: 0 };
  const faults: string[] = [];
  const count = only === undefined ? cases : 1;
  for (let from = 0; from < count; from += TO_BUF) {
    const numbers = Array.from({ length: Math.min(TO_BUF, count - from) }, (_, i) => (only ?? from) + i);
    const some = await answersOf(
      numbers.map((number) => richCase(seed, number, false)),
      seed,
      worlds,
    );
    for (const what of ["bffs", "answers", "degraded", "failed", "calls", "undecided"] as const) so[what] += some[what];
    faults.push(...some.faults);
    progress(`${so.bffs} BFFs, ${faults.length} answer otherwise`);
  }
  return { ...so, faults };
}

let folders = 0;
/** What these answer. Those that are refused are not asked, nor are those that stream or know their callers. */
export async function answersOf(cases: readonly Case[], seed: number, worlds: number): Promise<Answers> {
  const so = { bffs: 0, answers: 0, degraded: 0, failed: 0, calls: 0, undecided: 0 };
  const faults: string[] = [];
  const folder = join(root, `test/.generated/answers-${process.pid}-${++folders}`);
  try {
    for (const made of await generated(cases, folder)) {
      so.bffs++;
      for (let world = 0; world < worlds; world++) {
        const { got, calls, fault } = await asked(made, `${seed} ${made.one.index} ${world}`);
        so.calls += calls;
        if (got.kind === "status") so.failed++;
        else if (got.degradedHeader === undefined) so.answers++;
        else so.degraded++;
        if (fault === UNDECIDED) so.undecided++;
        else if (fault !== undefined) {
          const again = `seed ${seed}, case ${made.one.index}, world ${world}: npm run fuzz -- answers --seed ${seed} --only ${made.one.index}`;
          faults.push([again, ...Object.values(made.one.protos), fault].join("\n"));
          break;
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { ...so, faults };
}
/** Cases that buf sees at once. */
const TO_BUF = 100;

/** Those of the cases that generate and answer single requests, in a folder of their own. */
async function generated(cases: readonly Case[], folder: string): Promise<readonly Made[]> {
  const { requests } = await requestsFor(cases);
  const all: Made[] = [];
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [one, request] of requests) {
    // The oracle knows of no callers.
    if (textOf(one).includes("identity:")) continue;
    const files = filesOf(one, request);
    if (files === undefined) continue;
    for (const [name, text] of [...Object.entries(files), ...sharedMessages]) write(name, text);
    const ir = readIr(
      schemaOf(request),
      (name) => textsOf(one)[name],
      () => {},
    );
    const method = ir.files.flatMap((file) =>
      file.services.flatMap(({ methods }) => methods.map(({ desc }) => desc)),
    )[0];
    if (method === undefined || method.methodKind !== "unary") continue;
    const { createTestBff } = await import(pathToFileURL(join(folder, one.folder, "app_mock.ts")).href);
    all.push({ one, ir, method, create: createTestBff });
  }
  return all;
}
const textOf = ({ protos }: Case): string => Object.values(protos).join("\n");
const textsOf = ({ protos }: Case): Readonly<Record<string, string>> => ({ ...SHARED, ...protos });

/** What is generated for a case; undefined where it is refused. */
function filesOf(one: Case, request: CodeGeneratorRequest): Readonly<Record<string, string>> | undefined {
  const texts = textsOf(one);
  const sources = Object.assign((name: string) => texts[name], { path: (name: string) => name });
  const parameter = "import_extension=ts,mock=true";
  const { response } = compile({ ...request, parameter }, sources, { text: undefined, ci: false });
  if (response.error !== "") return undefined;
  const own = Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
  return { ...messagesOf(request, one.folder), ...own };
}

async function asked({ one, ir, method, create }: Made, seed: string) {
  const world = new RichWorld(seed);
  const { message, headers } = requestIn(method.input, seed);
  const events: Omit<CallEvent, "call">[] = [];
  const observer: Observer = { call: (event) => void events.push(event) };
  const bff = create({ mocks: world.mocks(), observer });
  world.clock = bff.clock;
  let header: string | undefined;
  const ask = bff[method.localName] as (request: object, call: object) => Promise<Message>;
  const onHeader = (given: Headers): void => {
    header = given.get("bff-degraded") ?? undefined;
  };
  const got = await ask(message, { onHeader, headers }).then(
    (given): Got => ({ kind: "answer", message: toBinary(method.output, given), degradedHeader: header }),
    (thrown: unknown): Got => {
      if (!(thrown instanceof ConnectError)) throw thrown;
      return { kind: "status", code: thrown.code, message: thrown.rawMessage };
    },
  );
  bff.close();
  const made = events.map((event) => ({ ...event, requestId: "" }));
  const calls = made.flatMap((event) => logged(event) ?? []);
  const fault = misdone(world, events, textOf(one)) ?? judged(ir, method, message, headers, calls, got);
  if (fault === undefined || fault === UNDECIDED) return { got, calls: calls.length, fault };
  return { got, calls: calls.length, fault: `${fault}\n${described(ir, made).join("\n")}` };
}

/** What is wrong with how side effects came about: one after the other, unless they say that they need no order, and once, unless somebody vouches. */
function misdone(world: RichWorld, events: readonly Omit<CallEvent, "call">[], text: string): string | undefined {
  // One that its own deadline ends goes on in the upstream, which learns it later.
  if (world.overlapping !== undefined && !/unordered: true|timeout:/.test(text)) return world.overlapping;
  const writes = events.filter(({ method }) => /\/(Place|Pay)Order$/.test(method));
  for (const one of writes) {
    if (one.attempts > 1 && !text.includes("idempotent: true")) return `${one.method} is sent ${one.attempts} times`;
  }
  return undefined;
}

/** Ways in which steps may have had the calls of a log that are tried; where there are more the case says nothing. */
const MOST_WAYS = 200;
const UNDECIDED = "undecided";

function judged(
  ir: Ir,
  method: DescMethod,
  message: Message,
  headers: Readonly<Record<string, string>>,
  log: readonly LoggedCall[],
  got: Got,
): string | undefined {
  const faults: string[] = [];
  // Of equal calls those that their part of the response was over for say nothing; the oracle would give them to others in turn.
  const told = new Set(log.filter(({ outcome }) => !("cancelled" in outcome)).map(nameOf));
  const calls = log.filter((call) => !("cancelled" in call.outcome) || !told.has(nameOf(call)));
  for (const outcomes of outcomesOf(calls, MOST_WAYS)) {
    const fault = mismatch(oracle(ir, method, message, new Map(Object.entries(headers)), {}, undefined, outcomes), got);
    if (fault === undefined) return undefined;
    faults.push(fault);
  }
  return faults.length < MOST_WAYS ? faults[0] : UNDECIDED;
}
const nameOf = ({ method, message }: LoggedCall): string => `${method} ${Buffer.from(message).toString("base64")}`;
