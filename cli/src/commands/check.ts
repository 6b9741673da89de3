// `protobff check`: the diagnostics of a project, without writing what it generates.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { originAt, renderDiagnostics, tryRead } from "protoc-gen-bff/compiler";
import { type CheckedFault, type CheckedOutcome, checkProject } from "../check/checked.ts";
import { fixed } from "../check/fixed.ts";
import { requiredRoot } from "../project/buf.ts";
import { compileProject } from "../project/compile-project.ts";
import { isInside } from "../project/inside.ts";
import { count, Refusal, type Terminal } from "../terminal.ts";

interface CheckOptions {
  readonly json?: true;
  readonly fix?: true;
  readonly plan?: true;
  readonly quiet?: true;
}

/** `protobff check --fix` */
export function addCheck(program: Command, terminal: Terminal): void {
  program
    .command("check")
    .description("prints the diagnostics of the project, also of options that buf does not read, and writes nothing")
    .argument("[file...]", "files of which diagnostics are printed (default: all)")
    .option("--json", "print one JSON document")
    .option("--fix", "apply the edits of hints, and print what is left")
    .option("--quiet", "print errors only")
    .option("--plan", "print the plan of each rpc as well, for each kind of caller, if no error is left")
    .action((files: readonly string[], options: CheckOptions) => check(files, options, terminal));
}

/** Maximum number of compilations: an edit may show further faults. */
const MAX_ROUNDS = 10;

async function check(files: readonly string[], options: CheckOptions, terminal: Terminal): Promise<void> {
  const { json, fix, plan, quiet } = options;
  const root = requiredRoot(terminal.cwd);
  const chosen = new Set(files.map((file) => relative(root, resolve(terminal.cwd, file)).split(sep).join("/")));
  const missing = [...chosen].find((file) => tryRead(join(root, file)) === undefined);
  if (missing !== undefined) throw new Refusal(`there is no file ${missing}`, 2);
  const compiled = async (): Promise<CheckedOutcome> => {
    const done = terminal.progress("compiling the protos");
    const { all, sources } = await checkProject(root);
    done();
    const isShown = ({ file, found }: CheckedFault): boolean =>
      (chosen.size === 0 || chosen.has(file)) && (quiet !== true || found.severity === "error");
    return { all: all.filter(isShown), sources };
  };
  let outcome = await compiled();
  for (let round = 1; fix === true && round < MAX_ROUNDS; round++) {
    const edited = applied(root, outcome.all);
    if (edited.length === 0) break;
    if (json !== true) for (const line of edited) terminal.write(`${line}\n`);
    outcome = await compiled();
  }
  const hasErrors = outcome.all.some(({ found }) => found.severity === "error");
  if (hasErrors) terminal.exitCode = 1;
  const plans = plan === true && !hasErrors ? plansOf(root, json === true ? "json" : "text") : [];
  if (json === true) {
    const diagnostics = outcome.all.map(inJson(root));
    const document = plan === true ? { diagnostics, plans: plans.map((text) => JSON.parse(text)) } : { diagnostics };
    terminal.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const faults = quiet === true && outcome.all.length === 0 ? [] : [textOf(outcome)];
  const parts = [...faults, ...plans.map((text) => text.trimEnd())];
  if (parts.length > 0) terminal.write(`${parts.join("\n\n")}\n`);
}

/** Returns the texts of the plans, one for each file with rpcs. */
function plansOf(root: string, form: "json" | "text"): readonly string[] {
  const { compilation } = compileProject({ cwd: root, parameter: `plan=${form}` });
  const ending = form === "json" ? "_plan.json" : "_plan.txt";
  return compilation.response.file.filter(({ name }) => name.endsWith(ending)).map(({ content }) => content);
}

/** Writes the edits. Returns a line for each, with the hint that it follows. */
function applied(root: string, all: readonly CheckedFault[]): readonly string[] {
  return [...Map.groupBy(all, ({ file }) => file)].flatMap(([file, faults]) => {
    if (!isInside(root, file)) return [];
    const before = readFileSync(join(root, file), "utf8");
    const edits = faults.flatMap(({ edit, found }) => (edit === undefined ? [] : { ...edit, found }));
    const after = fixed(before, edits);
    if (after.text === before) return [];
    writeFileSync(join(root, file), after.text);
    return after.applied.map(({ found: { at, hint } }) => `${file}:${at.line}:${at.column}: edited: ${hint}`);
  });
}

function textOf({ all, sources }: CheckedOutcome): string {
  if (all.length === 0) return "no diagnostics";
  const errors = all.filter(({ found }) => found.severity === "error").length;
  const numbers = [errors, all.length - errors].map((of, i) => count(of, i === 0 ? "error" : "warning")).join(", ");
  return `${renderDiagnostics(
    all.map(({ found }) => found),
    sources,
    "text",
  )}\n\n${numbers}`;
}

const inJson =
  (root: string) =>
  ({ found: { code, severity, message, hint, at }, file, edit }: CheckedFault) => {
    const { file: _, ...place } = at;
    const text = edit && tryRead(join(root, file));
    const placeAt = (offset: number) => originAt(text ?? "", file, offset);
    const { line, column } = placeAt(edit?.from ?? 0);
    const { line: endLine, column: endColumn } = placeAt(edit?.to ?? 0);
    return {
      code,
      severity,
      file,
      ...place,
      message,
      ...(hint !== undefined && { hint }),
      ...(edit !== undefined && { edit: { line, column, endLine, endColumn, text: edit.text } }),
    };
  };
