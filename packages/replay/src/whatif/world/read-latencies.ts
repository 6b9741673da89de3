// Latencies by hand: a JSON file with p50 and p99 of each rpc.
import { Code } from "@protobff/runtime/internal/failure";
import { parseFile } from "@protobff/runtime/internal/json/parse-file";
import { InputError } from "../input-error.ts";
import { logNormal } from "./latency.ts";
import type { CallWorld, RpcWorld, World } from "./world.ts";

/** Maximum size of the file in bytes. */
export const MAX_LATENCIES_BYTES = 4 << 20;
const SHAPE =
  '{ "rpcs": { "web.v1.Web/GetPage": { "rate": 50 } }, "calls": { "stock.v1.Stock/Get": { "p50": "20ms", "p99": "90ms" } } }';

/** Values of one rpc of an upstream, as in the file. */
interface CallEntry {
  readonly p50: unknown;
  readonly p99?: unknown;
  readonly errors?: unknown;
  readonly code?: unknown;
  readonly concurrent?: unknown;
  readonly items?: unknown;
}
const CALL_KEYS = ["p50", "p99", "errors", "code", "concurrent", "items"];
const RPC_KEYS = ["rate", "keys", "skew"];

/**
 * Reads latencies and rates.
 *
 * @param file name of the file, for faults
 * @throws InputError for text of another shape
 *
 * @example
 * parseLatencies('{ "rpcs": { "*": { "rate": 50 } }, "calls": { "*": { "p50": "20ms", "p99": "90ms" } } }', "l.json");
 */
export function parseLatencies(text: string, file: string): World {
  const fault = (where: string, what: string): InputError => new InputError(`${file}: ${where} ${what}`);
  let all: unknown;
  try {
    all = parseFile(text, file);
  } catch (error) {
    throw new InputError(error instanceof Error ? error.message : String(error));
  }
  if (!isObject(all) || !isObject(all.calls ?? {}) || !isObject(all.rpcs ?? {}))
    throw new InputError(`${file} is no object with "rpcs" and "calls": write ${SHAPE}`);
  onlyKeys(all, ["rpcs", "calls"], (what) => new InputError(`${file} ${what}`));
  const entries = <T>(of: unknown, name: string, keys: readonly string[], read: (entry: Entry, bad: Bad) => T) =>
    Object.entries((of ?? {}) as Entry).map(([key, entry]): [string, T] => {
      const bad: Bad = (what) => fault(`${name}["${key}"]`, what);
      if (!isObject(entry)) throw bad(`is no object: write ${SHAPE}`);
      onlyKeys(entry, keys, bad);
      return [key, read(entry, bad)];
    });
  return {
    calls: new Map(entries(all.calls, "calls", CALL_KEYS, (entry, bad) => callOf(entry as Entry & CallEntry, bad))),
    rpcs: new Map(entries(all.rpcs, "rpcs", RPC_KEYS, rpcOf)),
  };
}

type Entry = Readonly<Record<string, unknown>>;
type Bad = (what: string) => InputError;
const isObject = (value: unknown): value is Entry =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function onlyKeys(entry: Entry, known: readonly string[], bad: Bad): void {
  const other = Object.keys(entry).find((key) => !known.includes(key));
  if (other !== undefined) throw bad(`has the unknown key "${other}": write ${known.join(", ")}`);
}

function callOf(
  { p50, p99 = p50, errors = 0, code = "UNAVAILABLE", concurrent, items }: CallEntry,
  bad: Bad,
): CallWorld {
  const median = milliseconds(p50, "p50", bad);
  const high = milliseconds(p99, "p99", bad);
  if (high < median) throw bad("has a p99 below its p50: write the larger one as p99");
  const status = Object.entries(Code).find(([name]) => name === code && name !== "OK")?.[1];
  if (status === undefined) throw bad(`has the unknown code ${JSON.stringify(code)}: write one as in "UNAVAILABLE"`);
  return {
    latency: logNormal(median, high),
    failures: undefined,
    errors: share(errors, bad),
    code: status,
    concurrent: concurrent === undefined ? undefined : whole(concurrent, "concurrent", bad),
    items: items === undefined ? undefined : whole(items, "items", bad),
  };
}

/** Default number of distinct requests of an rpc. */
export const DEFAULT_KEYS = 1_000;
function rpcOf({ rate, keys = DEFAULT_KEYS, skew = 1 }: Entry, bad: Bad): RpcWorld {
  if (typeof rate !== "number" || !(rate >= 0 && rate <= 1e6))
    throw bad('has no rate: write requests per second, as in "rate": 50');
  if (typeof skew !== "number" || !(skew >= 0 && skew <= 10))
    throw bad('has a skew that is no number from 0 to 10, as in "skew": 1');
  return { rate, keys: whole(keys, "keys", bad), skew };
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };
function milliseconds(value: unknown, name: string, bad: Bad): number {
  const [, number, unit = ""] = (typeof value === "string" && /^(\d+(?:\.\d+)?)(us|ms|s|m)$/.exec(value)) || [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!(ms > 0 && ms <= 3_600_000)) throw bad(`has no duration as ${name}: write one, as in "${name}": "20ms"`);
  return ms;
}
function share(value: unknown, bad: Bad): number {
  const [, percent] = (typeof value === "string" && /^(\d+(?:\.\d+)?) ?%$/.exec(value)) || [];
  const found = percent === undefined ? value : Number(percent) / 100;
  if (typeof found !== "number" || !(found >= 0 && found <= 1))
    throw bad('has errors that are no share: write a number from 0 to 1, or percent, as in "errors": "3%"');
  return found;
}
function whole(value: unknown, name: string, bad: Bad): number {
  if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > 100_000)
    throw bad(`has no whole number from 1 to 100,000 as ${name}, as in "${name}": 8`);
  return Number(value);
}
