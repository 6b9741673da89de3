import { create, type Message } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Cache } from "../../../runtime/src/cache/cache.ts";
import { Upstream } from "../../../runtime/src/call/upstream.ts";
import type { Request } from "../../../runtime/src/compose/request.ts";
import { endpoint } from "../../../runtime/src/endpoint/endpoint.ts";
import type { Answering } from "../../../runtime/src/endpoint/endpoint-options.ts";
import { Code, type Failure, OVER } from "../../../runtime/src/failure.ts";
import { budgetMs, callBudgetMs } from "../../../runtime/src/guard/deadline.ts";
import type { Observer } from "../../../runtime/src/observer.ts";
import {
  type BatchGetResponse,
  Front,
  type Page,
  PageSchema,
  ShowRequestSchema,
  type Thing,
  Upstream as UpstreamService,
} from "../../../runtime/src/testing/gen/test_pb.ts";
import { CacheRules } from "./cache-rules.ts";
import { compose, type Truth, Witness } from "./composition.ts";
import { type RandomRequest, randomRequest } from "./plan.ts";
import { Random } from "./random.ts";
import { randomSetup, type Setup, SimLevel } from "./setup.ts";
import { drained, SimClock } from "./sim-clock.ts";
import { SimUpstream } from "./sim-upstream.ts";
import { type RequestState, WireRules } from "./wire-rules.ts";

/** Result of one seed. */
export interface Outcome {
  readonly seed: number;
  /** Violations of the rules; empty if there are none. */
  readonly violations: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
}

/** App of the compositions: a call and a batch for each policy. */
export type App = ReturnType<typeof makeApp>;
function makeApp(upstream: Upstream, setup: Setup) {
  return {
    get: setup.policies.map((policy) => upstream.unary(UpstreamService.method.get, policy)),
    byId: setup.policies.map((policy) => ({
      rpc: upstream.unary(UpstreamService.method.batchGet, policy),
      request: (ids: string[]) => ({ ids }),
      items: (response: BatchGetResponse) => response.things,
      key: (item: Thing) => item.id,
      max: 3,
    })),
  };
}

/**
 * Runs random requests with random policies over a random upstream, and checks the events against the rules. `told`
 * changes the policies for the rules alone, to test that they notice a runtime with other policies.
 */
export async function simulate(seed: number, alter: (setup: Setup) => Setup = (setup) => setup): Promise<Outcome> {
  const random = new Random(seed);
  const setup = randomSetup(random);
  const clock = new SimClock(random, random.chance(0.2) ? 30 : 0);
  const client = new SimUpstream(random, clock);
  const requests = new Map<string, RequestState>();
  const rules = new WireRules(alter(setup), clock, client, requests);
  const cached = new CacheRules(alter(setup), clock, client, rules);
  const started = new Set<object>();
  const observer: Observer = {
    callStart: (event) => {
      started.add(event.call);
      rules.began(event);
    },
    attempt: (event) => rules.attempted(event),
    call: (event) => {
      if (!started.delete(event.call)) rules.fail("a call has ended that had not begun, or twice");
      rules.called(event);
      cached.called(event);
    },
    breaker: ({ to }) => rules.changed(to),
  };
  const second = setup.second ? new SimLevel(random, clock) : undefined;
  const cache = new Cache({ clock, second, maxBytes: setup.cacheBytes });
  const upstream = new Upstream("test.v1.Upstream", client, setup.upstream, { clock, observer, cache });
  const app = makeApp(upstream, setup);
  const seen = { requests: 0, failed: 0, degraded: 0, stale: 0, gone: 0 };

  const send = (request: RandomRequest, compose: (cx: Request<App>) => Promise<Page>): Promise<Answer> =>
    asking(request, setup, clock, app, requests, compose, rules);
  const checkRequest = async (request: RandomRequest): Promise<void> => {
    const witness = new Witness(clock.lateMs);
    const checkValue = (id: string, policy: number, tenant: string | undefined, batch: boolean, thing: Thing) =>
      cached.check(id, policy, tenant, batch, request.user, thing);
    const answer = await send(request, (cx) => compose(cx, request.plan, witness, checkValue));
    seen.requests++;
    for (const violation of witness.violations) rules.fail(violation);
    if (answer.failure !== undefined) seen.failed++;
    if (answer.gone) seen.gone++;
    if (answer.entries !== undefined) seen.degraded++;
    if (answer.entries?.some((entry) => entry.includes(" 4 "))) seen.stale++;
    check(request, answer, witness, (what) => rules.fail(`${request.id}: ${what}`));
  };
  const all: Promise<void>[] = [];
  for (let i = random.between(1, setup.requests); i > 0; i--) {
    const request = randomRequest(random, setup, i);
    clock.after(request.at, () => void all.push(checkRequest(request)));
  }
  const unhandled = (reason: unknown): void => rules.fail(`unhandled rejection: ${String(reason)}`);
  process.on("unhandledRejection", unhandled);
  try {
    await clock.run();
    await drained();
    if (all.length !== seen.requests) rules.fail(`${all.length - seen.requests} requests have no answer`);
    if (started.size > 0) rules.fail(`${started.size} calls have no end`);
    rules.finish();
    await healthy(setup, clock, client, send, rules);
  } finally {
    process.off("unhandledRejection", unhandled);
  }
  return { seed, violations: rules.violations, seen: { ...rules.seen, ...seen } };
}

interface Answer {
  readonly page?: Page;
  readonly failure?: Failure;
  readonly entries?: readonly string[];
  readonly gone: boolean;
}

function asking(
  request: RandomRequest,
  setup: Setup,
  clock: SimClock,
  app: App,
  requests: Map<string, RequestState>,
  compose: (cx: Request<App>) => Promise<Page>,
  rules: WireRules,
): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const { methodMs, concurrent } = setup;
  const from = clock.now();
  const callsUntil = from + callBudgetMs(budgetMs(methodMs, request.clientMs));
  const state: RequestState = { callsUntil, mayRetry: request.mayRetry, user: request.user, gone: false };
  requests.set(request.id, state);
  let entries: string[] | undefined;
  let answered = false;
  const answer = (end: Answer): void => {
    if (answered) rules.fail(`${request.id}: a second answer`);
    answered = true;
    if (clock.now() > callsUntil + clock.lateMs + 1e-6) rules.fail(`${request.id}: answered late`);
    rules.gone(request.id);
    resolve(end);
  };
  const { run } = endpoint(Front.method.show, app, {
    timeoutMs: methodMs,
    concurrent,
    compose,
    degraded: (_, all) => {
      entries = all.map(
        ({ path, effect, reason, age }) =>
          `${path} ${effect} ${reason}${age === undefined ? "" : ` ${durationMs(age)}`}`,
      );
    },
    clock,
  });
  const headers = new Headers({ "x-user": request.user, "x-request-id": request.id });
  if (!request.mayRetry) headers.set("grpc-previous-rpc-attempts", "1");
  const answering: Answering = run(
    create(ShowRequestSchema),
    headers,
    request.clientMs,
    (page: Message) => answer({ page: page as Page, gone: false, ...(entries && { entries }) }),
    (failure) => answer({ failure, gone: false }),
  );
  if (request.goneMs !== undefined) {
    clock.after(request.goneMs, () => {
      if (answered) return;
      state.gone = true;
      answering.cancel();
      answer({ gone: true });
    });
  }
  return promise;
}

/** Holds an answer against what its composition saw. */
function check(request: RandomRequest, answer: Answer, witness: Witness, fail: (what: string) => void): void {
  const { plan } = request;
  if (answer.gone) return;
  const { failure } = answer;
  // A guard that depends on a failed critical step is not evaluated; if other calls have that failure, too, it may be
  // evaluated.
  const rests = (of: number): boolean => witness.chains[of]?.some((at) => witness.failed.has(at)) === true;
  const failing = plan.guards.filter(({ fails }) => fails);
  const refuses = failing.some(({ of }) => !rests(of));
  if (failure !== undefined) {
    if (failure === OVER) fail("failed as over");
    if (refuses) {
      if (failure.clientCode !== Code.PERMISSION_DENIED) fail(`${failure.message} came before a guard's refusal`);
    } else if (failure.clientCode === Code.PERMISSION_DENIED) {
      if (failing.length === 0) fail("refused by no guard");
    } else {
      const seen = witness.critical.find((each) => each.failure === failure);
      if (seen === undefined) fail(`failed with ${failure.message}, which no critical step saw`);
      else if (plan.guards.length === 0 && seen.at !== witness.critical[0]?.at) fail("failed with what came later");
    }
    return;
  }
  if (refuses) fail("answered past a guard");
  if (witness.critical.length > 0) fail("answered past a critical failure");
  const expected: { text: string; age: number | undefined; sure: boolean }[] = [];
  for (const [i, chain] of witness.chains.entries()) {
    const truths = chain.flatMap((at) => witness.truths[at] ?? []);
    const truth = truths.find(({ stale }) => stale === undefined) ?? truths[0];
    if (truth === undefined) continue;
    const every = truths.every(({ stale }) => stale?.sure !== false);
    const effect = effectOf(truth, witness.present[i] === true);
    const text = `cards[${i}].owner_name ${effect} ${truth.reason}`;
    expected.push({ text, age: every ? truth.stale?.ageMs : undefined, sure: every });
  }
  const found = [...(answer.entries ?? [])];
  for (const { text, age, sure } of expected) {
    const at = found.findIndex((entry) =>
      sure && age === undefined ? entry === text : entry.startsWith(text.split(" ").slice(0, 2).join(" ")),
    );
    if (at < 0) {
      if (sure) fail(`degraded without saying so: ${text}; said ${answer.entries?.join("; ")}`);
      continue;
    }
    const [entry] = found.splice(at, 1);
    const entryAge = Number(entry?.split(" ")[3]);
    if (age !== undefined && Math.abs(entryAge - age) > 1) fail(`said ${entry}, and is ${age} ms old`);
  }
  if (found.length > 0) fail(`said ${found.join("; ")}, which is not so`);
}

/** Returns the number of the effect: a text that is joined of a list without some of its items is incomplete. */
function effectOf({ stale, leftOut }: Truth, present: boolean): number {
  if (stale !== undefined) return 4;
  if (!present) return 1;
  return leftOut ? 3 : 2;
}

/** When all is over nothing is left, and all places are free. */
async function healthy(
  setup: Setup,
  clock: SimClock,
  client: SimUpstream,
  send: (request: RandomRequest, compose: (cx: Request<App>) => Promise<Page>) => Promise<Answer>,
  rules: WireRules,
): Promise<void> {
  if (clock.running > 0) rules.fail(`${clock.running} timers are left`);
  client.healed = true;
  const plan = { steps: [], guards: [] };
  const probe = (id: string, count: number, only?: number): Promise<Answer> =>
    send({ id, at: 0, user: "ann", mayRetry: true, clientMs: undefined, goneMs: undefined, plan }, async (cx) => {
      for (const [i, rpc] of cx.app.get.entries()) {
        if (only !== undefined && only !== i) continue;
        const most = Math.min(count, setup.concurrent, setup.policies[i]?.limit?.concurrent ?? count);
        const all = Array.from({ length: most }, (_, n) => cx.effect(rpc, { id: `${i}fx-${id}${n}` }));
        await Promise.all(all);
      }
      return create(PageSchema);
    });
  // Time in which open breakers become half-open, and then one success closes them.
  for (let i = 0; i < 4; i++) {
    clock.after(1_000, () => {});
    await clock.run();
    const probing = probe(`p${i}`, 1);
    await clock.run();
    await probing;
  }
  // One policy after the other: lost hedges keep their places for a while.
  for (const i of setup.policies.keys()) {
    const probing = probe("all", setup.upstream.limit?.concurrent ?? 3, i);
    await clock.run();
    const { failure } = await probing;
    if (failure !== undefined) rules.fail(`not well when all is well: ${failure.message}`);
  }
  rules.finish();
}
