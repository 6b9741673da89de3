// One run of a case at the upstreams: its calls, and the rules that answer them.
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Rule, Script } from "./case.ts";

/** The request header that names the case; the suite's protos forward it to every upstream. */
export const CASE_HEADER = "x-conformance-case";
/** A call that an upstream received. */
export interface Call {
  /** "Service/Method request"; the name of a branch or a shard precedes it. */
  readonly key: string;
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  /** Moments, on one clock of the case. */
  readonly begin: number;
  end: number | undefined;
  cancelled: boolean;
}

/** Facts of a call besides its request. */
type Context = Pick<HandlerContext, "requestHeader" | "signal" | "timeoutMs"> & { readonly side: string };

/** One run of a case at the upstreams. */
export class Stage {
  readonly calls: Call[] = [];
  readonly #script: Script;
  readonly #used = new Set<Rule>();
  readonly #waiting: (() => void)[] = [];
  #clock = 0;

  constructor(script: Script) {
    this.#script = script;
  }

  begin(method: string, request: JsonObject, context: Context): { readonly call: Call; readonly rule: Rule } {
    const call: Call = {
      key: `${context.side} ${method} ${JSON.stringify(request)}`.trim(),
      headers: context.requestHeader,
      timeoutMs: context.timeoutMs(),
      begin: ++this.#clock,
      end: undefined,
      cancelled: false,
    };
    this.calls.push(call);
    context.signal.addEventListener("abort", () => {
      call.cancelled ||= call.end === undefined;
    });
    const rule = ruleOf(this.#script, method, request, this.#used);
    if (rule.once) this.#used.add(rule);
    for (const wake of this.#waiting.splice(0)) wake();
    return { call, rule };
  }
  end(call: Call): void {
    call.end = ++this.#clock;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits until a call of the method has arrived, or until all calls have ended. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
  arrived(method: string): boolean {
    return this.calls.some(({ key }) => key.includes(`${method} `));
  }
  idle(): boolean {
    return this.calls.every(({ end }) => end !== undefined);
  }
}

/** Returns the rule for a call; `used` are rules that no longer apply. */
export function ruleOf(script: Script, method: string, request: JsonObject, used: ReadonlySet<Rule> = new Set()): Rule {
  const found = script[method]?.find((rule) => !used.has(rule) && contains(request, rule.when ?? {}));
  return found ?? { fail: { code: Code.NotFound, message: "no rule" } };
}

/** Runs by their names. */
export type Stages = Map<string, Stage>;

const PAST_DEADLINE_MS = 300;

/** Waits as a rule demands. `reset` ends the call without an answer. */
export async function before(rule: Rule, stage: Stage, signal: AbortSignal, reset: () => void): Promise<void> {
  const { until } = rule;
  if (until !== undefined) await stage.until(() => stage.arrived(until), signal);
  if (rule.delay !== undefined) await sleep(rule.delay, undefined, { signal }).catch(() => undefined);
  if (rule.reset !== undefined) reset();
  if (rule.reset !== undefined || rule.hang) await stage.until(() => false, signal);
  // A call that hangs is not answered at its deadline either: the caller's own timer decides.
  if (rule.hang && signal.reason instanceof ConnectError && signal.reason.code === Code.DeadlineExceeded)
    await sleep(PAST_DEADLINE_MS);
  if (signal.aborted) throw new ConnectError("cancelled", Code.Canceled);
}

function contains(whole: JsonObject, part: JsonObject): boolean {
  return Object.entries(part).every(([name, value]) => JSON.stringify(whole[name]) === JSON.stringify(value));
}
