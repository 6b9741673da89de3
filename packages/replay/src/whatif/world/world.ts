// The world around a simulated BFF: the latencies and errors of each upstream rpc, and the requests of clients.
import { InputError } from "../input-error.ts";
import type { PlayModule } from "../play-module.ts";
import { type Latency, scaled } from "./latency.ts";

/** Behaviour of one rpc of an upstream. */
export interface CallWorld {
  /** Time until an answer. */
  readonly latency: Latency;
  /** Time until an error; undefined: as until an answer. */
  readonly failures: Latency | undefined;
  /** Share of the attempts that fail, from 0 to 1. */
  readonly errors: number;
  /** Number of the status code of errors. */
  readonly code: number;
  /** Number of calls that the upstream handles at a time, further calls wait; undefined: no bound. */
  readonly concurrent: number | undefined;
  /** Number of entries in each list of an answer; undefined: one. */
  readonly items: number | undefined;
}

/** Requests of one rpc of the BFF. */
export interface RpcWorld {
  /** Requests per second. */
  readonly rate: number;
  /** Number of distinct requests. */
  readonly keys: number;
  /** Exponent of Zipf's law for the frequencies of distinct requests; 0: all are equally frequent. */
  readonly skew: number;
}

/** Names are packages, services or rpcs; `*` is all. The longest name that covers an rpc applies to it. */
export interface World {
  readonly calls: ReadonlyMap<string, CallWorld>;
  readonly rpcs: ReadonlyMap<string, RpcWorld>;
}

/** A change of the world, such as `latency ×2`. */
export interface WorldEdit {
  /** Package, service or rpc; undefined: all. */
  readonly target: string | undefined;
  readonly key: "latency" | "errors" | "rate";
  /** A factor, or for errors a share. */
  readonly amount: number;
}

/** Returns true if a package, a service or an rpc contains the rpc. */
const covers = (name: string, rpc: string): boolean =>
  name === "*" || rpc === name || rpc.startsWith(`${name}.`) || rpc.startsWith(`${name}/`);

/** Returns the entry with the longest name that covers the rpc. */
export function nearest<T>(entries: ReadonlyMap<string, T>, rpc: string): T | undefined {
  let found: { readonly name: string; readonly entry: T } | undefined;
  for (const [name, entry] of entries)
    if (covers(name, rpc) && (found === undefined || (name !== "*" && name.length > found.name.length)))
      found = { name: name === "*" ? "" : name, entry };
  return found?.entry;
}

/** Returns the world with the entries of both. A name of `later` replaces what it covers; `*` replaces nothing. */
export function joined(earlier: World, later: World): World {
  const both = <T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): ReadonlyMap<string, T> => {
    const names = [...after.keys()].filter((name) => name !== "*");
    return new Map([...[...before].filter(([name]) => !names.some((other) => covers(other, name))), ...after]);
  };
  return { calls: both(earlier.calls, later.calls), rpcs: both(earlier.rpcs, later.rpcs) };
}

/** An rpc of the plan. */
export interface PlannedRpc {
  /** `call`: an rpc of an upstream; `rpc`: an rpc of the BFF. */
  readonly kind: string;
  /** Full name. */
  readonly item: string;
}

/** Returns true if an rpc of the module has a rate. */
export const isSent = ({ REQUESTS }: Pick<PlayModule, "REQUESTS">, { rpcs }: World): boolean =>
  REQUESTS.some(({ rpc }) => (nearest(rpcs, rpc)?.rate ?? 0) > 0);

/**
 * Returns the behaviour of each rpc that the module calls and serves, after the changes.
 *
 * @param planned all rpcs of the project
 * @throws InputError for a call without a latency, or a change that matches nothing
 */
export function worldFor(
  { UPSTREAMS, REQUESTS }: Pick<PlayModule, "UPSTREAMS" | "REQUESTS">,
  world: World,
  edits: readonly WorldEdit[],
  planned: readonly PlannedRpc[],
): World {
  const all = { calls: namesOf(planned, "call"), rpcs: namesOf(planned, "rpc") };
  for (const { target, key } of edits) {
    const names = key === "rate" ? all.rpcs : all.calls;
    if (target !== undefined && !names.some((name) => covers(target, name)))
      throw new InputError(`no rpc with a ${key} is "${target}": there are ${names.join(", ")}`);
  }
  const services = new Set(Object.values(UPSTREAMS).map(({ typeName }) => typeName));
  const calls = all.calls.filter((name) => services.has(name.replace(/\/.*/, "")));
  const missing = calls.filter((call) => nearest(world.calls, call) === undefined);
  if (missing.length > 0)
    throw new InputError(
      `there is no latency of ${missing.join(", ")}: add ${JSON.stringify(missing[0])} to "calls", or "*" for all others`,
    );
  const edited = <T>(name: string, of: T, apply: (of: T, edit: WorldEdit) => T): T =>
    edits.filter(({ target }) => target === undefined || covers(target, name)).reduce(apply, of);
  const found = <T>(names: readonly string[], of: ReadonlyMap<string, T>, apply: (of: T, edit: WorldEdit) => T) =>
    new Map(
      names.flatMap((name): [string, T][] => {
        const entry = nearest(of, name);
        return entry === undefined ? [] : [[name, edited(name, entry, apply)]];
      }),
    );
  const sent = [...new Set(REQUESTS.map(({ rpc }) => rpc))].filter((rpc) => (nearest(world.rpcs, rpc)?.rate ?? 0) > 0);
  return { calls: found(calls, world.calls, editedCall), rpcs: found(sent, world.rpcs, editedRpc) };
}
const namesOf = (planned: readonly PlannedRpc[], kind: string): readonly string[] => [
  ...new Set(planned.filter((rpc) => rpc.kind === kind).map(({ item }) => item)),
];
const editedRpc = (of: RpcWorld, { key, amount }: WorldEdit): RpcWorld =>
  key === "rate" ? { ...of, rate: of.rate * amount } : of;
function editedCall(of: CallWorld, { key, amount }: WorldEdit): CallWorld {
  if (key === "latency")
    return { ...of, latency: scaled(of.latency, amount), failures: of.failures && scaled(of.failures, amount) };
  return key === "errors" ? { ...of, errors: amount } : of;
}
