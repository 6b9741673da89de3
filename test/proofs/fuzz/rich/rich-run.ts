// Runs random BFFs: generates each with its mocks, sends requests to it in this process in several worlds, and compares
// the answers with the oracle.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { compile } from "../../../../plugin/src/compile.ts";
import type { Diagnostic } from "../../../../plugin/src/diagnostic/diagnostic.ts";
import { readIr } from "../../../../plugin/src/read/read-ir.ts";
import { schemaOf } from "../../../support/request.ts";
import { SHARED } from "../bases.ts";
import type { Case } from "../cases.ts";
import { requestsFor } from "../descriptors.ts";
import { messagesOf, sharedMessages } from "../type-check.ts";
import { richCase } from "./rich.ts";
import { questions } from "./rich-questions.ts";
import { type Made, UNDECIDED } from "./rich-request.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

export interface Answers {
  /** Number of BFFs that were generated and called, and the results of all requests. */
  readonly bffs: number;
  readonly whole: number;
  readonly degraded: number;
  readonly failed: number;
  readonly calls: number;
  /** Answers without a verdict, because equal calls ended in too many ways. */
  readonly undecided: number;
  readonly faults: readonly string[];
}

/** @param worlds number of worlds in which each BFF runs */
export async function fuzzAnswers(
  { cases, seed, only }: RunOptions,
  worlds: number,
  progress: (text: string) => void,
): Promise<Answers> {
  const so = { bffs: 0, whole: 0, degraded: 0, failed: 0, calls: 0, undecided: 0 };
  const faults: string[] = [];
  const count = only === undefined ? cases : 1;
  for (let from = 0; from < count; from += TO_BUF) {
    const numbers = Array.from({ length: Math.min(TO_BUF, count - from) }, (_, i) => (only ?? from) + i);
    const some = await answersOf(
      numbers.map((number) => richCase(seed, number, false)),
      seed,
      worlds,
    );
    for (const what of ["bffs", "whole", "degraded", "failed", "calls", "undecided"] as const) so[what] += some[what];
    faults.push(...some.faults);
    progress(`${so.bffs} BFFs, ${faults.length} answer otherwise`);
  }
  return { ...so, faults };
}

/** Returns the answers of these BFFs. Refused cases and cases with known callers get no request. */
export async function answersOf(cases: readonly Case[], seed: number, worlds: number): Promise<Answers> {
  const so = { bffs: 0, whole: 0, degraded: 0, failed: 0, calls: 0, undecided: 0 };
  const faults: string[] = [];
  await eachGenerated(cases, "", async (made) => {
    so.bffs++;
    let fault: string | undefined;
    for (let world = 0; world < worlds && fault === undefined; world++) {
      for (const came of await questions(made, `${seed} ${made.testCase.index} ${world}`)) {
        so.calls += came.calls;
        so[came.end]++;
        if (came.fault === UNDECIDED) so.undecided++;
        else fault ??= came.fault;
      }
      if (fault === undefined) continue;
      const again = `seed ${seed}, case ${made.testCase.index}, world ${world}: npm run fuzz -- answers --seed ${seed} --only ${made.testCase.index}`;
      faults.push([again, ...Object.values(made.testCase.protos), fault].join("\n"));
    }
  });
  return { ...so, faults };
}
/** Cases that buf sees at once. */
const TO_BUF = 100;

/** A case that was generated, and the diagnostics of its protos. */
export interface Generated extends Made {
  readonly diagnostics: readonly Diagnostic[];
}

/** Arguments of `npm run fuzz`. */
export interface RunOptions {
  readonly cases: number;
  readonly seed: number;
  /** The number of the only case, to repeat it. */
  readonly only: number | undefined;
}

/** Random BFFs of one kind. */
interface Kind {
  /** As in `npm run fuzz -- masks`. */
  readonly name: string;
  /** Options of the plugin that demote errors, as `,warn=BFF806`. */
  readonly demoted?: string;
  /** Returns undefined for a case without use. */
  readonly change?: (testCase: Case) => Case | undefined;
  readonly prepare?: Prepare;
  /** Returns the fault of a BFF. */
  readonly use: (made: Generated) => Promise<string | undefined>;
  /** Returns a line for the screen after each batch. */
  readonly summary: (failed: number) => string;
}

/** Runs random BFFs in batches. Returns the faults, each with the command that repeats it and the protos. */
export async function eachRandom(
  { cases, seed, only }: RunOptions,
  { name, demoted = "", change = (testCase) => testCase, prepare, use, summary }: Kind,
  progress: (text: string) => void,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const count = only === undefined ? cases : 1;
  for (let from = 0; from < count; from += TO_BUF) {
    const numbers = Array.from({ length: Math.min(TO_BUF, count - from) }, (_, i) => (only ?? from) + i);
    const batch = numbers.flatMap((number) => change(richCase(seed, number, false)) ?? []);
    const visit = async (made: Generated): Promise<void> => {
      const fault = await use(made);
      if (fault === undefined) return;
      const { index, protos } = made.testCase;
      const again = `seed ${seed}, case ${index}: npm run fuzz -- ${name} --seed ${seed} --only ${index}`;
      progress(again);
      faults.push([again, ...Object.values(protos), fault].join("\n"));
    };
    await eachGenerated(batch, demoted, visit, prepare);
    progress(summary(faults.length));
  }
  return faults;
}

/** Returns the faults of cases, each with the folder of its case. */
export async function faultsOf(
  cases: readonly Case[],
  find: (made: Generated) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const faults: string[] = [];
  await eachGenerated(cases, "", async (made) => {
    const fault = await find(made);
    if (fault !== undefined) faults.push(`${made.testCase.folder}: ${fault}`);
  });
  return faults;
}

let folders = 0;
/**
 * Generates the accepted cases, into a folder that exists until the last of them was used.
 *
 * @param demoted options of the plugin that demote errors, as `,warn=BFF806`
 * @param prepare changes the request of a case
 */
async function eachGenerated(
  cases: readonly Case[],
  demoted: string,
  use: (made: Generated) => Promise<void>,
  prepare: Prepare = (_, request) => request,
): Promise<void> {
  const folder = join(root, `test/.generated/answers-${process.pid}-${++folders}`);
  try {
    for (const made of await generated(cases, folder, demoted, prepare)) await use(made);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param diagnose returns the diagnostics of another request */
type Prepare = (
  testCase: Case,
  request: CodeGeneratorRequest,
  diagnose: (request: CodeGeneratorRequest) => readonly Diagnostic[],
) => CodeGeneratorRequest;

async function generated(
  cases: readonly Case[],
  folder: string,
  demoted: string,
  prepare: Prepare,
): Promise<readonly Generated[]> {
  const { requests } = await requestsFor(cases);
  const all: Generated[] = [];
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [testCase, made] of requests) {
    // The oracle has no callers.
    if (textOf(testCase).includes("identity:")) continue;
    const request = prepare(testCase, made, (other) => compiled(testCase, other, demoted).diagnostics);
    const output = filesOf(testCase, request, demoted);
    if (output === undefined) continue;
    for (const [name, text] of [...Object.entries(output.files), ...sharedMessages]) write(name, text);
    const ir = readIr(
      schemaOf(request),
      (name) => textsOf(testCase)[name],
      () => {},
    );
    const methods = ir.files.flatMap((file) =>
      file.services.flatMap((service) => service.methods.map(({ desc }) => desc)),
    );
    const { createTestBff } = await import(pathToFileURL(join(folder, testCase.folder, "app_mock.ts")).href);
    all.push({ testCase, ir, methods, create: createTestBff, diagnostics: output.diagnostics });
  }
  return all;
}
const textOf = ({ protos }: Case): string => Object.values(protos).join("\n");
const textsOf = ({ protos }: Case): Readonly<Record<string, string>> => ({ ...SHARED, ...protos });

/** Returns the generated files of a case and its warnings; undefined if it is refused. */
function filesOf(testCase: Case, request: CodeGeneratorRequest, demoted: string) {
  const { response, diagnostics } = compiled(testCase, request, demoted);
  if (response.error !== "") return undefined;
  const output = Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
  return { files: { ...messagesOf(request, testCase.folder), ...output }, diagnostics };
}

function compiled(testCase: Case, request: CodeGeneratorRequest, demoted: string) {
  const texts = textsOf(testCase);
  const sources = Object.assign((name: string) => texts[name], { path: (name: string) => name });
  const parameter = `import_extension=ts,mock=true${demoted}`;
  return compile({ ...request, parameter }, sources, { text: undefined, ci: false });
}
