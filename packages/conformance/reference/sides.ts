// Addresses of an upstream: its branches, its shards, and its breakers.
import { createHash } from "node:crypto";
import { type CelInput, isCelUint } from "@bufbuild/cel";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Code } from "@connectrpc/connect";
import type { MergedPolicy } from "./calls.ts";
import { SHARDS, shareOf } from "./functions.ts";
import type { Place } from "./response.ts";
import { invalid, present, type StepFailure } from "./result.ts";
import { type Branch, type Breaker as BreakerRule, durationMs } from "./rules.ts";

const bytesOf = (key: CelInput): Uint8Array | string => (key instanceof Uint8Array ? key : String(plain(key)));
const plain = (key: CelInput): CelInput => (isCelUint(key) ? key.value : key);
const hash = (key: CelInput): bigint => createHash("sha256").update(bytesOf(key)).digest().readBigUInt64BE();

/** The weight of a name for a key: `xorshiftMult64` of github.com/dgryski/go-rendezvous. */
function weight(name: string, key: CelInput): bigint {
  let x = hash(name) ^ hash(key);
  x ^= x >> 12n;
  x ^= BigInt.asUintN(64, x << 25n);
  x ^= x >> 27n;
  return BigInt.asUintN(64, x * 2_685_821_657_736_338_717n);
}

/** Returns the shard of a call. Throws `StepFailure` for a name or a key that is none. */
export async function shardOf(policy: MergedPolicy, place: Place, request: ReflectMessage) {
  const { by, name, hash: rule, near } = policy.shard;
  const scope: Place["scope"] = (read) => (read === "request" ? Promise.resolve(present(request)) : place.scope(read));
  const value = async (source: string): Promise<CelInput | undefined> =>
    (await place.evaluator.value(source, near ? place.scope : scope, place.globals)).value;
  const key = await value(name ?? by ?? "");
  if (name !== undefined && SHARDS.includes(String(key))) return String(key);
  if (name !== undefined || key === undefined) throw invalid("no shard");
  const count = BigInt(SHARDS.length);
  if (rule === "MODULO") return SHARDS[Number(((BigInt(String(plain(key))) % count) + count) % count)] ?? "";
  return SHARDS.reduce((best, other) => (weight(other, key) > weight(best, key) ? other : best));
}

/** Returns the name of the branch that a request takes; "" for none. */
export async function branchOf(branches: readonly Branch[], { evaluator, scope, globals }: Place): Promise<string> {
  for (const { name, if: condition, share, by } of branches) {
    try {
      if (condition !== undefined && !(await evaluator.holds(condition, scope, globals)).is) continue;
      const value = by === undefined ? String(Math.random()) : (await evaluator.value(by, scope, globals)).value;
      if (share === undefined || (value && shareOf(name, String(value)) < share)) return name;
    } catch {}
  }
  return "";
}

const FAILURES = new Set([Code.Unavailable, 4, 13, 2, 15, 8]);

/** Refuses calls after failures. */
export class Breaker {
  #samples: readonly { readonly at: number; readonly failed: boolean }[] = [];
  #open = false;
  #until = 0;
  #probing = false;
  /** Moments of failed calls in a row. */
  #row: readonly number[] = [];
  /** Number of calls that were ever counted in a row. */
  counted = 0;

  /** Returns whether a call may be sent. */
  enter(): boolean {
    if (!this.#open) return true;
    if (this.#probing || performance.now() < this.#until) return false;
    this.#probing = true;
    return true;
  }

  /** Counts the end of a call that has been sent. */
  leave(code: Code | undefined, rule: BreakerRule): void {
    if (this.#open && !this.#probing) return; // it began before the breaker opened
    const { minimum = 20, errorRate = 0.5, window = "10s", openFor = "5s" } = rule;
    const now = performance.now();
    const failed = code !== undefined && FAILURES.has(code);
    const recent = this.#samples.filter(({ at }) => at > now - durationMs(window));
    const probe = this.#probing;
    this.#probing = false;
    this.#samples = probe ? [] : [...recent, { at: now, failed }];
    const share = this.#samples.filter((sample) => sample.failed).length / this.#samples.length;
    if (probe || !failed) this.#row = [];
    this.#open = probe ? failed : this.#samples.length >= minimum && share >= errorRate;
    if (this.#open) this.#until = now + durationMs(openFor);
  }

  /** Counts a failed call. `counted` is what the breaker had counted at its start. */
  fail(
    error: StepFailure,
    counted: number,
    { minimum = 20, window = "10s", openFor = "5s", ...rule }: BreakerRule,
  ): void {
    const { consecutive = 5, off } = rule;
    const lost = error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
    const now = performance.now();
    const samples = this.#samples.filter(({ at }) => at > now - durationMs(window)).length;
    if (off || this.#open || !lost || counted !== this.counted || consecutive === 0 || samples >= minimum) return;
    this.counted++;
    this.#row = [...this.#row.filter((at) => at >= now - 60_000), now];
    if (this.#row.length < consecutive) return;
    this.#open = true;
    this.#until = now + durationMs(openFor);
    this.#row = [];
  }
}
