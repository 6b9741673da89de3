// npm run fuzz -- compiler: damaged option files give diagnostics or code that type-checks, and nothing else.
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { compile } from "../../plugin/src/compile.ts";
import type { Diagnostic } from "../../plugin/src/diagnostic/diagnostic.ts";
import { renderDocument } from "../../plugin/src/diagnostic/document.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { SHARED } from "./bases.ts";
import { type Case, caseWith, makeCase } from "./cases.ts";
import { requestsFor } from "./descriptors.ts";
import { KNOWN } from "./known.ts";
import { type Generated, typeErrors } from "./type-check.ts";

export interface Options {
  readonly cases: number;
  readonly seed: number;
  /** One case alone, by its number. */
  readonly only: number | undefined;
}

export interface Outcome {
  /** Cases that reached the compiler. */
  readonly cases: number;
  readonly generated: number;
  /** Of the generated, those that the type checker saw; the others differ from one of them in nothing that it looks at. */
  readonly checked: number;
  /** Cases more, which buf refuses before the compiler sees them. */
  readonly rejected: number;
  /** Cases that fail as test/fuzz/known.ts says. */
  readonly known: number;
  readonly failures: number;
}

/** What a run says while it goes on. */
export interface Listener {
  readonly progress: (said: string) => void;
  /** A failing case, with how to repeat it. */
  readonly failure: (report: string) => void;
}

/** Cases that buf sees at once: it grows slower with their number, and tells some faults one at a time. */
const TO_BUF = 100;
/** Outputs that the type checker sees at once: it reads its libraries and the runtime anew each time. */
const TO_CHECK = 500;
/** Enough to see what is wrong: of the failures after them, only the number and the message are told. */
const MOST_MINIMISED = 50;

export function fuzzCompiler({ cases, seed, only }: Options, { progress, failure }: Listener): Outcome {
  const so = { cases: 0, generated: 0, checked: 0, rejected: 0, known: 0, failures: 0 };
  const seen = new Set<string>();
  let unchecked: Generated[] = [];
  const fail = (one: Case, fault: string): void => {
    if (KNOWN.some((entry) => entry.fault.test(`${one.base.name} ${fault}`))) so.known++;
    else failure(so.failures++ < MOST_MINIMISED ? report(seed, one, fault) : `${headOf(seed, one)}\n  ${fault}`);
  };
  const count = only === undefined ? TO_BUF : 1;
  for (let index = only ?? 0; so.cases < cases; index += count) {
    const batch = Array.from({ length: count }, (_, i) => makeCase(seed, index + i));
    const { done, rejected, faults, outputs } = compiled(batch, cases - so.cases);
    so.cases += done;
    so.rejected += rejected;
    so.generated += outputs.length;
    unchecked.push(...outputs);
    for (const [one, fault] of faults) fail(one, fault);
    const last = only !== undefined || so.cases >= cases;
    if (last || unchecked.length >= TO_CHECK) {
      const { faults, checked } = typeFaults(unchecked, seen);
      so.checked += checked;
      for (const [one, fault] of faults) fail(one, fault);
      unchecked = [];
    }
    if (last) break;
    progress(`${so.cases} cases, ${so.generated} generated, ${so.failures} failures`);
  }
  return so;
}

/** The cases through buf and the compiler, up to a number of those that buf accepts. */
function compiled(batch: readonly Case[], most: number) {
  const { requests, rejected } = requestsFor(batch);
  const faults = new Map<Case, string>();
  const outputs: Generated[] = [];
  let done = 0;
  for (const [one, request] of requests) {
    if (done === most) break;
    done++;
    const outcome = run(one, request);
    if (typeof outcome === "string") faults.set(one, outcome);
    else if (outcome !== undefined) outputs.push({ of: one, request, files: outcome });
  }
  return { done, rejected: rejected.size, faults, outputs };
}

function typeFaults(outputs: readonly Generated[], seen: Set<string>) {
  const { errors, checked } = typeErrors(outputs, seen);
  const said = [...errors].map(([one, error]) => [one, `what is generated does not type-check: ${error}`] as const);
  return { faults: new Map(said), checked };
}

/** What is wrong with a case. */
function faultIn(one: Case): string | undefined {
  const { faults, outputs } = compiled([one], 1);
  return faults.get(one) ?? typeFaults(outputs, new Set()).faults.get(one);
}

/** What is generated; undefined where errors are told as they should be; a sentence where something is wrong. */
function run(one: Case, request: CodeGeneratorRequest): Readonly<Record<string, string>> | undefined | string {
  const texts = { ...SHARED, ...one.protos };
  const sources = Object.assign((name: string) => texts[name], { path: (name: string) => `proto/${name}` });
  const plan = (["json", "mermaid", "text"] as const)[one.index % 3];
  try {
    const parameter = `import_extension=ts,server=true,plan=${plan}`;
    const { response, diagnostics } = compile({ ...request, parameter }, sources, { text: undefined, ci: false });
    for (const diagnostic of diagnostics) {
      const fault = faultOf(diagnostic, texts);
      if (fault !== undefined) return `${diagnostic.code}, "${diagnostic.message}", ${fault}`;
    }
    renderDiagnostics(diagnostics, sources, "text");
    renderDiagnostics(diagnostics, sources, "github");
    renderDocument(diagnostics, sources, one.index % 2 === 0 ? "a.json" : "a.sarif");
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
function minimised(one: Case): readonly [Case, string] | undefined {
  for (let length = 0; length <= one.mutations.length; length++) {
    const less = caseWith(one, one.mutations.slice(0, length));
    const fault = faultIn(less);
    if (fault !== undefined) return [less, fault];
  }
  return undefined;
}

function report(seed: number, one: Case, fault: string): string {
  const [least, what] = minimised(one) ?? [one, fault];
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
    headOf(seed, one),
    `  ${least.mutations.map((mutation) => mutation.what).join(", ") || "nothing was changed"}`,
    ...changes.map((line) => `  ${line}`),
    `  ${what.replaceAll("\n", "\n  ")}`,
  ].join("\n");
}

const headOf = (seed: number, { index, base }: Case): string =>
  `seed ${seed}, case ${index} (${base.name}): npm run fuzz -- compiler --seed ${seed} --only ${index}`;
