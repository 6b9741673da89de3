// `protobff golden from-captures`: few captured requests that reach what all of them reach.
import { basename } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import type { CapturedRequest, CaptureHeader } from "@protobff/server/capture";
import { doubtOfClaims } from "../against/run-against.ts";
import { methodOf, type Verdict, verdictOn } from "../against/verdict.ts";
import { CaptureError } from "../capture/capture-error.ts";
import { filesIn } from "../capture/files-in.ts";
import { openCapture } from "../capture/read-capture.ts";
import { printable, printableLine } from "../report/printable.ts";
import { openWorld, type World } from "../world/create-endpoints.ts";
import { loadServer } from "../world/load-server.ts";
import { CodeCoverage } from "./code-coverage.ts";
import { coverOf } from "./cover.ts";
import { type GoldenRequest, goldenOf, statusOf, unrepeatable } from "./golden-request.ts";
import { type Interval, minus, union } from "./intervals.ts";
import { Notes } from "./notes.ts";

/** Arguments of `protobff golden from-captures`. */
interface GoldenArguments {
  readonly golden: readonly string[];
  /** Path of the generated `server.ts`. */
  readonly server: string;
  /** True to keep captured texts and numbers. */
  readonly asCaptured?: boolean | undefined;
}
/** Output of the program, as JSON. */
interface GoldenResult {
  readonly note: string;
  readonly examples: readonly GoldenRequest[];
  readonly lines: readonly string[];
  /** True if a file or a line could not be used. */
  readonly isIncomplete: boolean;
}

/** A comparable request, whose code is counted. */
interface Counted {
  readonly header: CaptureHeader;
  readonly request: CapturedRequest;
  readonly method: DescMethod;
  readonly place: string;
}
/** A request that reaches something new. */
interface Candidate {
  readonly golden: GoldenRequest;
  readonly code: readonly Interval[];
  readonly status: string;
  readonly removed: ReadonlySet<string>;
  readonly headers: readonly string[];
  readonly hasCaller: boolean;
}

const NOTE = {
  samples: "Requests from captures of traffic. Texts and numbers are samples of the same shape.",
  captured: "Requests from captures of traffic, with captured texts and numbers: they may be personal data.",
};
const PROGRESS_MS = 2_000;
/** Number of requests that are counted at once: a count takes several times as long as a request. */
const BATCH = 32;

/**
 * Runs the requests of captures in the server, and prints those that a golden file needs.
 *
 * @returns the exit code: 0, or 2 if the server cannot be used
 */
export async function runGolden(
  { golden: files, server, asCaptured = false }: GoldenArguments,
  write: (text: string) => void,
  report: (line: string) => void,
): Promise<0 | 2> {
  const coverage = new CodeCoverage();
  let world: World;
  try {
    world = await openWorld(await loadServer(server), process.env);
  } catch (thrown) {
    if (!(thrown instanceof CaptureError)) throw thrown;
    report(printableLine(thrown.message));
    return 2;
  }
  coverage.take();
  const traffic = new Traffic(world, coverage, asCaptured);
  let shownAt = Date.now();
  for (const path of files.flatMap(filesIn))
    await traffic.read(path, (requests) => {
      if (Date.now() - shownAt < PROGRESS_MS) return;
      shownAt = Date.now();
      report(printableLine(`${requests} requests, in ${path}`));
    });
  // Every character that a terminal obeys is an escape in the file, too.
  write(printable(JSON.stringify(await traffic.result())));
  return 0;
}

/** Captured requests, one after the other. */
class Traffic {
  readonly #world: World;
  readonly #coverage: CodeCoverage;
  readonly #asCaptured: boolean;
  readonly #candidates: Candidate[] = [];
  readonly #notes = new Notes();
  /** Rpcs with their statuses. */
  readonly #statuses = new Set<string>();
  readonly #rpcs = new Set<string>();
  /** Code that candidates reach, and that all requests do. */
  #repeated: readonly Interval[] = [];
  #reached: readonly Interval[] = [];
  readonly #batches: Readonly<Record<"repeatable" | "others", Counted[]>> = { repeatable: [], others: [] };
  #requests = 0;

  constructor(world: World, coverage: CodeCoverage, asCaptured: boolean) {
    [this.#world, this.#coverage, this.#asCaptured] = [world, coverage, asCaptured];
  }

  /** Reads one file. Damaged lines are noted and left out. */
  async read(path: string, goesOn: (requests: number) => void): Promise<void> {
    const { name } = this.#world.declaration;
    try {
      const { header, requests, isCut } = openCapture(path);
      if (header.package !== name)
        throw new CaptureError(`${path} is a capture of ${header.package}, and the server serves ${name}`);
      const doubt = doubtOfClaims({ build: this.#world, old: undefined }, header);
      for (const request of requests) {
        if (request instanceof CaptureError) this.#notes.unusable.push(request.message);
        else if (doubt !== undefined && request.caller)
          this.#notes.leaveOut(doubt, `request ${request.id} of ${basename(path)}`);
        else await this.#add(path, header, request);
        goesOn(this.#requests);
      }
      if (isCut()) this.#notes.leaveOut("the last request of its file is incomplete", basename(path));
    } catch (thrown) {
      if (!(thrown instanceof CaptureError)) throw thrown;
      this.#notes.unusable.push(thrown.message);
    }
  }

  async #add(path: string, header: CaptureHeader, request: CapturedRequest): Promise<void> {
    this.#requests++;
    const place = `request ${request.id} of ${basename(path)}`;
    try {
      const { unknown } = await this.#run({ header, request });
      const method = methodOf(this.#world, request.method);
      if (unknown !== undefined || method === undefined) return this.#notes.leaveOut(unknown ?? "it has no rpc", place);
      this.#rpcs.add(request.method);
      const reason = unrepeatable(request, method);
      if (reason !== undefined) this.#notes.leaveOut(reason, place);
      const batch = this.#batches[reason === undefined ? "repeatable" : "others"];
      batch.push({ header, request, method, place });
      if (batch.length >= BATCH) await this.#count(batch);
    } catch (thrown) {
      if (!(thrown instanceof CaptureError)) throw thrown;
      this.#notes.unusable.push(`${path}: request ${request.id}: ${thrown.message}`);
    }
  }
  #run({ header, request }: Pick<Counted, "header" | "request">): Promise<Verdict> {
    return verdictOn({ build: this.#world, old: undefined }, header, request);
  }

  /** Counts the code of a batch, and of each of its requests if there is something new. Empties the batch. */
  async #count(batch: Counted[]): Promise<void> {
    const isRepeatable = batch === this.#batches.repeatable;
    const all = batch.splice(0);
    const code = await this.#codeOf(all);
    const hasStatus = !isRepeatable || all.every(({ request }) => this.#statuses.has(statusOf(request)));
    if (hasStatus && !this.#isFresh(code, isRepeatable ? this.#repeated : this.#reached)) return;
    this.#reached = union(this.#reached, code);
    for (const counted of isRepeatable ? all : []) this.#keep(counted, await this.#codeOf([counted]));
  }
  async #codeOf(requests: readonly Counted[]): Promise<readonly Interval[]> {
    this.#coverage.take();
    for (const counted of requests) await this.#run(counted);
    return this.#coverage.take();
  }
  #isFresh(code: readonly Interval[], known: readonly Interval[]): boolean {
    return minus(code, known).some((interval) => this.#coverage.describe(interval).length > 0);
  }

  #keep({ request, method, place }: Counted, code: readonly Interval[]): void {
    const status = statusOf(request);
    if (this.#statuses.has(status) && !this.#isFresh(code, this.#repeated)) return;
    const converted = goldenOf(request, method, this.#asCaptured);
    if (typeof converted === "string") {
      this.#notes.leaveOut(converted, place);
      return;
    }
    const { caller } = request;
    this.#candidates.push({ ...converted, code, status, hasCaller: caller !== undefined && caller !== null });
    this.#statuses.add(status);
    this.#repeated = union(this.#repeated, code);
  }

  async result(): Promise<GoldenResult> {
    await this.#count(this.#batches.repeatable);
    await this.#count(this.#batches.others);
    const pieces = this.#coverage.pieces(this.#candidates.map(({ code }) => code));
    const chosen = coverOf(
      this.#candidates.map((candidate) => {
        const reached = pieces.filter((piece) => minus([piece], candidate.code).length === 0);
        const marks = new Set([candidate.status, ...reached.map(([from]) => `${from}`)]);
        return { candidate, marks, size: JSON.stringify(candidate.golden).length };
      }),
    ).map(({ candidate }) => candidate);
    const { services } = this.#world.declaration;
    const rpcs = services.flatMap(({ typeName, methods }) => methods.map(({ name }) => `${typeName}/${name}`));
    const only = minus(this.#reached, this.#repeated);
    const lines = [
      `${this.#requests} requests reach ${this.#rpcs.size} of ${rpcs.length} rpcs; ${chosen.length} of them reach the same`,
      ...rpcs.filter((rpc) => !this.#rpcs.has(rpc)).map((rpc) => `never reached: ${rpc}`),
      ...this.#coverage.without(this.#reached).map((text) => `never reached: ${text}`),
      ...only
        .flatMap((interval) => this.#coverage.describe(interval))
        .map((text) => `reached only by requests that are left out: ${text}`),
      ...(this.#coverage.hasCode ? [] : ["the server has no code in *_bff.ts: only rpcs and statuses are covered"]),
      ...this.#notes.lines(chosen),
    ];
    return {
      note: this.#asCaptured ? NOTE.captured : NOTE.samples,
      examples: distinct(chosen.map(({ golden }) => golden)),
      lines: lines.map(printableLine),
      isIncomplete: this.#notes.unusable.length > 0,
    };
  }
}

/** Samples of two requests may be equal. */
function distinct(examples: readonly GoldenRequest[]): readonly GoldenRequest[] {
  return [...new Map(examples.map((example) => [JSON.stringify(example), example])).values()];
}
