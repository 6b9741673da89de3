// Turns a replay into the data of the live page.
import type { DescService } from "@bufbuild/protobuf";
import { codeName } from "@protobff/runtime/internal/failure";
import type {
  CapturedRequest,
  ReplayedAttempt,
  ReplayedCall,
  ShowMessage,
  ShownReplay,
} from "@protobff/server/capture";
import { methodsOf, timelineOf } from "../report/timeline.ts";
import type { LoggedEvent } from "../tape/logged-event.ts";
import type { Outcome } from "../tape/running.ts";
import type { SentAttempt, Stage } from "../tape/stage.ts";

/** A replay that has run. */
interface FinishedReplay {
  readonly request: CapturedRequest;
  /** Undefined: the request does not end. */
  readonly outcome: Outcome | undefined;
  readonly stage: Stage;
  readonly tookUs: number;
  readonly difference: string | undefined;
}

/** Maximum number of events that the page receives. */
const MAX_EVENTS = 2_000;

/** Maximum number of messages of a stream that the page receives. */
const MAX_MESSAGES = 100;

/** Returns the events, calls and outcome of a replay. */
export function shownReplay(
  { request, outcome, stage, tookUs, difference }: FinishedReplay,
  services: readonly DescService[],
  show: ShowMessage,
): ShownReplay {
  const rows = timelineOf(request, stage, methodsOf(services)).slice(0, MAX_EVENTS);
  const { status, text } = endOf(outcome, stage, (bytes) => show(request.method, "output", bytes));
  const more = stage.log.length - rows.length;
  const ms = Math.max(tookUs / 1_000, rows.at(-1)?.ms ?? 0);
  return {
    events: [...rows, { ms, text: `${more > 0 ? `${more} more events, ` : ""}= ${status}` }],
    calls: callsOf(stage, show),
    status,
    tookMs: tookUs / 1_000,
    answer: text,
    degraded: outcome?.degraded ?? "",
    difference,
  };
}

function endOf(
  outcome: Outcome | undefined,
  { messages }: Stage,
  show: (bytes: Uint8Array) => string,
): Readonly<Record<"status" | "text", string>> {
  if (outcome === undefined) return { status: "RUNNING", text: "the request does not end" };
  const { answer, failure, stream } = outcome;
  if (failure !== undefined) return { status: codeName(failure.code), text: failure.message };
  if (stream !== undefined) return { status: "OK", text: `[${messages.slice(0, MAX_MESSAGES).map(show).join(",\n")}]` };
  if (answer === undefined) return { status: "CANCELLED", text: "the client has left" };
  return { status: "OK", text: show(Buffer.from(answer, "base64")) };
}

/** Returns the calls in the order in which they were sent. */
function callsOf({ log, attempts }: Stage, show: ShowMessage): readonly ReplayedCall[] {
  const events = log.map((event, i) => ({ ...event, index: Math.min(i, MAX_EVENTS) }));
  const ofAttempts = Map.groupBy(events, ({ attempt }) => attempt);
  const nths = new Map<string, number>();
  const calls: SentAttempt[][] = [];
  const shown = new Map<SentAttempt, ReplayedAttempt>();
  const replies = new Map<SentAttempt, LoggedEvent>();
  for (const [i, sent] of attempts.entries()) {
    const [start, end] = ofAttempts.get(i) ?? [];
    const nth = (nths.get(sent.path) ?? 0) + 1;
    nths.set(sent.path, nth);
    const call = calls.findLast((others) => belongs(sent, others));
    const from = start?.index ?? 0;
    const hedge = call?.some((other) => (shown.get(other)?.to ?? Number.POSITIVE_INFINITY) > from) === true;
    shown.set(sent, { number: sent.number, hedge, nth, from, to: end?.index, ...endOfAttempt(end) });
    if (end !== undefined) replies.set(sent, end);
    if (call === undefined) calls.push([sent]);
    else call.push(sent);
  }
  return calls.map((all) => {
    const [{ path, client, message } = { path: "", client: "", message: new Uint8Array() }] = all;
    const name = path.slice(1);
    const ends = all.flatMap((sent) => replies.get(sent) ?? []);
    const bytes = ends.find((event) => event.bytes !== undefined)?.bytes;
    return {
      name,
      branch: client.split(".")[1],
      request: show(name, "input", message),
      response: bytes && show(name, "output", bytes),
      failure: ends.findLast(({ fault }) => fault !== undefined)?.fault?.message,
      attempts: all.flatMap((sent) => shown.get(sent) ?? []),
    };
  });
}

/** Returns true if an attempt belongs to a call with these attempts: it repeats them with another number. */
function belongs({ number, client, path, checksum }: SentAttempt, others: readonly SentAttempt[]): boolean {
  const isSame = (other: SentAttempt): boolean =>
    other.client === client && other.path === path && other.checksum === checksum && other.number !== number;
  return number > 1 && others.every(isSame);
}

function endOfAttempt(event: LoggedEvent | undefined): Pick<ReplayedAttempt, "outcome" | "status"> {
  if (event?.fault !== undefined) {
    const { kind, code } = event.fault;
    return { outcome: `${kind} ${codeName(code)}`, status: codeName(code) };
  }
  return event?.kind === "reply" ? { outcome: "ok", status: "OK" } : { outcome: "cancelled" };
}
