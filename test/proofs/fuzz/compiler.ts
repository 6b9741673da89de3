// npm run fuzz -- compiler: damaged option files give diagnostics or code that type-checks, and nothing else.
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { compile } from "../../../plugin/src/compile.ts";
import type { Diagnostic } from "../../../plugin/src/diagnostic/diagnostic.ts";
import { renderDocument } from "../../../plugin/src/diagnostic/document.ts";
import { renderDiagnostics } from "../../../plugin/src/diagnostic/render.ts";
import { BASES, SHARED } from "./bases.ts";
import { type Case, caseWith, makeCase } from "./cases.ts";
import { requestsFor } from "./descriptors.ts";
import { KNOWN } from "./known-faults.ts";
import { richCase } from "./rich/rich.ts";
import { type Generated, typeErrors } from "./type-check.ts";

export interface Options {
  readonly cases: number;
  readonly seed: number;
  /** One case alone, by its number. */
  readonly only: number | undefined;
  /** Runs only bases whose names contain this text. */
  readonly base: string;
  /** True if cases are random: rich.ts. Default: bases are damaged. */
  readonly rich?: boolean;
}

export interface Outcome {
  /** Cases that reached the compiler. */
  readonly cases: number;
  readonly generated: number;
  /** Generated cases that the type checker read; each of the others equals one of them in everything that it checks. */
  readonly checked: number;
  /** Cases more, which buf refuses before the compiler sees them. */
  readonly rejected: number;
  /** Cases that fail as listed in test/proofs/fuzz/known-faults.ts. */
  readonly known: number;
  readonly failures: number;
}

/** Receives the reports of a running fuzzer. */
export interface Listener {
  readonly progress: (text: string) => void;
  /** A failing case, with how to repeat it. */
  readonly failure: (report: string) => void;
}

/** Cases in one run of buf: it slows down with their number, and reports some errors only one at a time. */
const TO_BUF = 100;
/** Outputs that the type checker sees at once: it reads its libraries and the runtime anew each time. */
const TO_CHECK = 500;
/** Number of failures that are minimised: enough for a diagnosis. Later failures only get their number and message. */
const MAX_MINIMISED = 50;

/** While cases are compiled, buf is at work on the next ones and the type checker on those before. */
export async function fuzzCompiler(
  { cases, seed, only, base, rich = false }: Options,
  { progress, failure }: Listener,
): Promise<Outcome> {
  const so = { cases: 0, generated: 0, checked: 0, rejected: 0, known: 0, failures: 0 };
  const seen = new Set<string>();
  const bases = BASES.filter(({ name }) => name.includes(base));
  const again = (testCase: Case): string =>
    `seed ${seed}, case ${testCase.index} (${testCase.base.name}): npm run fuzz -- ${rich ? "rich" : "compiler"} --seed ${seed} --only ${testCase.index}${base === "" ? "" : ` --base ${base}`}`;
  const reportAll = async (faults: Iterable<readonly [Case, string]>): Promise<void> => {
    for (const [testCase, fault] of faults) {
      if (KNOWN.some((entry) => entry.fault.test(`${testCase.base.name} ${fault}`))) so.known++;
      else if (++so.failures > MAX_MINIMISED) failure(`${again(testCase)}\n  ${fault}`);
      else failure(await report(again(testCase), testCase, fault));
    }
  };
  const count = only === undefined ? TO_BUF : 1;
  const batchAt = (from: number) =>
    requestsFor(
      Array.from({ length: count }, (_, i) => (rich ? richCase(seed, from + i) : makeCase(seed, from + i, bases))),
    );
  let unchecked: Generated[] = [];
  let checking: ReturnType<typeof typeFaults> | undefined;
  const checkedAll = async (): Promise<void> => {
    const { faults, checked } = (await checking) ?? { faults: [], checked: 0 };
    so.checked += checked;
    await reportAll(faults);
    checking = unchecked.length === 0 ? undefined : typeFaults(unchecked, seen);
    unchecked = [];
  };

  let next = batchAt(only ?? 0);
  for (let index = only ?? 0; so.cases < cases; index += count) {
    const batch = await next;
    const left = cases - so.cases;
    const last = only !== undefined || batch.requests.size >= left;
    if (!last) next = batchAt(index + count);
    const { done, faults, outputs } = await compiled(batch.requests, left);
    so.cases += done;
    so.rejected += batch.rejected.size;
    so.generated += outputs.length;
    unchecked.push(...outputs);
    await reportAll(faults);
    if (unchecked.length >= TO_CHECK) await checkedAll();
    if (last) break;
    progress(`${so.cases} cases, ${so.generated} generated, ${so.failures} failures`);
  }
  while (unchecked.length > 0 || checking !== undefined) await checkedAll();
  return so;
}

/** The cases through the compiler, up to a number of them. */
async function compiled(requests: ReadonlyMap<Case, CodeGeneratorRequest>, most: number) {
  const faults = new Map<Case, string>();
  const outputs: Generated[] = [];
  let done = 0;
  for (const [testCase, request] of requests) {
    if (done === most) break;
    done++;
    const outcome = run(testCase, request);
    if (typeof outcome === "string") faults.set(testCase, outcome);
    else if (outcome !== undefined) outputs.push({ of: testCase, request, files: outcome });
    // Lets the callbacks of buf and the type checker run.
    await new Promise(setImmediate);
  }
  return { done, faults, outputs };
}

async function typeFaults(outputs: readonly Generated[], seen: Set<string>) {
  const { errors, checked } = await typeErrors(outputs, seen);
  const faults = [...errors].map(
    ([testCase, error]) => [testCase, `what is generated does not type-check: ${error}`] as const,
  );
  return { faults, checked };
}

/** Returns the fault of a case that buf accepts. */
export async function faultIn(testCase: Case): Promise<string | undefined> {
  return (await faultsIn([testCase])).faults.get(testCase);
}

/** The same of several, and those for which something is generated. */
export async function faultsIn(cases: readonly Case[]): Promise<{
  readonly faults: ReadonlyMap<Case, string>;
  readonly generated: ReadonlySet<Case>;
}> {
  const { requests } = await requestsFor(cases);
  const { faults, outputs } = await compiled(requests, cases.length);
  const types = await typeFaults(outputs, new Set());
  return { faults: new Map([...types.faults, ...faults]), generated: new Set(outputs.map(({ of }) => of)) };
}

/** Further outputs beside the code of a BFF, in turn. */
const BESIDE = ["plan=json", "mock=true,faults=node", "plan=mermaid,explorer=true,openapi=true", "plan=text+faults"];
const DESCRIBED = ["", ",deploy=docker+kubernetes", ",dashboards=grafana+prometheus", ",plan=weight"];
function parameterOf({ index }: Case): string {
  const described = DESCRIBED[Math.floor(index / BESIDE.length) % DESCRIBED.length];
  return `import_extension=ts,server=true,${BESIDE[index % BESIDE.length]}${described}`;
}

/** Generates a case. Undefined if the errors are reported as required; a sentence describes a fault. */
function run(testCase: Case, request: CodeGeneratorRequest): Readonly<Record<string, string>> | undefined | string {
  const texts = { ...SHARED, ...testCase.protos };
  const sources = Object.assign((name: string) => texts[name], { path: (name: string) => `proto/${name}` });
  try {
    const parameter = parameterOf(testCase);
    const { response, diagnostics } = compile({ ...request, parameter }, sources, { text: undefined, ci: false });
    for (const diagnostic of diagnostics) {
      const fault = faultOf(diagnostic, texts);
      if (fault !== undefined) return `${diagnostic.code}, "${diagnostic.message}", ${fault}`;
    }
    renderDiagnostics(diagnostics, sources, "text");
    renderDiagnostics(diagnostics, sources, "github");
    renderDocument(diagnostics, sources, testCase.index % 2 === 0 ? "a.json" : "a.sarif");
    const failed = diagnostics.some(({ severity }) => severity === "error");
    if (failed !== (response.error !== "")) return failed ? "errors, but no error in the response" : response.error;
    if (failed && response.file.length > 0) return "there is output next to errors";
    if (failed) return undefined;
    const files = response.file.filter(({ name }) => name.endsWith(".ts"));
    return files.length === 0 ? undefined : Object.fromEntries(files.map(({ name, content }) => [name, content]));
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** Every place that a diagnostic names is one in a file of the run. */
function faultOf(diagnostic: Diagnostic, texts: Readonly<Record<string, string>>): string | undefined {
  if (diagnostic.message.trim() === "") return "says nothing";
  for (const { at } of [diagnostic, ...(diagnostic.related ?? [])]) {
    const lines = texts[at.file]?.split("\n");
    if (lines === undefined) return `is about "${at.file}", which is no file of the run`;
    const within = (line: number, column: number): boolean =>
      line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1] ?? "").length + 1;
    if (!within(at.line, at.column) || !within(at.endLine, at.endColumn))
      return `stands at no place: ${JSON.stringify(at)}`;
    if (at.endLine < at.line || (at.endLine === at.line && at.endColumn < at.column)) return "ends before it begins";
  }
  return undefined;
}

/** The case with as few of its mutations as fail too. */
async function minimised(testCase: Case): Promise<readonly [Case, string] | undefined> {
  for (let length = 0; length <= testCase.mutations.length; length++) {
    const less = caseWith(testCase, testCase.mutations.slice(0, length));
    const fault = await faultIn(less);
    if (fault !== undefined) return [less, fault];
  }
  return undefined;
}

async function report(head: string, testCase: Case, fault: string): Promise<string> {
  if (testCase.mutations.length === 0) return [head, ...Object.values(testCase.protos), `  ${fault}`].join("\n");
  const [least, what] = (await minimised(testCase)) ?? [testCase, fault];
  const before = caseWith(least, []).protos;
  const changes = Object.entries(least.protos).flatMap(([name, text]) => {
    const old = new Set(before[name]?.split("\n"));
    const fresh = new Set(text.split("\n"));
    return [
      ...(before[name] ?? "")
        .split("\n")
        .filter((line) => !fresh.has(line))
        .map((line) => `- ${line}`),
      ...text
        .split("\n")
        .filter((line) => !old.has(line))
        .map((line) => `+ ${line}`),
    ];
  });
  return [
    head,
    `  ${least.mutations.map((mutation) => mutation.what).join(", ") || "nothing was changed"}`,
    ...changes.map((line) => `  ${line}`),
    `  ${what.replaceAll("\n", "\n  ")}`,
  ].join("\n");
}
