// Options that name measured or assumed latencies: traces, Prometheus, a file by hand.
import { type Command, InvalidArgumentError } from "commander";
import { boundedText, causeOf } from "../project/bounded-text.ts";
import { append, Refusal, type Terminal } from "../terminal.ts";
import type { WhatIf } from "../whatif/load.ts";
import { readBounded } from "./text-file.ts";

export interface MeasurementOptions {
  readonly latencies?: string;
  readonly traces: readonly string[];
  readonly prometheus?: string;
  readonly window: string;
}

/** Adds the options. */
export function addMeasurements(command: Command): Command {
  return command
    .option(
      "--latencies <file>",
      "p50 and p99 of each rpc of an upstream, and rates of requests; they replace measured values",
    )
    .option("--traces <file>", "traces of the server in OTLP's JSON; may be given several times", append, [])
    .option("--prometheus <url>", "Prometheus that scrapes the servers, as in http://127.0.0.1:9090")
    .option("--window <duration>", "time that is read from Prometheus, up to now", duration, "1h");
}

function duration(text: string): string {
  if (!/^[1-9]\d*[smhdw]$/.test(text)) throw new InvalidArgumentError("a duration is needed, as in 1h");
  return text;
}

/** Reads all measurements; a later kind replaces rpcs of an earlier one. Throws a `Refusal` if none is named. */
export async function measuredWorld(
  library: typeof WhatIf,
  { latencies, traces, prometheus, window }: MeasurementOptions,
  { cwd }: Terminal,
): Promise<WhatIf.World> {
  if (latencies === undefined && traces.length === 0 && prometheus === undefined)
    throw new Refusal("no latencies are known: add --traces, --prometheus or --latencies", 2);
  const worlds: WhatIf.World[] = [];
  if (prometheus !== undefined)
    worlds.push(await library.readPrometheus((query) => answerTo(prometheus, query), window));
  for (const file of traces)
    worlds.push(library.parseTraces(readBounded(file, cwd, "a file of traces", library.MAX_TRACES_BYTES, 2), file));
  if (latencies !== undefined) {
    const text = readBounded(latencies, cwd, "a file of latencies", library.MAX_LATENCIES_BYTES, 2);
    worlds.push(library.parseLatencies(text, latencies));
  }
  return worlds.reduce(library.joined);
}

const TIMEOUT_MS = 30_000;

async function answerTo(url: string, query: string): Promise<unknown> {
  const base = URL.parse(url);
  if (base === null || !/^https?:$/.test(base.protocol)) throw new Refusal(`"${url}" is not an address`, 2);
  const address = new URL(`${base.pathname.replace(/\/$/, "")}/api/v1/query`, base);
  address.searchParams.set("query", query);
  try {
    return JSON.parse(await boundedText(await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) })));
  } catch (thrown) {
    throw new Refusal(`Prometheus at ${base.href} cannot be read: ${causeOf(thrown)}`);
  }
}
