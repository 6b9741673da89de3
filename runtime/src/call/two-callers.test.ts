// Two callers, and an unknown one, over everything that shares calls or answers. That is: caches of calls and of whole
// answers with stale entries and a second level, requests that wait for one composition, equal calls, batches, hedges,
// retries. The upstream answers with the identified caller; no caller may receive another one's answer.
import { create, fromBinary, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { PrincipalAssertionSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { Cache } from "../cache/cache.ts";
import type { SecondLevel } from "../cache/second-level.ts";
import type { Request } from "../compose/request.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import { Code } from "../failure.ts";
import { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Caller } from "../identity/caller.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { Identity } from "../identity/identity.ts";
import { NOWHERE } from "../identity/incoming-request.ts";
import { readSigned } from "../identity/propagation/assertion.ts";
import { AssertionRig } from "../testing/assertion-rig.ts";
import { FakeClient, type Sent } from "../testing/fake-client.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import {
  type BatchGetRequestSchema,
  type BatchGetResponse,
  Front,
  type GetRequestSchema,
  type Page,
  PageSchema,
  type ShowRequest,
  ShowRequestSchema,
  type Thing,
  Upstream as UpstreamService,
} from "../testing/gen/test_pb.ts";
import type { Batch } from "./batch.ts";
import type { CallPolicy } from "./policy.ts";
import { type Rpc, Upstream } from "./upstream.ts";

/** Before a release, 100,000 by hand. */
const RUNS = Number(process.env.PROTOBFF_INTERLEAVINGS ?? 5_000);

const NAMES = ["ada", "eve", "nobody"] as const;
type Name = (typeof NAMES)[number];

// One clock each, because a signature is valid for a minute of it.
const rig = new AssertionRig(new FakeClock());
const { propagator } = rig.propagation;
afterAll(() => {
  rig.propagation.close();
  rig.remove();
});
/** Different objects of the same callers, as after a new verification of their credential. */
const callerOf = (name: Name, again: boolean): Caller | undefined =>
  name === "nobody" ? undefined : CALLERS[`${name}${again ? "2" : ""}`];
const CALLERS: Readonly<Record<string, Caller>> = Object.fromEntries(
  ["ada", "eve"].flatMap((name) =>
    ["", "2"].map((suffix) => [`${name}${suffix}`, { ...rig.caller(name), token: `token-${name}` }]),
  ),
);

/** Returns the caller that an upstream received. */
function callerIn({ headers }: Sent): Name {
  const signed = headers["x-principal-signed-bin"];
  const plain = headers["x-principal-bin"];
  const bytes = (text: string): Uint8Array => Buffer.from(text, "base64");
  let who = headers.authorization?.replace("Bearer token-", "");
  if (signed !== undefined) {
    const assertion = fromBinary(PrincipalAssertionSchema, readSigned(signed)?.assertion ?? new Uint8Array(0));
    who = fromBinary(PrincipalSchema, assertion.principal).subject;
  }
  if (plain !== undefined) who = fromBinary(PrincipalSchema, bytes(plain)).subject;
  return NAMES.find((name) => name === who) ?? "nobody";
}
function answer(sent: Sent): void {
  const tags = [callerIn(sent)];
  if (sent.path.endsWith("BatchGet")) sent.things({ things: sent.ids.map((id) => ({ id, tags })) });
  else sent.thing({ tags });
}

interface Setting {
  readonly how: Identify;
  readonly cache: boolean;
  readonly stale: boolean;
  readonly second: boolean;
  readonly hedge: boolean;
  readonly retry: boolean;
  readonly coalesce: boolean;
  /** True if whole answers are reused. */
  readonly answers: boolean;
}
type Step =
  | { readonly kind: "send"; readonly who: Name; readonly again: boolean; readonly id: string; readonly what: number }
  | { readonly kind: "answer" | "fail"; readonly at: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "leave"; readonly at: number };

interface App {
  readonly get: Rpc<MessageInitShape<typeof GetRequestSchema>, Thing>;
  readonly byId: Batch<MessageInitShape<typeof BatchGetRequestSchema>, BatchGetResponse, string, Thing, unknown>;
}

function bff({ how, cache: caches, stale, second, hedge, retry, coalesce, answers: whole }: Setting) {
  const clock = new FakeClock();
  const client = new FakeClient();
  const shared = new Map<string, { readonly bytes: Uint8Array; readonly at: number }>();
  const level: SecondLevel = {
    async get(key) {
      const found = shared.get(key);
      return found && { bytes: found.bytes, ageMs: clock.now() - found.at };
    },
    async set(key, bytes) {
      shared.set(key, { bytes, at: clock.now() });
    },
  };
  const policy: CallPolicy = {
    identify: how,
    coalesce: coalesce && !caches,
    ...(caches && { cache: { ttlMs: 50, staleMs: stale ? 5_000 : undefined } }),
    ...(hedge && { hedge: { delayMs: 10, max: 1 } }),
    ...(retry && { retry: { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 5, maxMs: 20, multiplier: 2 } }),
  };
  const identity: Identity = {
    type: PrincipalSchema,
    sources: ["user"],
    hidden: new Set(["x-who"]),
    authenticate: (headers) => {
      const [name = "", again] = (headers.get("x-who") ?? "").split(" ");
      const caller = callerOf(name as Name, again === "again");
      return new AuthenticatedRequest(headers, new Set(["x-who"]), { caller, peer: NOWHERE, answer: [], propagator });
    },
  };
  const compose = async (cx: Request<App, Message>, args: ShowRequest): Promise<Page> => {
    const [id = "", what = ""] = args.id.split(" ");
    const hasBit = (bit: number): boolean => (Number(what) & bit) !== 0;
    // One step that several others read, as a service's `let`.
    const step = cx.call(cx.app.get, { id });
    const things = await Promise.all([
      step,
      hasBit(1) ? cx.call(cx.app.get, { id }) : step,
      hasBit(2) ? cx.load(cx.app.byId, id) : undefined,
      hasBit(4) ? cx.load(cx.app.byId, "other") : undefined,
      hasBit(8) ? cx.tryCall(cx.app.get, { id: "other" }) : undefined,
    ]);
    return { ...create(PageSchema), facts: things.flatMap((thing) => thing?.tags ?? []) };
  };
  const served = (app: App, answers: Cache) =>
    endpoint(Front.method.show, app, {
      timeoutMs: 500,
      compose,
      clock,
      identity,
      permit: { public: true },
      ...(whole && {
        cache: {
          answers,
          ttlMs: 50,
          staleMs: stale ? 5_000 : undefined,
          plan: "1",
          principal: "whole" as const,
          token: how === "token",
        },
      }),
    });
  // Two processes with a shared second level, or one process.
  const bffs = [0, 1].map(() => {
    const cache = new Cache({ clock, ...(second && { second: level }) });
    const upstream = new Upstream("test.v1.Upstream", client, {}, { clock, cache });
    const app = {
      get: upstream.unary(UpstreamService.method.get, policy),
      byId: {
        rpc: upstream.unary(UpstreamService.method.batchGet, policy),
        request: (ids: string[]) => ({ ids }),
        items: (response: BatchGetResponse) => response.things,
        key: (item: Thing) => item.id,
        max: 2,
      },
    };
    return served(app, cache);
  });
  const requests: { readonly who: Name; facts?: readonly string[]; ended: boolean; cancel: () => void }[] = [];
  const send = ({ who, again, id, what }: Step & { kind: "send" }): void => {
    const { run } = bffs[second ? what % 2 : 0] ?? bffs[0]!;
    const state: (typeof requests)[number] = { who, ended: false, cancel: () => {} };
    requests.push(state);
    const running = run(
      create(ShowRequestSchema, { id: `${id} ${what}` }),
      new Headers({ "x-who": `${who}${again ? " again" : ""}` }),
      undefined,
      (page) => {
        state.ended = true;
        state.facts = (page as Page).facts;
      },
      () => {
        state.ended = true;
      },
    );
    state.cancel = () => running.cancel();
  };
  return { clock, client, requests, send };
}

const who = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      who,
      again: fc.boolean(),
      id: fc.constantFrom("a", "other"),
      what: fc.nat(15),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer" as const), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail" as const), at: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(0, 4, 12, 49, 51, 300, 4_900) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), at: fc.nat(3) }) },
);
const setting: fc.Arbitrary<Setting> = fc.record({
  how: fc.constantFrom<Identify>("signed", "plain", "token"),
  cache: fc.boolean(),
  stale: fc.boolean(),
  second: fc.boolean(),
  hedge: fc.boolean(),
  retry: fc.boolean(),
  coalesce: fc.boolean(),
  answers: fc.boolean(),
});

/**
 * Number of runs in which answers were shared: more were sent to clients than were requested from the upstream, hedges
 * and retries included. Without sharing, the test would prove nothing.
 */
let shared = 0;
const SETTLING = { timeout: 3_600_000 };

test(`no caller receives the answer of another, in ${RUNS} interleavings`, SETTLING, async () => {
  await fc.assert(
    fc.asyncProperty(setting, fc.array(step, { minLength: 3, maxLength: 14 }), async (config, steps) => {
      const { clock, client, requests, send } = bff(config);
      for (const action of steps) {
        const { underWay: open } = client;
        if (action.kind === "send") send(action);
        else if (action.kind === "wait") await clock.advance(action.ms);
        else if (action.kind === "leave") requests[action.at]?.cancel();
        else {
          const sent = open[action.at % Math.max(1, open.length)];
          if (sent !== undefined && action.kind === "answer") answer(sent);
          else sent?.fault(Code.UNAVAILABLE);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (let round = 0; round < 4; round++) {
        await idle();
        for (const sent of client.underWay) if (!sent.ended) answer(sent); // a hedge goes with its first
      }
      await clock.advance(600);
      for (const { who: name, facts } of requests) for (const fact of facts ?? []) expect(fact).toBe(name);
      if (requests.flatMap(({ facts = [] }) => facts).length > client.sent.length) shared++;
    }),
    { numRuns: RUNS },
  );
  expect(shared).toBeGreaterThan(RUNS / 20);
});
