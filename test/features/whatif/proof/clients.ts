// Clients of the proof: requests at random moments, whether or not earlier ones are answered.
import { once } from "node:events";
import * as http2 from "node:http2";
import { quantile } from "../../../../packages/replay/src/whatif/result/estimate.ts";
import { Random, zipf } from "../../../../packages/replay/src/whatif/world/random.ts";

/** Answers of one measurement. */
export interface Measured {
  /** Ascending, in milliseconds. */
  readonly ms: readonly number[];
  readonly degraded: number;
  readonly failed: number;
  /** 99th percentile of the delays of sending, in milliseconds. */
  readonly lagMs: number;
}
export interface Load {
  readonly perSecond: number;
  /** Measured requests; a tenth more are sent before them. */
  readonly requests: number;
  readonly keys: number;
  readonly seed: number;
}

/** Sends the requests, and resolves when all are answered. */
export async function sendLoad(url: string, { perSecond, requests, keys, seed }: Load): Promise<Measured> {
  const session = http2.connect(url);
  await once(session, "remoteSettings");
  const random = new Random(seed, "clients");
  const key = zipf(keys, 1);
  const found = { ms: [] as number[], degraded: 0, failed: 0 };
  const warmUp = Math.round(requests / 10);
  const lags: number[] = [];
  let open = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const send = (number: number): void => {
    const id = Buffer.from(`id-1-${key(random)}`);
    const sentAt = performance.now();
    const stream = session.request({
      ":method": "POST",
      ":path": "/web.v1.Web/GetPage",
      "content-type": "application/grpc+proto",
      te: "trailers",
    });
    let status: string | undefined;
    let degraded = false;
    const read = (headers: http2.IncomingHttpHeaders): void => {
      status = headers["grpc-status"]?.toString() ?? status;
      degraded ||= headers["bff-degraded"] !== undefined;
    };
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("error", () => {});
    stream.resume();
    stream.once("close", () => {
      if (number >= warmUp) {
        found.ms.push(performance.now() - sentAt);
        if (status !== "0") found.failed++;
        else if (degraded) found.degraded++;
      }
      if (--open === 0 && sent === requests + warmUp) resolve();
    });
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, id.length + 2, 0x0a, id.length]), id]));
  };
  let sent = 0;
  let dueAt = performance.now();
  const next = (): void => {
    while (sent < requests + warmUp && dueAt <= performance.now()) {
      open++;
      lags.push(performance.now() - dueAt);
      send(sent++);
      dueAt += random.gap(perSecond / 1_000);
    }
    if (sent < requests + warmUp) setTimeout(next, Math.max(1, dueAt - performance.now()));
  };
  next();
  await promise;
  session.close();
  const ascending = (values: number[]): readonly number[] => values.sort((a, b) => a - b);
  return { ...found, ms: ascending(found.ms), lagMs: quantile(ascending(lags), 0.99) };
}
