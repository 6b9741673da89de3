// The columns of the matrix over HTTP/JSON: faults of a call, and their results by runtime.md ("Upstreams over
// HTTP/JSON").
import { breakerOpen, broken, type Ending, type Failing, queueFull, senseless, status } from "../oracle/faults.ts";
import { type Fault, STATUS_TEXT } from "./faults.ts";

/** Behaviour of the upstream on the wire. */
export type HttpPlay =
  | "cut before the head"
  | "cut in the head"
  | "cut in the body"
  | "cut between chunks"
  | "reset before the head"
  | "reset in the body"
  | "hang"
  | "hang in the body"
  | "trickle"
  | "trickle for ever"
  | "slow"
  | "half of the JSON"
  | "no HTTP"
  | "another protocol"
  | "oversize"
  | "oversize, decompressed"
  | "broken gzip"
  | "gzip"
  | HttpResponse;

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: none. `good`: that of a good answer. */
  readonly body?: string | { readonly base64: string } | { readonly good: true };
}

const JSON_TYPE = { "content-type": "application/json" };
const HTML = { headers: { "content-type": "text/html" }, body: "<html></html>" } as const;
const UNAVAILABLE = 14;
const RESOURCE_EXHAUSTED = 8;
/** Longer than any wait of the BFFs, in seconds. */
const MUCH_LATER = "3600";

const fine: Ending = { kind: "answer" };
const failing = (failure: Failing, pushback = false): Ending => ({ kind: "failure", failing: failure, pushback });
const fault = (name: string, http: HttpPlay, first: Ending, more: Partial<Fault> = {}): Fault => ({
  name,
  play: { http },
  first,
  ...more,
});
/** As its own, by its status alone. */
const unsaid = (http: number, code: number): Failing => ({ ...status(code, `HTTP ${http}`), unsaid: true });
const unavailable = failing(unsaid(503, UNAVAILABLE));
const text = (body: string): HttpPlay => ({ status: 200, headers: JSON_TYPE, body });

/** By the status of HTTP: the code of gRPC. */
const CODES: readonly (readonly [http: number, code: number])[] = [
  [400, 3],
  [401, 16],
  [402, 9],
  [403, 7],
  [404, 5],
  [408, 14],
  [409, 10],
  [412, 9],
  [416, 11],
  [418, 9],
  [429, 8],
  [499, 1],
  [500, 13],
  [501, 12],
  [502, 14],
  [503, 14],
  [504, 4],
  [505, 13],
  [700, 2],
];
/** Returns a google.rpc.Status in the body, under a different status of HTTP. */
const statusPlay = (code: number, http: number): HttpPlay => ({
  status: http,
  headers: JSON_TYPE,
  body: JSON.stringify({ code, message: STATUS_TEXT, details: [] }),
});

export const httpFaults: readonly Fault[] = [
  { name: "none", play: "answer", first: fine },
  { name: "refused connection", play: "refuse connection", first: failing(broken()) },
  fault("connection closed before the head", "cut before the head", failing(broken())),
  fault("connection closed in the head", "cut in the head", failing(broken())),
  fault("connection closed in the body", "cut in the body", failing(broken())),
  fault("connection closed between chunks", "cut between chunks", failing(broken())),
  fault("connection reset before the head", "reset before the head", failing(broken())),
  fault("connection reset in the body", "reset in the body", failing(broken())),
  fault("hang", "hang", { kind: "silence" }),
  fault("hang in the body", "hang in the body", { kind: "silence" }),
  fault("trickle, in time", "trickle", { kind: "answer", slow: true }),
  fault("trickle, for ever", "trickle for ever", { kind: "silence" }),
  fault("slow, then fine", "slow", { kind: "answer", slow: true }),
  fault("gzip", "gzip", fine),
  fault("no HTTP", "no HTTP", failing(senseless)),
  fault("a change of protocol", "another protocol", failing(senseless)),
  fault("wrong content type", { status: 200, ...HTML }, failing(senseless)),
  fault("JSON without a content type", { status: 200, body: { good: true } }, failing(senseless)),
  fault("no body", { status: 200, headers: JSON_TYPE }, failing(senseless)),
  fault("half of the JSON", "half of the JSON", failing(senseless)),
  fault("no JSON", text("{oops"), failing(senseless)),
  fault("JSON, no message", text("[1]"), failing(senseless)),
  fault("no UTF-8", { status: 200, headers: JSON_TYPE, body: { base64: "eyL/Ijox" } }, failing(senseless)),
  fault("oversize", "oversize", failing(senseless)),
  fault("oversize, decompressed", "oversize, decompressed", failing(senseless)),
  fault("broken gzip", "broken gzip", failing(senseless)),
  ...[301, 302, 303, 307, 308].map((http) =>
    fault(`redirect ${http}`, { status: http, headers: { location: "/elsewhere" } }, failing(senseless)),
  ),
  fault("HTTP 304", { status: 304 }, failing(senseless)),
  ...CODES.map(([http, code]) => fault(`HTTP ${http}`, { status: http }, failing(unsaid(http, code)))),
  fault("HTTP 503, a page", { status: 503, ...HTML }, unavailable),
  fault("HTTP 503, no JSON", { status: 503, headers: JSON_TYPE, body: "{oops" }, unavailable),
  ...Array.from({ length: 16 }, (_, at) =>
    fault(`google.rpc.Status ${at + 1}`, statusPlay(at + 1, 500), failing(status(at + 1, STATUS_TEXT))),
  ),
  ...[14, 5].map((code) =>
    fault(
      `an envelope with status ${code}`,
      {
        status: 500,
        headers: JSON_TYPE,
        body: JSON.stringify({
          error: { code: 500, status: code === 14 ? "UNAVAILABLE" : "NOT_FOUND", message: STATUS_TEXT },
        }),
      },
      failing(status(code, STATUS_TEXT)),
    ),
  ),
  fault(
    "HTTP 429, retry-after 0",
    { status: 429, headers: { "retry-after": "0" } },
    failing(unsaid(429, RESOURCE_EXHAUSTED)),
  ),
  fault(
    "HTTP 429, retry-after much later",
    { status: 429, headers: { "retry-after": MUCH_LATER } },
    failing(unsaid(429, RESOURCE_EXHAUSTED), true),
  ),
  fault("HTTP 503, retry-after 0", { status: 503, headers: { "retry-after": "0" } }, unavailable),
  fault(
    "HTTP 503, retry-after much later",
    { status: 503, headers: { "retry-after": MUCH_LATER } },
    failing(unsaid(503, UNAVAILABLE), true),
  ),
  fault(
    "HTTP 503, retry-after a day gone by",
    { status: 503, headers: { "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT" } },
    unavailable,
  ),
  fault("HTTP 503, retry-after nonsense", { status: 503, headers: { "retry-after": "soon" } }, unavailable),
  fault("HTTP 503 once, then fine", { status: 503 }, unavailable, { once: true, later: fine }),
  { name: "breaker open", play: "answer", first: failing(breakerOpen), prime: "breaker" },
  { name: "queue full", play: "answer", first: failing(queueFull), prime: "limit" },
  fault("retry budget exhausted", { status: 503 }, unavailable, { prime: "budget", exhausted: true }),
];
