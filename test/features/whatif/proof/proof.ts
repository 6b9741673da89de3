// Predictions of changes, written down before the same changes run with real processes on loopback.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import {
  parseChanges,
  parseTraces,
  type SimulationOptions,
  simulate,
  type World,
  worldFor,
} from "@protobff/replay/whatif";
import { quantile } from "../../../../packages/replay/src/whatif/result/estimate.ts";
import { testCollector } from "../../../../packages/server/src/testing/otlp-collector.ts";
import { TIMEOUTS } from "./bff.ts";
import { type Load, type Measured, sendLoad } from "./clients.ts";
import { type Figures, independent } from "./formula.ts";
import { type Variant, variantOf } from "./project.ts";
import type { Truths } from "./upstreams.ts";

/**
 * Unknown to predictions, which see traces alone. Tails are moderate: a few thousand requests would not show the p99 of a
 * heavy one.
 */
const TRUTHS: Truths = {
  "user.v1.Users/Get": { p50: 240, p99: 640, slow: 0.02, errors: 0.005 },
  "catalog.v1.Catalog/Get": { p50: 200, p99: 480, slow: 0, errors: 0 },
  "price.v1.Prices/Get": { p50: 320, p99: 1400, slow: 0, errors: 0 },
  "review.v1.Reviews/Get": { p50: 360, p99: 880, slow: 0, errors: 0 },
  "stock.v1.Stocks/Get": { p50: 280, p99: 680, slow: 0, errors: 0.01 },
  "ad.v1.Ads/Get": { p50: 200, p99: 600, slow: 0, errors: 0 },
};
const RATE = 120;
/** Requests to a new process, whose code is not compiled yet. */
const WARM_UP = 100;
const KEYS = 300;

/** A prediction, the measurement of the same change, and the formula's value. */
export interface Proven {
  readonly change: string;
  readonly predicted: Figures;
  readonly measured: Figures;
  readonly formula: Figures;
}
export interface ProofOptions {
  /** Measured requests of each change, and of the run that is traced. */
  readonly requests: number;
  readonly traced: number;
  readonly runs: number;
  readonly seed: number;
  /** Receives all predictions before the first change runs. */
  readonly predicted: (all: readonly { readonly change: string; readonly predicted: Figures }[]) => void;
  /** Receives each result. */
  readonly proven: (result: Proven) => void;
}

/** Traces the present BFF, predicts all changes from the traces, and then measures them. */
export async function prove(changes: readonly string[], options: ProofOptions): Promise<readonly Proven[]> {
  const { requests, runs, seed } = options;
  const upstreams = await startUpstreams();
  try {
    const declared = await variantOf([]);
    await upstreams.behave(TRUTHS);
    const traces = await tracesOf(declared, upstreams.url, {
      perSecond: RATE,
      requests: options.traced,
      keys: KEYS,
      seed,
    });
    const world = withKeys(parseTraces(traces, "traces"));
    for (const [call, { latency, errors }] of world.calls)
      console.log(call, latency(0.5).toFixed(0), latency(0.99).toFixed(0), errors.toFixed(4));
    const size = { seed, runs, requests: requests * runs };
    const predictions: Awaited<ReturnType<typeof prediction>>[] = [];
    for (const change of changes) predictions.push(await prediction(change, world, size));
    options.predicted(predictions.map(({ change, predicted }) => ({ change, predicted })));
    const all: Proven[] = [];
    for (const [i, { change, predicted, formula, variant, truths }] of predictions.entries()) {
      await upstreams.behave(truths);
      const server = await variant.start(upstreams.url);
      const found = await quietly(server.url, { perSecond: RATE, requests, keys: KEYS, seed: seed + i + 1 });
      await server.stop();
      const proven = { change, predicted, measured: figuresOf(found), formula };
      options.proven(proven);
      all.push(proven);
    }
    return all;
  } finally {
    upstreams.stop();
  }
}

async function prediction(change: string, world: World, size: SimulationOptions) {
  const changes = parseChanges([change]);
  const variant = await variantOf(changes.plan);
  const changed = worldFor(variant.module, world, changes.world, variant.settings);
  const { rpcs } = await simulate(variant.module, changed, size);
  const [page] = rpcs;
  const timeouts: Record<string, number> = { ...TIMEOUTS };
  for (const { kind, item, key, value } of variant.settings)
    if (key === "timeout" && value !== null) timeouts[kind === "rpc" ? "" : item] = value;
  return {
    change,
    variant,
    truths: changedTruths(changes.world),
    predicted: { p99: page?.p99.value ?? Number.NaN, degraded: page?.degraded.value ?? Number.NaN },
    formula: independent(changed, timeouts),
  };
}

function changedTruths(edits: ReturnType<typeof parseChanges>["world"]): Truths {
  return Object.fromEntries(
    Object.entries(TRUTHS).map(([call, truth]) => {
      const edited = edits.filter(({ target = "" }) => call.startsWith(target));
      const factor = edited.find(({ key }) => key === "latency")?.amount ?? 1;
      const errors = edited.find(({ key }) => key === "errors")?.amount ?? truth.errors;
      return [call, { ...truth, p50: truth.p50 * factor, p99: truth.p99 * factor, errors }];
    }),
  );
}

/** Latest sending of 99 % of the requests. Later ones are a sign of a machine that is too busy to measure on. */
const MAX_LAG_MS = 60;
const MAX_REPEATS = 2;

/**
 * Sends the load after a warming-up. It sends the load again if the clients themselves were late.
 *
 * @param begin receives the begin of each measurement
 */
async function quietly(url: string, load: Load, begin: () => void = () => {}): Promise<Measured> {
  await sendLoad(url, { ...load, requests: WARM_UP });
  for (let repeat = 0; ; repeat++) {
    begin();
    const found = await sendLoad(url, load);
    if (found.lagMs <= MAX_LAG_MS || repeat === MAX_REPEATS) return found;
    console.log(`repeated, because clients were ${found.lagMs.toFixed(0)} ms late`);
  }
}

const figuresOf = ({ ms, degraded }: Measured): Figures => ({
  p99: quantile(ms, 0.99),
  degraded: degraded / ms.length,
});
const withKeys = ({ calls, rpcs }: World): World => ({
  calls,
  rpcs: new Map([...rpcs].map(([rpc, of]) => [rpc, { ...of, rate: RATE, keys: KEYS }])),
});

/** Returns traces in the JSON of OTLP. They are decoded after the load, which has the processor to itself. */
async function tracesOf(variant: Variant, upstreams: string, load: Load): Promise<string> {
  const bodies: { readonly headers: Record<string, string>; readonly body: Buffer }[] = [];
  const sink = createServer(async (incoming, response) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part);
    const { "content-type": type = "", "content-encoding": encoding } = incoming.headers;
    const headers = { "content-type": type, ...(encoding && { "content-encoding": encoding }) };
    bodies.push({ headers, body: Buffer.concat(parts) });
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const { port } = sink.address() as AddressInfo;
  const server = await variant.start(upstreams, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_BSP_MAX_QUEUE_SIZE: "100000",
  });
  let from = 0n;
  const found = figuresOf(
    await quietly(server.url, load, () => {
      from = BigInt(Date.now()) * 1_000_000n;
    }),
  );
  console.log(`traced: p99 ${found.p99.toFixed(0)} ms, degraded ${found.degraded}`);
  await server.stop();
  sink.close();
  const collector = await testCollector();
  for (const { headers, body } of bodies)
    await fetch(`${collector.url}/v1/traces`, { method: "POST", headers, body: Uint8Array.from(body) });
  await collector.close();
  const spans = collector.requests
    .flatMap((request) => request.spans)
    .filter(({ startTimeUnixNano }) => BigInt(startTimeUnixNano) > from);
  const documents = spans.map(({ attributes, events: _, links: __, ...span }) => ({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                ...span,
                attributes: Object.entries(attributes).map(([key, value]) => ({
                  key,
                  value: typeof value === "string" ? { stringValue: value } : value,
                })),
              },
            ],
          },
        ],
      },
    ],
  }));
  return documents.map((document) => JSON.stringify(document)).join("\n");
}

async function startUpstreams() {
  const child = fork(fileURLToPath(new URL("./upstreams.ts", import.meta.url)));
  const [url] = (await once(child, "message")) as [string];
  return {
    url,
    behave: async (truths: Truths) => {
      const ready = once(child, "message");
      child.send(truths);
      await ready;
    },
    stop: () => child.disconnect(),
  };
}
