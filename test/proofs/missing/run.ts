// Generates the BFFs of the proof, and compares what clients get in each world with the contract.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { compile } from "../../../plugin/src/compile.ts";
import { SHARED } from "../fuzz/bases.ts";
import { requestsFor } from "../fuzz/descriptors.ts";
import { messagesOf, sharedMessages } from "../fuzz/type-check.ts";
import { BORDERS, type Border } from "./borders.ts";
import { type MissingCase, missingCase } from "./cases.ts";
import { type CreateBff, faultOf } from "./worlds.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Cases that buf sees at once. */
const TO_BUF = 100;

export interface Run {
  readonly cases: number;
  /** Cases with a mistake of their author, all refused. */
  readonly refused: number;
  readonly answers: number;
  readonly borders: Readonly<Record<Border, number>>;
  readonly faults: readonly string[];
}

/** @param most faults after which the run ends */
export async function proveMissing(
  { cases, seed, only }: { readonly cases: number; readonly seed: number; readonly only: number | undefined },
  progress: (text: string) => void,
  most = Number.POSITIVE_INFINITY,
): Promise<Run> {
  const so = { cases: 0, refused: 0, answers: 0 };
  const borders = Object.fromEntries(BORDERS.map((border) => [border, 0])) as Record<Border, number>;
  const faults: string[] = [];
  const count = only === undefined ? cases : 1;
  for (let from = 0; from < count && faults.length < most; from += TO_BUF) {
    const numbers = Array.from({ length: Math.min(TO_BUF, count - from) }, (_, i) => (only ?? from) + i);
    const batch = numbers.map((number) => missingCase(seed, number));
    await eachOf(batch, async (testCase, create) => {
      so.cases++;
      for (const border of testCase.borders) borders[border]++;
      const fault = typeof create === "string" ? refusalFault(testCase, create) : await answersFault(testCase, create);
      if (typeof create === "string") so.refused++;
      else so.answers++;
      if (fault === undefined) return;
      const again = `seed ${seed}, case ${testCase.index}: npm run fuzz -- missing --seed ${seed} --only ${testCase.index}`;
      faults.push([again, testCase.protos[testCase.file], fault].join("\n"));
    });
    progress(`${so.cases} BFFs, ${so.refused} refused, ${faults.length} faults`);
  }
  return { ...so, borders, faults };
}
function refusalFault({ unsafe }: MissingCase, error: string): string | undefined {
  return unsafe === undefined ? `is refused: ${error}` : undefined;
}
async function answersFault(testCase: MissingCase, create: CreateBff): Promise<string | undefined> {
  if (testCase.unsafe !== undefined) return `generates, although its ${testCase.unsafe.codes.join()} is unsafe`;
  return faultOf(testCase, create);
}

let folders = 0;
/** Calls `use` with each case, and with what makes its BFF, or with the errors that refuse it. */
async function eachOf(
  cases: readonly MissingCase[],
  use: (testCase: MissingCase, create: CreateBff | string) => Promise<void>,
): Promise<void> {
  const folder = join(root, `test/.generated/missing-${process.pid}-${++folders}`);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  try {
    const { requests, rejected } = await requestsFor(cases);
    for (const testCase of rejected)
      throw new Error(`buf refuses case ${testCase.index}:\n${testCase.protos[testCase.file]}`);
    for (const testCase of cases) {
      const request = requests.get(testCase);
      if (request === undefined) throw new Error("a case without a request");
      const files = filesOf(testCase, request);
      if (typeof files === "string") {
        await use(testCase, files);
        continue;
      }
      for (const [name, text] of [...Object.entries(files), ...sharedMessages]) write(name, text);
      const { createTestBff } = await import(pathToFileURL(join(folder, testCase.folder, "app_mock.ts")).href);
      await use(testCase, createTestBff);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the generated files of a case, or the errors that refuse it. */
function filesOf(testCase: MissingCase, request: CodeGeneratorRequest): Readonly<Record<string, string>> | string {
  const texts: Readonly<Record<string, string>> = { ...SHARED, ...testCase.protos };
  const sources = Object.assign((name: string) => texts[name], { path: (name: string) => name });
  const parameter = "import_extension=ts,mock=true";
  const { response } = compile({ ...request, parameter }, sources, { text: undefined, ci: false });
  if (response.error !== "") return response.error;
  const output = Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
  return { ...messagesOf(request, testCase.folder), ...output };
}
