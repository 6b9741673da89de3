import { type Command, InvalidArgumentError } from "commander";
import { clientsIn, staleFiles } from "../clients/client-files.ts";
import { CLIENT_FILE } from "../clients/document.ts";
import { imageAnswers } from "../clients/project-answers.ts";
import { readRemovals } from "../clients/removed.ts";
import { breakingFindings, seenByClients } from "../diff/breaking.ts";
import { compareReports } from "../diff/compare.ts";
import { type FailOn, failing, parseFailOn } from "../diff/fail-on.ts";
import { type Finding, inOrder, KINDS, type Phrase, phrase } from "../diff/finding.ts";
import { linesOf, markdownOf } from "../diff/markdown.ts";
import { bufBreaking } from "../project/breaking.ts";
import { compileProject } from "../project/compile-project.ts";
import { readGenConfig } from "../project/gen-config.ts";
import { otherSide } from "../project/other-side.ts";
import { reportsOf } from "../project/plan-reports.ts";
import { Refusal, type Terminal } from "../terminal.ts";

interface Options {
  readonly against: string;
  readonly failOn: readonly FailOn[];
  readonly format: "markdown" | "text";
}

/** `protobff diff --against '.git#branch=main'` */
export function addDiff(program: Command, terminal: Terminal): void {
  program
    .command("diff")
    .description("compares the behaviour before and after a change, worst first, for a pull request")
    .option(
      "--against <input>",
      "protos to compare with, as an input of buf: a git reference, a folder, an image",
      ".git#branch=main",
    )
    .option(
      "--fail-on <kinds>",
      `exit with 1 if one of these is worse: worse (any), ${Object.keys(KINDS).join(", ")}; calls+20%, critical-path+20%`,
      failOn,
      [],
    )
    .option("--format <format>", "output format: markdown or text", format, "markdown")
    .addHelpText(
      "after",
      "\nExit codes: 0 no finding of --fail-on; 1 such a finding, a field that a client reads, or protos that do not compile; 2 invalid command line.",
    )
    .action((options: Options) => diff(options, terminal));
}

function failOn(text: string): readonly FailOn[] {
  const found = parseFailOn(text);
  if (typeof found === "string") throw new InvalidArgumentError(found);
  return found;
}
function format(text: string): Options["format"] {
  if (text !== "markdown" && text !== "text") throw new InvalidArgumentError("write markdown or text");
  return text;
}

function diff({ against, failOn: on, format: form }: Options, terminal: Terminal): void {
  const { cwd } = terminal;
  const done = terminal.progress("compiling both sides");
  const projectConfig = readGenConfig(cwd);
  const other = otherSide(against, cwd, projectConfig);
  const now = compileProject({ cwd });
  const after = reportsOf(now);
  if (typeof after === "string") throw new Refusal(`this side does not compile, so nothing can be compared:\n${after}`);
  const then = compileProject({ cwd, config: other.config, sources: () => undefined });
  const before = reportsOf(then);
  const broken = bufBreaking({ cwd, projectConfig, other, now: now.image, then: then.image });
  const shown = new Set([
    ...seenByClients(now.image, after),
    ...seenByClients(then.image, typeof before === "string" ? after : before),
  ]);
  done();
  const clients = clientsIn(cwd, other.texts(CLIENT_FILE));
  const sides =
    typeof before === "string" || clients.length === 0
      ? undefined
      : ([imageAnswers(then.image, before), imageAnswers(now.image, after)] as const);
  if (sides !== undefined) for (const line of staleFiles(clients, sides)) terminal.error(line);
  const findings = inOrder([
    ...(sides === undefined ? [] : readRemovals(...sides, clients)),
    ...broken.flatMap((lines) => breakingFindings(lines, shown)),
    ...(typeof before === "string" ? [] : compareReports(before, after)),
  ]);
  const notes: readonly Phrase[] =
    typeof before === "string"
      ? [phrase`The other side does not compile with this version, so only ${"buf breaking"} is reported: ${before}`]
      : [];
  if (form === "markdown") terminal.write(markdownOf(findings, against, notes));
  else terminal.write([...notes.map(textOf), ...linesOf(findings), ""].join("\n"));
  applyFailOn(findings, on, typeof before === "string", terminal);
}

function applyFailOn(findings: readonly Finding[], on: readonly FailOn[], blind: boolean, terminal: Terminal): void {
  const found = failing(findings, on);
  for (const line of linesOf(found)) terminal.error(`--fail-on: ${line}`);
  const read = findings.filter(({ kind }) => kind === "clients");
  for (const line of linesOf(read)) if (!found.some(({ kind }) => kind === "clients")) terminal.error(line);
  const unseen = blind && on.some(({ kind }) => kind !== "breaking");
  if (unseen)
    terminal.error("--fail-on: the other side does not compile with this version: only `breaking` can be compared");
  if (found.length > 0 || read.length > 0 || unseen) terminal.exitCode = 1;
}

const textOf = (parts: Phrase): string => parts.map((part) => (typeof part === "string" ? part : part.code)).join("");
