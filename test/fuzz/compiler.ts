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
  /** Reports of failing cases, each with how to repeat it. */
  readonly failures: readonly string[];
}

const BATCH = 500;
/** Enough to see what is wrong. */
const MOST_FAILURES = 10;

export function fuzzCompiler({ cases, seed, only }: Options, progress: (said: string) => void): Outcome {
  let done = 0;
  let generated = 0;
  let checked = 0;
  let rejected = 0;
  const failures: string[] = [];
  const checkedBefore = new Set<string>();
  let known = 0;
  for (let index = only ?? 0; done < cases && failures.length < MOST_FAILURES; index += BATCH) {
    const count = only === undefined ? BATCH : 1;
    const batch = Array.from({ length: count }, (_, i) => makeCase(seed, index + i));
    const judged = judge(batch, cases - done, checkedBefore);
    done += judged.done;
    generated += judged.generated;
    checked += judged.checked;
    rejected += judged.rejected;
    for (const [one, fault] of judged.faults) {
      if (KNOWN.some((entry) => entry.fault.test(`${one.base.name} ${fault}`))) known++;
      else failures.push(report(seed, one, fault));
    }
    if (only !== undefined) break;
    progress(`${done} cases, ${generated} generated, ${failures.length} failures`);
  }
  return { cases: done, generated, checked, rejected, known, failures };
}

function judge(batch: readonly Case[], most: number, known: Set<string>) {
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
  const { errors, checked } = typeErrors(outputs, known);
  for (const [one, error] of errors) faults.set(one, `what is generated does not type-check: ${error}`);
  return { done, generated: outputs.length, checked, rejected: rejected.size, faults };
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
    const [fault] = judge([less], 1, new Set()).faults.values();
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
    `seed ${seed}, case ${one.index} (${one.base.name}): npm run fuzz -- compiler --seed ${seed} --only ${one.index}`,
    `  ${least.mutations.map((mutation) => mutation.what).join(", ") || "nothing was changed"}`,
    ...changes.map((line) => `  ${line}`),
    `  ${what.replaceAll("\n", "\n  ")}`,
  ].join("\n");
}
