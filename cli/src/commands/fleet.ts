// `protobff fleet`: the locks and plans of many BFFs as one page.
import type { FileRegistry } from "@bufbuild/protobuf";
import { type Command, InvalidArgumentError } from "commander";
import { renderReport } from "../contract/render.ts";
import { buildFleet } from "../fleet/build-fleet.ts";
import { type ChangeEntry, checkChange } from "../fleet/change.ts";
import type { FleetDocument } from "../fleet/document.ts";
import { findFiles } from "../fleet/find-files.ts";
import { fleetPage } from "../fleet/page.ts";
import { problemText } from "../fleet/problem.ts";
import { readBffs } from "../fleet/read-bffs.ts";
import { buildImage, registryOf } from "../project/buf.ts";
import { count, Refusal, type Terminal } from "../terminal.ts";
import { writeText } from "./text-file.ts";

type Teams = ReadonlyMap<string, readonly string[]>;
interface Options {
  readonly out: string;
  readonly owner: Teams;
  readonly change?: string;
}

/** `protobff fleet services --out fleet.html` */
export function addFleet(program: Command, terminal: Terminal): void {
  program
    .command("fleet")
    .description("writes a page about many BFFs: their upstreams, fields in use, owners, and what an outage takes away")
    .argument("<path...>", "folders with BFFs at any depth, lock files, and files of the plugin option plan=json")
    .option("--out <file>", "output: a page (.html) or data (.json)", outFile, "fleet.html")
    .option(
      "--owner <name=team>",
      "team of a BFF, a service or a package; may be given several times. Default: CODEOWNERS",
      addTeam,
      new Map(),
    )
    .option("--change <protos>", "new protos of an upstream, as an input of buf: reports the BFFs that they break")
    .addHelpText("after", EXITS)
    .action((paths: readonly string[], options: Options) => fleet(paths, options, terminal));
}

const EXITS =
  "\nExit codes: 0 success; 1 --change breaks a BFF; 2 invalid command line, or an input that cannot be read and is missing in the output.";

function outFile(path: string): string {
  if (!/\.(html|json)$/.test(path)) throw new InvalidArgumentError("write a file that ends with .html or .json");
  return path;
}
function addTeam(text: string, teams: Teams): Teams {
  const at = text.lastIndexOf("=");
  const [name, team] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || team === "") throw new InvalidArgumentError("write name=team, as in shop=@octo/web");
  return new Map([...teams, [name, [...(teams.get(name) ?? []), team]]]);
}

function fleet(paths: readonly string[], { out, owner, change: protos }: Options, terminal: Terminal): void {
  const { cwd } = terminal;
  const done = terminal.progress("reading locks and plans");
  const found = findFiles(paths, cwd);
  const { bffs, problems, notes } = readBffs(found.files);
  const unread = [...found.problems, ...problems];
  if (bffs.length === 0)
    throw new Refusal(
      ["no BFF can be read", ...unread.slice(0, MAX_LINES).map(problemText)].map(printable).join("\n"),
      2,
    );
  const checked = protos === undefined ? undefined : checkChange(protos, changedProtos(protos, cwd), bffs);
  const document = buildFleet(bffs, {
    teams: owner,
    change: checked?.change,
    problems: [...unread, ...(checked?.problems ?? [])],
    notes: [...found.notes, ...notes],
  });
  done();
  writeText(out, cwd, out.endsWith(".json") ? `${JSON.stringify(document, undefined, 2)}\n` : fleetPage(document));
  print(document, out, terminal);
}

function changedProtos(input: string, cwd: string): FileRegistry {
  try {
    return registryOf(buildImage({ cwd, input }).files);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`--change ${input} cannot be read: ${error.message}`, 2);
    throw error;
  }
}

const MAX_LINES = 20;
const printable = (text: string): string => text.replace(/[^\P{Cc}\n]/gu, " ");

function print({ bffs, upstreams, change, problems, notes }: FleetDocument, out: string, terminal: Terminal): void {
  const error = (lines: readonly string[]): void => {
    for (const line of lines.slice(0, MAX_LINES)) terminal.error(printable(line));
    if (lines.length > MAX_LINES) terminal.error(`${lines.length - MAX_LINES} more are in ${out}`);
  };
  error(problems.map((problem) => `error: ${problemText(problem)}`));
  error(notes.map((note) => `note: ${note}`));
  for (const { bff, services, breaks, notes: found } of change?.bffs ?? []) {
    const report = { path: change?.protos ?? "", consumer: bff, services, findings: [...breaks, ...found] };
    terminal.write(printable(renderReport(report, "text")));
  }
  const rpcs = bffs.reduce((total, bff) => total + (bff.rpcs?.length ?? 0), 0);
  const missing = problems.length === 0 ? "" : `, ${count(problems.length, "input")} missing`;
  const broken = brokenText(change);
  terminal.write(
    `${out}: ${count(bffs.length, "BFF")}, ${count(rpcs, "rpc")}, ${count(upstreams.length, "upstream service")}${missing}${broken}\n`,
  );
  if (change?.bffs.some(({ breaks }) => breaks.length > 0)) terminal.exitCode = 1;
  else if (problems.length > 0) terminal.exitCode = 2;
}

function brokenText(change: ChangeEntry | undefined): string {
  if (change === undefined) return "";
  const broken = change.bffs.filter(({ breaks }) => breaks.length > 0).length;
  const others = change.not_compared;
  return `, ${broken === 0 ? "none" : count(broken, "BFF")} broken by ${change.protos}${others.length > 0 ? `, not compared: ${others.join(", ")}` : ""}`;
}
