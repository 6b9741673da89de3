import type { CapturedRequest } from "@protobff/server/capture";
import { CaptureError } from "./capture/capture-error.ts";
import { captureText } from "./capture/capture-text.ts";
import { type CaptureContent, readCapture } from "./capture/read-capture.ts";
import { type Change, parseChange } from "./change/change.ts";
import { replayChanged } from "./change/replay-changed.ts";
import { servePage } from "./page/serve-page.ts";
import { printable, printableLine } from "./report/printable.ts";
import { methodsOf, shownMessage, shownOutcome, type TimelineRow, timelineOf } from "./report/timeline.ts";
import { writeTest } from "./report/vitest-file.ts";
import { replayExactly } from "./tape/replay-exactly.ts";
import { openWorld, protosOf, type World } from "./world/create-endpoints.ts";
import { loadServer } from "./world/load-server.ts";

/** Arguments of `protobff replay`. */
interface ReplayArguments {
  readonly file: string;
  /** Path of the generated `server.ts`. Undefined: the file is printed, with `json`. */
  readonly server?: string | undefined;
  /** Id of the only request to replay. Undefined: all. */
  readonly request?: number | undefined;
  readonly changes?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
  /** Path of a test to write. */
  readonly test?: string | undefined;
  /** Port of the live page, which serves until the process is stopped; 0: a free one. */
  readonly page?: number | undefined;
}

/**
 * Replays the requests of a capture, and prints the timeline of one, or the number of identical ones. Without a server
 * it prints the requests.
 *
 * @returns the exit code: 0 all are identical, 1 a difference or an invalid capture
 * @example
 * await runReplay({ file, server: "generated/web/v1/server.ts" }, (text) => process.stdout.write(text), console.error);
 */
export async function runReplay(
  args: ReplayArguments,
  write: (text: string) => void,
  report: (line: string) => void,
): Promise<0 | 1> {
  // Texts of a capture are on every line: methods, messages, failures, names of packages.
  const error = (text: string): void => report(printable(text));
  const print = (line: string): void => write(`${printableLine(line)}\n`);
  try {
    const content = readCapture(args.file);
    const requests = chosen(content, args);
    const { header } = content;
    const { server } = args;
    if (server === undefined) {
      write(captureText(header, requests));
      return 0;
    }
    const declaration = await loadServer(server);
    const of = printableLine(header.package);
    if (declaration.name !== header.package)
      throw new CaptureError(
        `${args.file} is a capture of ${of}, and ${server} serves ${declaration.name}: pass the server of ${of}`,
      );
    const world = await openWorld(declaration, process.env);
    if (content.cut) error(`${args.file}: the last request is incomplete and left out`);
    if (protosOf(declaration) !== header.digest)
      error(`${args.file} was captured with other protos: differences may be theirs`);
    const changes = (args.changes ?? []).map((text) => parseChange(text, Object.values(declaration.upstreams)));
    const [only] = requests;
    if (args.test !== undefined) {
      if (only === undefined || requests.length > 1)
        throw new CaptureError("--test needs one request: add --request with its id");
      if (changes.length > 0) throw new CaptureError("--test replays without changes: leave out --set");
      if (only.incomparable !== undefined)
        throw new CaptureError(`--test needs a comparable request: of this one, ${only.incomparable}`);
      print(`wrote ${writeTest(args.test, server, header, only).join(" and ")}`);
    }
    if (args.page !== undefined) return await servePage(args.page, { world, header, requests, print, error });
    if (only !== undefined && requests.length === 1)
      return await showOne({ content, world, changes, print, write }, only, args);
    if (changes.length > 0) throw new CaptureError("--set needs one request: add --request with its id");
    return await countAll({ content, world, changes, print, write }, requests);
  } catch (thrown) {
    if (!(thrown instanceof CaptureError)) throw thrown;
    error(thrown.message);
    return 1;
  }
}

interface Replaying {
  readonly content: CaptureContent;
  readonly world: World;
  readonly changes: readonly Change[];
  /** Prints one line. */
  readonly print: (line: string) => void;
  readonly write: (text: string) => void;
}

function chosen({ requests }: CaptureContent, { file, request }: ReplayArguments): readonly CapturedRequest[] {
  const found = request === undefined ? requests : requests.filter(({ id }) => id === request);
  if (found.length > 0) return found;
  if (request === undefined) throw new CaptureError(`${file} has no request: wait until the server has written one`);
  const [first, last] = [requests[0], requests.at(-1)].map((it) => it?.id);
  throw new CaptureError(`${file} has no request ${request}: its ids are ${first} to ${last}`);
}

async function countAll(
  { content: { header }, world, print }: Replaying,
  requests: readonly CapturedRequest[],
): Promise<0 | 1> {
  let [identical, incomparable] = [0, 0];
  for (const request of requests) {
    const { difference } = await replayExactly(world, header, request);
    if (difference === undefined) identical++;
    else if (request.incomparable !== undefined) incomparable++;
    if (difference !== undefined) print(`request ${request.id} (${request.method}): ${difference}`);
  }
  const others = incomparable === 0 ? "" : `, and ${incomparable} are not comparable`;
  print(`${identical} of ${requests.length} requests have the captured answer and order of events${others}`);
  return identical + incomparable === requests.length ? 0 : 1;
}

async function showOne(
  { content: { header }, world, changes, print, write }: Replaying,
  request: CapturedRequest,
  { json }: ReplayArguments,
): Promise<0 | 1> {
  const { services, upstreams } = world.declaration;
  const methodOf = methodsOf([...services, ...Object.values(upstreams)]);
  const method = methodOf(`/${request.method}`);
  const exact = await replayExactly(world, header, request);
  const changed =
    changes.length === 0 ? undefined : await replayChanged(world, header, request, exact.stage, { changes });
  const rows = timelineOf(request, (changed ?? exact).stage, methodOf);
  const outcome = shownOutcome((changed ?? exact).outcome, method?.output);
  const tookMs = (changed?.tookUs ?? request.endedAt - request.startedAt) / 1_000;
  if (json) {
    const captured = shownOutcome(request.outcome, method?.output);
    const { id } = request;
    const shown = { id, method: request.method, events: rows, outcome, tookMs, captured, difference: exact.difference };
    write(`${printable(JSON.stringify(shown, null, 2))}\n`);
    return exact.difference === undefined ? 0 : 1;
  }
  const sent = shownMessage(method?.input, Buffer.from(request.message, "base64"));
  print(`request ${request.id} at ${request.at}: ${request.method} ${sent}`);
  for (const row of [...rows, { ms: tookMs, text: `= ${outcome}` }]) print(lineOf(row));
  const capturedMs = ((request.endedAt - request.startedAt) / 1_000).toFixed(1);
  if (changed !== undefined) print(`captured after ${capturedMs} ms: ${shownOutcome(request.outcome, method?.output)}`);
  print(
    exact.difference === undefined
      ? "the replay without changes is identical"
      : `the replay without changes differs: ${exact.difference}`,
  );
  return exact.difference === undefined ? 0 : 1;
}
const lineOf = ({ ms, text }: TimelineRow): string => `${ms.toFixed(1).padStart(9)} ms  ${text}`;
