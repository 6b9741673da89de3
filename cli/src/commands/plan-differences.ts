// Differences of the plans of two generated servers, for the requests that reach them.
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { FileReport } from "protoc-gen-bff/compiler";
import { compareReports } from "../diff/compare.ts";
import { type Composition, compositionOf, permitOf, shortName } from "../diff/composition.ts";
import type { Finding } from "../diff/finding.ts";
import { linesOf } from "../diff/markdown.ts";
import { compileImage } from "../project/compile-project.ts";
import { reportsOf } from "../project/plan-reports.ts";
import type { Terminal } from "../terminal.ts";
import { runReplayProgram } from "./replay-program.ts";

/** As packages/replay/src/against/plan-reach.ts reads it. */
interface PlanDifference {
  readonly text: string;
  readonly rpcs?: readonly string[] | undefined;
  readonly calls: readonly string[];
}
/** As packages/replay/src/world/describe-builds.ts prints it. */
interface Described {
  readonly files: string;
  readonly targets: readonly string[];
}

/**
 * Compares the plans of two servers, from the protos in their generated code.
 *
 * @returns the differences, or why there are none. Undefined: a server cannot be loaded
 */
export async function planDifferences(
  server: string,
  against: string,
  terminal: Terminal,
): Promise<readonly PlanDifference[] | string | undefined> {
  let output = "";
  const quiet: Terminal = { ...terminal, error: () => {} };
  const status = await runReplayProgram(JSON.stringify({ describe: [server, against] }), quiet, (text) => {
    output += text;
  });
  if (status !== 0) return undefined;
  const [before, after] = (JSON.parse(output) as readonly Described[]).map((build) => plansOf(build, terminal.cwd));
  if (typeof before === "string") return `the protos of --server do not compile with this version: ${before}`;
  if (typeof after === "string") return `the protos of --against do not compile with this version: ${after}`;
  if (before === undefined || after === undefined) return undefined;
  const sides = [compositionOf(before), compositionOf(after)];
  // Names of steps and messages change nothing that runs.
  return compareReports(before, after)
    .filter(({ kind, where }) => kind !== "renames" || where.some((place) => place.includes("/")))
    .map((finding) => ({ text: linesOf([finding]).join(""), ...reachOf(finding, sides) }));
}

function plansOf({ files, targets }: Described, cwd: string): readonly FileReport[] | string {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(files, "base64"));
  const imports = new Set(file.map(({ name }) => name).filter((name) => !targets.includes(name)));
  const image = { files: inOrder(file), imports };
  return reportsOf({ compilation: compileImage(image, "", cwd, { sources: () => undefined }) });
}

/** Sorts files: imports come first. */
function inOrder<File extends { readonly name: string; readonly dependency: readonly string[] }>(
  files: readonly File[],
): readonly File[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const sorted = new Set<File>();
  const add = (file: File | undefined): void => {
    if (file === undefined || sorted.has(file)) return;
    for (const name of file.dependency) add(byName.get(name));
    sorted.add(file);
  };
  for (const file of files) add(file);
  return [...sorted];
}

/** Returns the rpcs of a finding, and the methods whose calls have it. */
function reachOf(
  { kind, where, message, rpcs = [] }: Finding,
  sides: readonly Composition[],
): Omit<PlanDifference, "text"> {
  const found = new Set<string>();
  const calls = new Set<string>();
  let isOfEach = false;
  // The captured requests of a renamed rpc have its old name.
  const names = message.flatMap((part) => (typeof part === "string" ? [] : [shortName(part.code)]));
  for (const side of sides)
    for (const place of kind === "renames" ? [...where, ...names] : where) {
      const { reached, called } = placeIn(side, place);
      for (const rpc of reached) found.add(rpc);
      for (const method of called ?? []) calls.add(method);
      isOfEach ||= reached.length > 0 && called === undefined;
    }
  for (const side of sides)
    for (const rpc of side.rpcs.keys()) if (rpcs.includes(rpc.slice(rpc.indexOf("/") + 1))) found.add(rpc);
  return { rpcs: found.size === 0 ? undefined : [...found], calls: isOfEach ? [] : [...calls] };
}

/** Rpcs of a place, and the methods that it calls. Undefined: it is more than calls. */
function placeIn(side: Composition, place: string): { reached: readonly string[]; called?: readonly string[] } {
  const rpcs = [...side.rpcs.values()];
  const isOf = (name: string): boolean => place === name || isWithin(place, shortName(name));
  const direct = rpcs.filter(({ rpc }) => isOf(rpc) || isOf(permitOf(rpc)));
  if (direct.length > 0) return { reached: direct.map(({ rpc }) => rpc) };
  for (const { name, steps } of side.blocks.values()) {
    if (!isWithin(place, shortName(name))) continue;
    const reached = side.reachedBy.get(name) ?? [];
    const step = steps.find((candidate) => place === `${shortName(name)}.${candidate.step}`);
    return step?.call === undefined ? { reached } : { reached, called: [step.call.method] };
  }
  const called = rpcs.flatMap(({ rpc, calls }) =>
    calls
      .filter(({ method }) => shortName(method.slice(0, method.indexOf("/"))) === place)
      .map(({ method }) => ({ rpc, method })),
  );
  if (called.length === 0) return { reached: [] };
  return { reached: called.map(({ rpc }) => rpc), called: called.map(({ method }) => method) };
}

const isWithin = (place: string, name: string): boolean => place === name || place.startsWith(`${name}.`);
