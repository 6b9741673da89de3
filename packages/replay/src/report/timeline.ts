import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { codeName } from "@protobff/runtime/internal/failure";
import { typesOf } from "@protobff/runtime/internal/http-rule/types-of";
import { jsonWriter } from "@protobff/runtime/internal/json/write-json";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import type { CapturedFault, CapturedRequest } from "@protobff/server/capture";
import type { LoggedEvent } from "../tape/logged-event.ts";
import type { Outcome } from "../tape/running.ts";
import type { Stage } from "../tape/stage.ts";

/** Row of a timeline. */
export interface TimelineRow {
  /** Since the begin of the request, in milliseconds. */
  readonly ms: number;
  readonly text: string;
}

/** Services whose messages a timeline shows. */
type MethodOf = (path: string) => DescMethod | undefined;

/** Returns the method of a path, `/package.Service/Method`. */
export function methodsOf(services: readonly DescService[]): MethodOf {
  const all = new Map(
    services.flatMap(({ methods }) => methods.map((method) => [`/${method.parent.typeName}/${method.name}`, method])),
  );
  return (path) => all.get(path);
}

const MAX_CHARACTERS = 160;

const writers = new WeakMap<DescMessage, ReturnType<typeof jsonWriter>>();
function writerOf(desc: DescMessage): ReturnType<typeof jsonWriter> {
  const writer = writers.get(desc) ?? jsonWriter(desc, typesOf([], [desc.file]));
  writers.set(desc, writer);
  return writer;
}

/** Returns a message as JSON, shortened. */
export function shownMessage(desc: DescMessage | undefined, bytes: Uint8Array): string {
  if (desc === undefined) return `${bytes.length} bytes`;
  try {
    const text = writerOf(desc)(readMessage(desc, bytes));
    return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}… (${bytes.length} bytes)` : text;
  } catch {
    return `${bytes.length} bytes that are no ${desc.typeName}`;
  }
}

/** Returns an outcome in words. */
export function shownOutcome(outcome: Outcome | undefined, output: DescMessage | undefined): string {
  if (outcome === undefined) return "no end";
  const { answer, degraded, failure, stream } = outcome;
  if (stream !== undefined) return STREAM_ENDS[stream];
  if (failure !== undefined) return `${codeName(failure.code)}: ${failure.message}`;
  if (answer === undefined) return "the client has left";
  const bytes = Buffer.from(answer, "base64");
  return `${shownMessage(output, bytes)}${degraded === "" || degraded === undefined ? "" : `, degraded: ${degraded}`}`;
}

const STREAM_ENDS: Readonly<Record<NonNullable<Outcome["stream"]>, string>> = {
  ended: "the stream ends",
  cut: "the stream is captured until here: it exceeds request= of BFF_CAPTURE",
};

const TEXTS: Readonly<Partial<Record<LoggedEvent["kind"], string>>> = {
  timer: "a timer fires",
  place: "a waiting attempt gets a place",
  shed: "a waiting attempt gets no place",
  second: "the second level of the cache answers",
  joined: "a fetch of another request ends",
  shared: "another request shares a fetch",
  gone: "the client leaves",
  ready: "the client has read",
  drain: "the server shuts down",
  opened: "⇒ the stream opens",
  beat: "⇒ a heartbeat",
};

const NO_BYTES = new Uint8Array();
const faultText = ({ kind, code, message }: CapturedFault): string => `${kind} ${codeName(code)} ${message}`.trimEnd();

/** Returns the events of a replay in words. */
export function timelineOf(
  request: CapturedRequest,
  { log, attempts, streams }: Stage,
  methodOf: MethodOf,
): TimelineRow[] {
  const ms = (at: number): number => (at - request.startedAt) / 1_000;
  const streamText = ({ kind, stream = 0, bytes, fault }: LoggedEvent): string => {
    const { client = "", path = "", message = NO_BYTES } = streams[stream] ?? {};
    const method = methodOf(path);
    const name = `${client} ${path.slice(path.lastIndexOf("/") + 1)} stream ${stream + 1}`;
    if (kind === "open") return `→ ${name} ${shownMessage(method?.input, message)}`;
    if (kind === "close") return `✕ ${name}`;
    if (bytes !== undefined) return `← ${name} ${shownMessage(method?.output, bytes)}`;
    return `← ${name} ${fault === undefined ? kind : faultText(fault)}`;
  };
  const textOf = (event: LoggedEvent): string => {
    if (event.stream !== undefined) return streamText(event);
    const { kind, attempt = -1, bytes, fault, at, isAssumed } = event;
    const sent = attempts[attempt];
    if (kind === "message" && bytes !== undefined)
      return `⇒ message ${shownMessage(methodOf(`/${request.method}`)?.output, bytes)}`;
    if (sent === undefined) return TEXTS[kind] ?? kind;
    const { client, path, message, number } = sent;
    const method = methodOf(path);
    const name = `${client} ${path.slice(path.lastIndexOf("/") + 1)} #${number}`;
    if (kind === "send") return `→ ${name} ${shownMessage(method?.input, message)}`;
    const took = `after ${((at - sent.at) / 1_000).toFixed(1)} ms${isAssumed ? " (assumed)" : ""}`;
    if (kind === "cancel") return `✕ ${name} ${took}`;
    if (bytes !== undefined) return `← ${name} ${took} ${shownMessage(method?.output, bytes)}`;
    return `← ${name} ${took} ${fault && faultText(fault)}`;
  };
  return log.map((event) => ({ ms: ms(event.at), text: textOf(event) }));
}
