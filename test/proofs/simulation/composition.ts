import { create } from "@bufbuild/protobuf";
import type { Request } from "../../../runtime/src/compose/request.ts";
import { asFailure, Code, type Failure, OVER } from "../../../runtime/src/failure.ts";
import { type Card, type Page, PageSchema, type Thing } from "../../../runtime/src/testing/gen/test_pb.ts";
import type { Plan, Step } from "./plan.ts";
import type { App } from "./simulate.ts";

/** Why a step is not what it would be, as its own callers saw it. */
export interface Truth {
  readonly reason: number;
  /** From the cache, though it could not be renewed. */
  readonly stale?: { readonly ageMs: number; readonly sure: boolean };
  /** An item of a list is left out. */
  readonly leftOut?: true;
}

/** Observations of a composition: separate from the runtime's records, which are compared with them. */
export class Witness {
  readonly truths: (Truth | undefined)[] = [];
  readonly chains: (readonly number[])[] = [];
  readonly present: boolean[] = [];
  /** Failures of critical steps, in the order in which they came. */
  readonly critical: { readonly failure: Failure; readonly at: number }[] = [];
  /** Critical steps that have failed. */
  readonly failed = new Set<number>();
  readonly violations: string[] = [];
  /** Largest delay of a timer, in milliseconds. */
  readonly lateMs: number;

  constructor(lateMs: number) {
    this.lateMs = lateMs;
  }
}

/** Checks a value: its owner, and whether it is stale. */
export type ValueCheck = (
  id: string,
  policy: number,
  tenant: string | undefined,
  batch: boolean,
  thing: Thing,
) => Truth | undefined;

/** Composes a page, one card for each step, as emitted code would. */
export async function compose(cx: Request<App>, plan: Plan, witness: Witness, check: ValueCheck): Promise<Page> {
  const results: Promise<string | undefined>[] = [];
  for (const [i, step] of plan.steps.entries()) {
    const needs = "needs" in step ? step.needs : undefined;
    witness.chains.push(needs === undefined ? [i] : [...(witness.chains[needs] ?? []), i]);
    const note = (truth: Truth): void => {
      const before = witness.truths[i];
      if (before === undefined || (before.stale !== undefined && truth.stale === undefined)) witness.truths[i] = truth;
    };
    const need = needs === undefined ? undefined : results[needs];
    const result = start(cx, step, need, note, witness, check);
    if (step.critical) result.then(undefined, () => witness.failed.add(i));
    results.push(result);
  }
  for (const [rank, { of, fails }] of plan.guards.entries()) {
    cx.guard(async () => {
      await results[of];
      if (fails) throw cx.refuse(Code.PERMISSION_DENIED, "no", rank);
    });
  }
  const page: Page = create(PageSchema);
  const origins = (i: number) => (witness.chains[i] ?? []).map((at) => results[at]);
  for (const [i, result] of results.entries()) {
    const value = await result;
    witness.present[i] = value !== undefined;
    const card: Card = { $typeName: "test.v1.Card", id: `${i}`, ownerName: value };
    page.cards.push(card);
  }
  if (cx.degraded) {
    for (const [i, card] of page.cards.entries())
      cx.touched(card, "owner_name", card.ownerName !== undefined, ...origins(i));
  }
  return page;
}

/** A table of the kinds of steps. */
function start(
  cx: Request<App>,
  step: Step,
  need: Promise<string | undefined> | undefined,
  note: (truth: Truth) => void,
  witness: Witness,
  check: ValueCheck,
): Promise<string | undefined> {
  const fails = (failure: Failure): void => {
    if (failure === OVER) return;
    note({ reason: failure.reason });
    if (step.critical) witness.critical.push({ failure, at: cx.exchange.clock.now() });
  };
  const run = async (mark: Parameters<Parameters<typeof cx.step>[0]>[0]): Promise<string | undefined> => {
    if (need !== undefined && (await need) === undefined) return undefined;
    switch (step.kind) {
      case "sub":
        try {
          return await cx.sub(async (inner) => {
            // Only the first failure of the part counts; the values that the part omits are not checked.
            const silent = new Witness(witness.lateMs);
            const all = step.inner.map((each) => start(inner, each, undefined, () => {}, silent, check));
            const values = await Promise.all(all);
            witness.violations.push(...silent.violations);
            return values.join();
          });
        } catch (thrown) {
          fails(asFailure(thrown));
          throw thrown;
        }
      case "partial": {
        const few = step.bounded === undefined ? cx : cx.bounded(step.bounded);
        const failed: (Truth | undefined)[] = [];
        const rpc = few.app.get[step.policy];
        if (rpc === undefined) throw new Error("no such policy");
        const items = step.ids.map((id, i) =>
          few
            .send(rpc, { id }, { rescue: (error) => witnessed(error, () => (failed[i] = { reason: error.reason })) })
            .then((thing) => {
              failed[i] = check(id, step.policy, undefined, false, thing);
              return thing;
            }),
        );
        const sends = items.map((item) => item);
        const noteAll = (): void => {
          for (const truth of failed)
            if (truth !== undefined && truth.stale === undefined) note({ ...truth, leftOut: true });
        };
        try {
          const list = await cx.partial(sends, mark);
          return list.map(({ id }) => id).join();
        } finally {
          noteAll();
        }
      }
      default:
        return runStep(cx, step, mark, fails, note, witness, check);
    }
  };
  if (step.critical) return cx.step(async (mark) => run(mark));
  return cx.tryStep(async (mark) => run(mark));
}
function witnessed(error: Failure, see: () => void): Failure {
  see();
  return error;
}

async function runStep(
  cx: Request<App>,
  step: Extract<Step, { rescue: unknown }>,
  mark: Parameters<Parameters<typeof cx.step>[0]>[0],
  fails: (failure: Failure) => void,
  note: (truth: Truth) => void,
  witness: Witness,
  check: ValueCheck,
): Promise<string | undefined> {
  const { lateMs } = witness;
  const { kind, id, policy, tenant } = step;
  const instead = Symbol();
  const rescue = (error: Failure): Failure | undefined | typeof instead => {
    if (step.rescue === "ignore") return undefined;
    if (step.rescue === "value") {
      note({ reason: error.reason });
      return instead;
    }
    fails(error);
    inTime();
    return error;
  };
  const extra = { rescue, mark, ...(tenant !== undefined && { metadata: { "x-tenant": tenant } }) };
  const { get, byId } = cx.app;
  const rpc = get[policy];
  const batch = byId[policy];
  if (rpc === undefined || batch === undefined) throw new Error("no such policy");
  const { clock } = cx.exchange;
  const until = clock.now() + rpc.timeoutMs + lateMs;
  const inTime = (): void => {
    if (!cx.exchange.over && clock.now() > until + 1e-6) witness.violations.push(`${kind} ${id} took too long`);
  };
  const value =
    kind === "load"
      ? await cx.load(batch, id, undefined, extra)
      : kind === "effect"
        ? await cx.effect(rpc, { id }, extra)
        : await cx.send(rpc, { id }, extra);
  inTime();
  if (value === undefined) {
    // The absence of the item may be a stale answer.
    if (kind === "load" && rpc.cache !== undefined && cx.degraded)
      note({ reason: 0, stale: { ageMs: 0, sure: false } });
    return undefined;
  }
  if (typeof value === "symbol") return "instead";
  const truth = check(id, policy, tenant, kind === "load", value);
  if (truth !== undefined) note(truth);
  return value.id;
}
