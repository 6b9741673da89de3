// The normal client beside an attack, as a separate process: node normal-client.ts <url> <path> <body> [headers]. Every
// 50 ms, or EVERY_MS, it sends one request over a fresh connection of HTTP/1.1 and one over a permanent connection of
// HTTP/2. There it also requests the server's health, which needs no upstream. On a message (`so far`, `stop`) it
// returns the results since the last message, and continues or stops.
import * as http from "node:http";
import * as http2 from "node:http2";

/** Latencies in milliseconds; `bad`: what came in place of 200, and how often. */
export interface Served {
  readonly requestCount: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly bad: Readonly<Record<string, number>>;
}

/** Results of a normal client. */
export interface Normal {
  readonly http1: Served;
  readonly http2: Served;
  /** Both of them. */
  readonly both: Served;
  /** In milliseconds, of both of them. */
  readonly latencies: readonly number[];
  /** Answers of the server without an upstream, over HTTP/2. */
  readonly alone: Served;
  /** Largest delay of nine of ten of its timers, in milliseconds. */
  readonly lagMs: number;
}

const EVERY_MS = Number(process.env.EVERY_MS ?? 50);
const TIMEOUT_MS = 10_000;
const [, , url = "", path = "", body = "", more = "{}"] = process.argv;
const HEALTH = ["/grpc.health.v1.Health/Check", "{}"] as const;
const headers = { "content-type": "application/json", ...(JSON.parse(more) as Readonly<Record<string, string>>) };

class RequestTally {
  readonly latencies: number[] = [];
  readonly bad: Record<string, number> = {};
  #open = 0;

  /** Gives what is to be called with the outcome; the first one counts. */
  begin(): (bad?: string) => void {
    const startedAt = performance.now();
    let open = true;
    this.#open++;
    const end = (bad?: string): void => {
      if (!open) return;
      open = false;
      this.#open--;
      clearTimeout(timer);
      this.latencies.push(performance.now() - startedAt);
      if (bad !== undefined) this.bad[bad] = (this.bad[bad] ?? 0) + 1;
    };
    const timer = setTimeout(end, TIMEOUT_MS, "no answer in 10 s");
    return end;
  }
  get quiet(): boolean {
    return this.#open === 0;
  }
}
function served(tallies: readonly RequestTally[]): Served {
  const sorted = tallies.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  const at = (part: number) => tenths(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  const bad: Record<string, number> = {};
  for (const tally of tallies)
    for (const [what, count] of Object.entries(tally.bad)) bad[what] = (bad[what] ?? 0) + count;
  return { requestCount: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1), bad };
}
const tenths = (ms: number) => Math.round(ms * 10) / 10;
const status = (code: unknown) => (code === 200 ? undefined : `HTTP ${code}`);
const codeOf = (error: Error) => ("code" in error ? String(error.code) : error.message);

/** Requests between two messages. */
class Round {
  readonly http1 = new RequestTally();
  readonly http2 = new RequestTally();
  readonly alone = new RequestTally();
  /** Delays of the client's own timer, in milliseconds: the load of the machine by other programs. */
  readonly lags: number[] = [];

  get quiet(): boolean {
    return [this.http1, this.http2, this.alone].every(({ quiet }) => quiet);
  }
  get normal(): Normal {
    const { http1, http2, alone, lags } = this;
    const lagMs = tenths(lags.toSorted((a, b) => a - b)[Math.floor(lags.length * 0.9)] ?? 0);
    return {
      http1: served([http1]),
      http2: served([http2]),
      both: served([http1, http2]),
      latencies: [...http1.latencies, ...http2.latencies].map(tenths),
      alone: served([alone]),
      lagMs,
    };
  }
}

function sendHttp1(http1: RequestTally): void {
  const end = http1.begin();
  const request = http.request(url + path, { method: "POST", agent: false, headers }, (response) => {
    response.resume().on("end", () => end(status(response.statusCode)));
    response.on("error", (error) => end(codeOf(error)));
  });
  request.on("error", (error) => end(codeOf(error))).end(body);
}

let session: http2.ClientHttp2Session | undefined;
function sendHttp2(tally: RequestTally, rpcPath: string, text: string): void {
  const end = tally.begin();
  if (session === undefined || session.closed || session.destroyed) session = http2.connect(url).on("error", () => {});
  const stream = session.request({ ":method": "POST", ":path": rpcPath, ...headers });
  let code: unknown;
  stream.on("response", (answer) => {
    code = answer[":status"];
  });
  stream.resume().on("end", () => end(status(code)));
  stream.on("error", (error) => end(codeOf(error))).on("close", () => end("closed"));
  stream.end(text);
}

let round = new Round();
let due = performance.now() + EVERY_MS;
const timer = setInterval(() => {
  const now = performance.now();
  round.lags.push(Math.max(0, now - due));
  due = now + EVERY_MS;
  sendHttp1(round.http1);
  sendHttp2(round.http2, path, body);
  sendHttp2(round.alone, ...HEALTH);
}, EVERY_MS);
process.on("message", (message) => {
  if (message === "stop") clearInterval(timer);
  const ended = round;
  round = new Round();
  const wait = setInterval(() => {
    if (!ended.quiet) return;
    clearInterval(wait);
    process.send?.(ended.normal);
  }, EVERY_MS);
});
process.on("disconnect", () => process.exit(0));
process.stdout.write(`listening on ${url}\n`);
