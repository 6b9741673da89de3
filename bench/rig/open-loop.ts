// Requests at a steady rate, whether or not earlier ones are answered, from clients with a deadline: what h2load cannot do.
import { once } from "node:events";
import * as http2 from "node:http2";
import type { Prepared } from "./variant.ts";

export interface OpenLoop {
  readonly perSecond: number;
  readonly requests: number;
  /** Number of requests that are due at once. Default: 1. */
  readonly burst?: number;
  /** Number of first requests that are not part of the result. Default: none. */
  readonly unmeasured?: number;
  /** Time limit of the client for an answer, in milliseconds, whatever its `grpc-timeout` is. */
  readonly deadlineMs: number;
  readonly connections: number;
  /** Names the kind of an answer; called once for equal bodies. */
  readonly kindOf: (body: Buffer) => string;
}

export interface OpenResult {
  /** From the moment at which each request was due, ascending; late ones with what they had waited. */
  readonly latenciesMs: readonly number[];
  /** The same of each kind of answers. */
  readonly latenciesOf: ReadonlyMap<string, readonly number[]>;
  /** Number of answers of each kind, and of those that were `late` or failed with `status <n>`. */
  readonly kinds: ReadonlyMap<string, number>;
  /** Delays of sending, ascending: of the generator, not of the measured server. */
  readonly lagsMs: readonly number[];
}

const STATUS_OK = 0;

export async function openLoop(request: Prepared, loop: OpenLoop): Promise<OpenResult> {
  const sessions = await Promise.all(Array.from({ length: loop.connections }, () => connect(request.origin)));
  try {
    return await generate(request, loop, sessions);
  } finally {
    for (const session of sessions) session.destroy();
  }
}

async function connect(url: string): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(url);
  await once(session, "remoteSettings");
  session.on("error", () => {}); // its streams fail, and are counted
  return session;
}

function generate(
  request: Prepared,
  loop: OpenLoop,
  sessions: readonly http2.ClientHttp2Session[],
): Promise<OpenResult> {
  const headers = flatHeaders(request);
  const kindsByBody = new Map<string, string>();
  const kindOf = (body: Buffer): string => {
    const key = body.toString("latin1");
    let kind = kindsByBody.get(key);
    if (kind === undefined) {
      kind = loop.kindOf(body);
      kindsByBody.set(key, kind);
    }
    return kind;
  };
  const { unmeasured = 0, burst = 1 } = loop;
  const byKind = new Map<string, number[]>();
  const lags: number[] = [];
  let answered = 0;
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const gapMs = 1000 / loop.perSecond;
    let sent = 0;
    const measuredFrom = startedAt + unmeasured * gapMs;
    const ended = (kind: string, dueAt: number): void => {
      if (dueAt >= measuredFrom) {
        const latencies = byKind.get(kind) ?? [];
        byKind.set(kind, latencies);
        latencies.push(performance.now() - dueAt);
      }
      if (++answered === loop.requests) resolve(resultOf(byKind, lags));
    };
    const due = (index: number): number => startedAt + Math.floor(index / burst) * burst * gapMs;
    const sendDue = (): void => {
      const now = performance.now();
      while (sent < loop.requests && due(sent) <= now) {
        const dueAt = due(sent);
        if (dueAt >= measuredFrom) lags.push(now - dueAt);
        const session = sessions[sent % sessions.length];
        sent++;
        if (session === undefined || session.destroyed) ended("connection lost", dueAt);
        else send(session, headers, request.body, loop.deadlineMs, kindOf, (kind) => ended(kind, dueAt));
      }
      if (sent < loop.requests) setTimeout(sendDue, 1);
    };
    sendDue();
  });
}

function resultOf(byKind: ReadonlyMap<string, readonly number[]>, lags: readonly number[]): OpenResult {
  const ascending = (values: readonly number[]) => values.toSorted((a, b) => a - b);
  return {
    latenciesMs: ascending([...byKind.values()].flat()),
    latenciesOf: new Map([...byKind].map(([kind, values]) => [kind, ascending(values)])),
    kinds: new Map([...byKind].map(([kind, { length }]) => [kind, length])),
    lagsMs: ascending(lags),
  };
}

/** node:http2 takes a flat list as it is. */
function flatHeaders({ origin, path, headers }: Prepared): string[] {
  const { host } = new URL(origin);
  const all = { ":method": "POST", ":scheme": "http", ":authority": host, ":path": path, ...headers };
  return Object.entries(all).flat();
}

function send(
  session: http2.ClientHttp2Session,
  headers: readonly string[],
  body: Buffer,
  deadlineMs: number,
  kindOf: (body: Buffer) => string,
  ended: (kind: string) => void,
): void {
  const stream = session.request(headers);
  const chunks: Buffer[] = [];
  let status: number | undefined;
  let over = false;
  const end = (kind: string): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    ended(kind);
  };
  const timer = setTimeout(() => {
    end("late");
    stream.close(http2.constants.NGHTTP2_CANCEL);
  }, deadlineMs);
  const seen = (received: http2.IncomingHttpHeaders): void => {
    if (received["grpc-status"] !== undefined) status = Number(received["grpc-status"]);
  };
  stream.on("response", seen);
  stream.on("trailers", seen);
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => {});
  stream.once("close", () => end(status === STATUS_OK ? kindOf(Buffer.concat(chunks)) : `status ${status ?? "none"}`));
  stream.end(body);
}
