// Sends one request to a BFF in each world, and compares the answer with what the contract wants.
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { TestFollow } from "../../../packages/testing/src/follow.ts";
import { resolved } from "./borders.ts";
import type { MissingCase } from "./cases.ts";
import { HEALTHY, IDS, itemOf, MISSING, WORLDS, type World } from "./values.ts";

export type CreateBff = (options: object) => { readonly close: () => void; readonly [rpc: string]: unknown };
type Answer = Readonly<Record<string, unknown>> & { readonly degraded: readonly Entry[] };
interface Entry {
  readonly path: string;
  readonly effect: number;
  readonly reason: number;
  readonly upstream: string;
}
const EFFECTS = ["EFFECT_UNSPECIFIED", "EFFECT_MISSING", "EFFECT_REPLACED", "EFFECT_INCOMPLETE", "EFFECT_STALE"];
const REQUEST = { ids: [...IDS] };

export async function faultOf(testCase: MissingCase, create: CreateBff): Promise<string | undefined> {
  for (const world of [HEALTHY, ...WORLDS]) {
    if (world.anonymous && !testCase.identity) continue;
    const fault = await faultIn(testCase, create, world);
    if (fault !== undefined) return `in the world "${world.name}": ${fault}`;
  }
  return undefined;
}

async function faultIn(testCase: MissingCase, create: CreateBff, world: World): Promise<string | undefined> {
  const made: string[] = [];
  const caller = world.anonymous || !testCase.identity ? null : { principal: { subject: "u1", realms: ["r"] } };
  const bff = create({
    mocks: mocksOf(world, made),
    functions: { ownTwice: (value: bigint) => value * 2n },
    resolvers: resolvers(),
    ...(testCase.identity && { caller }),
  });
  try {
    const answer = (await (bff.getPage as Rpc)(REQUEST, { address: "192.0.2.1" })) as Answer;
    const fault = answerFault(testCase, world, answer);
    if (fault !== undefined) return fault;
    const missing = testCase.calls(world).filter((name) => !made.includes(name));
    if (missing.length > 0) return `the writes ${missing.join()} are not made`;
    if (made.length > testCase.calls(world).length) return `makes the writes ${made.join()}`;
    const partsFault = testCase.parts ? answerFault(testCase, world, await inParts(bff)) : undefined;
    if (partsFault !== undefined) return `in parts: ${partsFault}`;
    return world.anonymous ? await limitFault(testCase, bff) : undefined;
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    return `fails: ${thrown.message} ${thrown.cause ?? ""}`;
  } finally {
    bff.close();
  }
}
type Rpc = (request: object, call?: object) => Promise<unknown>;

/** The resolvers of all cases: functions by any name that ends in `Resolved` or `Mute`. */
function resolvers(): object {
  const find = (_: object, name: string): unknown => {
    const value = ({ steps }: { readonly steps: { readonly item?: { readonly name: string } } }) => steps.item?.name;
    return name.endsWith("Resolved") ? (at: never) => resolved(value(at)) : value;
  };
  return new Proxy({}, { get: find as ProxyHandler<object>["get"] & object, has: () => true });
}

async function limitFault({ limited }: MissingCase, bff: ReturnType<CreateBff>): Promise<string | undefined> {
  if (limited === undefined) return undefined;
  const code = await (bff.getPage as Rpc)(REQUEST, { address: "192.0.2.1" }).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof ConnectError ? thrown.code : thrown),
  );
  const expected = limited ? Code.ResourceExhausted : undefined;
  return code === expected
    ? undefined
    : `the second request of an anonymous caller ends with ${code}; expected ${expected}`;
}

async function inParts(bff: ReturnType<CreateBff>): Promise<Answer> {
  const whole: Record<string, unknown> = {};
  const degraded: Entry[] = [];
  const follow = (bff.streamPage as (request: object) => TestFollow<Message>)(REQUEST);
  for await (const message of follow)
    for (const [name, value] of Object.entries(message)) {
      if (name === "degraded") degraded.push(...(value as unknown as readonly Entry[]));
      else if (!isEmpty(value)) whole[name] = value;
    }
  return { ...whole, degraded };
}
const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

function answerFault({ fields }: MissingCase, world: World, answer: Answer): string | undefined {
  for (const [i, { expected }] of fields.entries()) {
    const name = `f${i + 1}`;
    const { value, effects } = expected(world);
    const got = answer[name];
    if (value === MISSING || isEmpty(value) ? !isEmpty(got) : shown(got) !== shown(value))
      return `${name} is ${shown(got)}; expected ${value === MISSING ? "no value" : shown(value)}`;
    const entries = answer.degraded.filter(
      ({ path }) => path === name || path.startsWith(`${name}[`) || path.startsWith(`${name}.`),
    );
    const found = entries.map(({ effect }) => EFFECTS[effect] ?? `${effect}`);
    if (effects.length === 0 ? entries.length > 0 : !found.some((effect) => effects.includes(effect)))
      return `${name} has the entries [${found.join()}]; expected ${effects.join(" or ") || "none"}`;
    const odd = entries.find(({ reason, upstream }) => reason === 0 || upstream !== "up.v1.ItemService");
    if (odd !== undefined) return `${name} blames "${odd.upstream}" for the reason ${odd.reason}`;
  }
  const known = answer.degraded.find(({ path }) => !/^f\d+/.test(path));
  return known && `degraded has ${known.path}`;
}
const shown = (value: unknown): string =>
  JSON.stringify(value instanceof Map ? Object.fromEntries(value) : value, (_, of) =>
    typeof of === "bigint" ? `${of}n` : of,
  ) ?? "nothing";

/** @param made names of the writes that are made */
function mocksOf({ failing }: World, made: string[]): object {
  const itemFor = (id: string): object => {
    const { cents, attributes, tags, name, width } = itemOf(id);
    return { id, name, priceCents: cents, tags: [...tags], attributes, size: { width } };
  };
  const refuse = (): never => {
    throw new ConnectError("made to fail", Code.Unavailable);
  };
  return {
    item: {
      getItem: ({ id }: { id: string }) => (failing.has(id) ? refuse() : itemFor(id)),
      batchGetItems: ({ ids }: { ids: readonly string[] }) => ({
        items: ids.filter((id) => !failing.has(id)).map(itemFor),
      }),
    },
    order: {
      getOrder: ({ id }: { id: string }) => ({ id, itemId: "i" }),
      placeOrder: () => {
        made.push("placeOrder");
        return { id: "o" };
      },
    },
  };
}
