// Policies of random BFFs: on calls and on upstream entries, merged leaf by leaf.
import type { Expressions } from "./rich-expressions.ts";
import { followsItems, type Kind } from "./rich-kinds.ts";
import { constantOf, type Type } from "./rich-types.ts";

/** Side effect of a method. */
export type Effect = "none" | "some" | "idempotent";

/** Leaves of any call; `sure`: it may be sent again. */
function leaves(e: Expressions, sure: boolean): string[] {
  const delays = ["5ms", "30ms", "200ms"];
  const any: (() => string)[] = [
    () => `timeout: "${e.pick(delays)}"`,
    () => `limit: { concurrent: ${e.pick(["1", "2"])} queued: ${e.pick(["0", "10"])} }`,
    () => `forward: ["x-b"]`,
  ];
  const again: (() => string)[] = [
    () => `retry: { ${retry(e)} }`,
    () => `hedge: { delay: "1ms" max: ${e.pick(["1", "2", "0"])} }`,
  ];
  return [...any, ...(sure ? again : [])].filter(() => e.chance(0.3)).map((option) => option());
}
function retry(e: Expressions): string {
  const parts = [
    () => `attempts: ${e.pick(["1", "2", "4"])}`,
    () => `on: ${e.pick(["ANY", "[UNAVAILABLE]", "[NOT_FOUND, UNAVAILABLE]"])}`,
    () => `backoff: { initial: "1ms" max: "5ms" multiplier: 2 }`,
    () => `if: "${e.pick(["error.code == 14", "headers['x-a'] == 'a'", "error.message != 'no'"])}"`,
  ];
  const some = parts.filter(() => e.chance(0.5)).map((part) => part());
  return some.length === 0 ? "attempts: 2" : some.join(" ");
}
const cache = (e: Expressions, tags: readonly string[] = []): string => {
  const [first = "", ...more] = tags;
  const tag =
    tags.length > 0 && e.chance(0.4)
      ? ` tag: "${e.pick([first, ...more])}"${e.chance(0.2) ? " purged: STALE_ON_FAILURE" : ""}`
      : "";
  return `cache: { ttl: "${e.pick(["10ms", "5s"])}"${e.chance(0.5) ? ` stale: "60s"` : ""}${tag} }`;
};
/** Tags of any single call, of a call that answers with an item or an order, and of a batch. */
const TAGS = ["all", "by {headers['x-a']}"];
export const TAGS_OF_ITEM: readonly string[] = [...TAGS, "item:{answer.id}", "{answer.id}:{headers['x-a']}"];
export const TAGS_OF_BATCH: readonly string[] = ["all"];

/** Returns options of a call, with a space before each. */
export function ofCall(e: Expressions, effect: Effect, tags: readonly string[] = TAGS): string {
  if (!e.chance(0.3)) return "";
  // A repeated call must be free of effects, or declared idempotent.
  const vouched = effect === "some" && e.chance(0.3) ? "idempotent: true" : undefined;
  const all = leaves(e, effect !== "some" || vouched !== undefined);
  if (effect === "none" && e.chance(0.3)) all.push(cache(e, tags));
  if (vouched !== undefined) all.push(vouched);
  return all.map((option) => ` ${option}`).join("");
}

/**
 * Returns entries for all upstreams, a service and a method, in no order.
 *
 * @param viewer a string that results from steps of the service
 */
export function entriesOf(e: Expressions, viewer: string | undefined, kind: Kind): string[] {
  const method = e.pick([
    ["ItemService/GetItem", "Item"],
    ["OrderService/GetOrder", "Order"],
    ["ItemService/FindItems", "Found"],
  ] as const);
  const some = [...(e.chance(0.4) ? [cache(e, ["all", "every {{answer}}"])] : []), ...budget(e)];
  // The calls beside a source decide whether it can be opened again.
  const breaks = (): string[] => (followsItems(kind) ? [] : breaker(e));
  const ruled = (type?: Type): string[] => rules(e, type, kind !== "parts");
  const all = [
    ["", [...leaves(e, true), ...breaks(), ...ruled()]] as const,
    [`service: "up.v1.ItemService" `, [...leaves(e, true), ...breaks(), ...some, ...ruled()]] as const,
    [`method: "up.v1.${method[0]}" `, [...leaves(e, true), ...breaks(), ...ruled(method[1])]] as const,
  ].flatMap(([of, parts]) => (parts.length > 0 && e.chance(0.6) ? [`{ ${of}${parts.join(" ")} }`] : []));
  const value = viewer !== undefined && e.chance(0.5) ? viewer : "headers['x-a']";
  if (e.chance(0.3)) all.push(`{ service: "up.v1.OrderService" metadata: { name: "x-viewer" by: "${value}" } }`);
  return all;
}
function breaker(e: Expressions): string[] {
  if (!e.chance(0.2)) return [];
  return [`breaker: { ${e.pick(["off: true", "minimum: 1 error_rate: 0.1", `slow: "2ms" slow_rate: 0.25`])} }`];
}
const budget = (e: Expressions): string[] =>
  e.chance(0.2) ? ["retry_budget: { max_tokens: 10 token_ratio: 0.1 }"] : [];
/** @param decides whether one may decide the status */
function rules(e: Expressions, type: Type | undefined, decides: boolean): string[] {
  if (!e.chance(0.25)) return [];
  const then = e.pick([
    "ignore: true",
    decides ? `fail: { code: ABORTED message: "{error.code} {headers['x-a']}" }` : "ignore: true",
    type === undefined ? "ignore: true" : `fallback: "${constantOf(() => e.random(), type)}"`,
  ]);
  return [`on_error: { on: ${e.pick(["ANY", "NOT_FOUND", "UNAVAILABLE", "DEADLINE_EXCEEDED"])} ${then} }`];
}
