// `protobff replay --against`: what another build would have answered, and called.
import { basename } from "node:path";
import type { CapturedRequest, CaptureHeader } from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import { filesIn } from "../capture/files-in.ts";
import { openCapture } from "../capture/read-capture.ts";
import { openMissing } from "../missing/missing-answers.ts";
import { parseMissing } from "../missing/parse-missing.ts";
import { printableLine } from "../report/printable.ts";
import { openWorld, protosOf, type World } from "../world/create-endpoints.ts";
import { loadServer } from "../world/load-server.ts";
import { callsOf } from "./captured-calls.ts";
import { FORMATS } from "./formats.ts";
import { type PlanDifferences, PlanReach } from "./plan-reach.ts";
import { allowing, Counter, exitCodeOf } from "./tally.ts";
import { type Builds, unknown, verdictOn } from "./verdict.ts";

/** Arguments of `protobff replay --against`. */
export interface AgainstArguments {
  readonly files: readonly string[];
  /** Path of the generated `server.ts` of the other build. */
  readonly against: string;
  /** Path of that of the build that wrote the captures. Undefined: it is not at hand. */
  readonly server?: string | undefined;
  readonly format?: keyof typeof FORMATS | undefined;
  readonly allow?: readonly string[] | undefined;
  /** Share of requests that may be not comparable. Default: 0.01. */
  readonly maxUnknown?: number | undefined;
  /** Answers of calls that the captures lack: the text of `--missing`. Default: `fail`. */
  readonly missing?: string | undefined;
  /** Differences of the plans. Undefined: they are not compared. */
  readonly plan?: PlanDifferences | undefined;
}

const MAX_UNKNOWN = 0.01;
const PROGRESS_MS = 2_000;

/**
 * Runs the requests of captures through a build, and prints the report.
 *
 * @returns the exit code: 0 all are the same; 1 a difference that is not allowed; 2 a capture that cannot be used, or
 *   wrong arguments; 3 too many requests are not comparable
 * @example
 * await runAgainst({ files, against: "gen/web/v1/server.ts" }, (text) => process.stdout.write(text), console.error);
 */
export async function runAgainst(
  args: AgainstArguments,
  write: (text: string) => void,
  report: (line: string) => void,
): Promise<0 | 1 | 2 | 3> {
  const error = (line: string): void => report(printableLine(line));
  let builds: Builds;
  let missing: Awaited<ReturnType<typeof openMissing>>;
  let counter: Counter;
  try {
    counter = new Counter(allowing(args.allow ?? []));
    const build = await openBuild(args.against);
    const source = parseMissing(args.missing ?? "fail", Object.values(build.declaration.upstreams));
    missing = await openMissing(build.declaration, source);
    builds = {
      build,
      missing: missing.answer,
      old: args.server === undefined ? undefined : await openBuild(args.server),
    };
  } catch (thrown) {
    if (!(thrown instanceof CaptureError || thrown instanceof TypeError)) throw thrown;
    error(thrown.message);
    return 2;
  }
  let shownAt = Date.now();
  const { plan } = args;
  const reach = new PlanReach(typeof plan === "object" ? plan : []);
  for (const path of args.files.flatMap(filesIn))
    await readFile(path, builds, { counter, reach }, () => {
      if (Date.now() - shownAt < PROGRESS_MS) return;
      shownAt = Date.now();
      error(`${counter.requests} requests, in ${path}`);
    });
  await missing.close();
  const tally = counter.total(typeof plan === "object" ? reach.differences : plan);
  write(FORMATS[args.format ?? "text"](tally));
  return exitCodeOf(tally, args.maxUnknown ?? MAX_UNKNOWN);
}

interface Counts {
  readonly counter: Counter;
  readonly reach: PlanReach;
}

async function openBuild(path: string): Promise<World> {
  return openWorld(await loadServer(path), process.env);
}

/** Runs the requests of one file. Damaged lines are named and left out. */
async function readFile(path: string, builds: Builds, counts: Counts, goesOn: () => void): Promise<void> {
  const { counter } = counts;
  const { declaration } = builds.build;
  const file = basename(path);
  try {
    const { header, requests, isCut } = openCapture(path);
    if (declaration.name !== header.package)
      throw new CaptureError(`${path} is a capture of ${header.package}, and the build serves ${declaration.name}`);
    const { old } = builds;
    if (old !== undefined && protosOf(old.declaration) !== header.digest)
      throw new CaptureError(
        `${path} was captured with other protos than those of --server: pass the build that wrote it`,
      );
    const doubt = doubtOfClaims(builds, header);
    for (const request of requests) {
      if (request instanceof CaptureError) counter.unusable.push(request.message);
      else if (doubt !== undefined && request.caller)
        counter.add({ file, id: request.id, method: request.method }, unknown(doubt));
      else await readOne(request, { path, file }, { builds, counts, header });
      goesOn();
    }
    // A process that was killed while it wrote leaves such a request.
    if (isCut()) counter.add({ file, id: 0, method: "" }, unknown("the last request of its file is incomplete"));
  } catch (thrown) {
    if (!(thrown instanceof CaptureError)) throw thrown;
    counter.unusable.push(thrown.message);
  }
}

/** Why captured principals may lack what the build reads of them. */
export function doubtOfClaims({ build, old }: Builds, header: CaptureHeader): string | undefined {
  const type = build.principal;
  if (type === undefined) return undefined;
  const of = old?.principal;
  const { principal = of && { type: of.typeName, fields: of.fields.map(({ number }) => number) } } = header;
  if (principal === undefined) {
    if (protosOf(build.declaration) === header.digest) return undefined;
    return "a former version wrote it, without the claims: add --server with the build that wrote it";
  }
  if (principal.type !== type.typeName)
    return `its principal is a ${principal.type}, and the build's a ${type.typeName}`;
  const claim = type.fields.find(({ number }) => !principal.fields.includes(number));
  return claim && `the claim ${claim.name} was not captured`;
}

async function readOne(
  request: CapturedRequest,
  { path, file }: { readonly path: string; readonly file: string },
  { builds, counts, header }: { builds: Builds; counts: Counts; header: CaptureHeader },
): Promise<void> {
  const { counter, reach } = counts;
  try {
    const verdict = await verdictOn(builds, header, request);
    const of = { file, id: request.id, method: request.method };
    counter.add(of, verdict);
    if (reach.differences.length === 0) return;
    const { attempts, streams } = callsOf(request);
    const calls = [...[...attempts, ...streams].map((call) => call.path), ...(verdict.calls ?? [])];
    reach.add(of, calls, verdict.findings.length > 0);
  } catch (thrown) {
    if (!(thrown instanceof CaptureError)) throw thrown;
    counter.unusable.push(`${path}: request ${request.id}: ${thrown.message}`);
  }
}
