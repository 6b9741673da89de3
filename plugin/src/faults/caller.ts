// Finds a caller that an RPC admits, as far as possible.

import type { BehaviourReport, ExpressionReport, RpcBehaviour, TreeReport, ValueReport } from "./behaviour.ts";
import { type Caller, permitBlock, type RequestCase, textsOf } from "./composition/admission.ts";
import type { Block } from "./composition/block.ts";
import type { Response } from "./composition/composition.ts";
import { partOf } from "./composition/expressions.ts";
import { fromReport, isListValue, MessageValue, OptionalValue, Untold, type Value } from "./values/values.ts";

/**
 * Returns a caller with a given principal. Default source: the first that the permit accepts.
 *
 * @throws TypeError if the principal is no message
 * @example
 * const caller = givenCaller(behaviour, rpc, { message: "bff.v1.Principal", fields: { subject: "u-1" } });
 */
export function givenCaller(
  behaviour: BehaviourReport,
  rpc: RpcBehaviour,
  principal: ValueReport,
  source?: string,
): Caller {
  const value = fromReport(principal);
  if (!(value instanceof MessageValue)) throw new TypeError("a principal is a message");
  return { source: source ?? sourceOf(behaviour, rpc), principal: value, set: undefined };
}
function sourceOf({ identity }: BehaviourReport, { permit }: RpcBehaviour): string {
  return permit?.sources?.[0] ?? identity?.sources[0] ?? "";
}

/** Maximum number of passes over the conditions. */
const TRIES = 4;

/**
 * Returns the principal's sample, with the scopes, the roles and, where easily derived, the values that the permit
 * requires. Undefined: callers are not authenticated.
 *
 * @param responding returns a new response without faults to a given caller
 */
export function foundCaller(
  behaviour: BehaviourReport,
  rpc: RpcBehaviour,
  request: RequestCase,
  responding: (caller: Caller) => Response,
): Caller | undefined {
  const { identity } = behaviour;
  const sample = identity && fromReport(identity.principal);
  if (!(sample instanceof MessageValue)) return undefined;
  const { permit } = rpc;
  const set = new Map<string, Value>();
  const caller = (): Caller => ({
    source: sourceOf(behaviour, rpc),
    principal: new MessageValue(sample.type, new Map([...sample.fields, ...set])),
    set,
  });
  const add = (field: "scopes" | "roles", texts: readonly string[]): void => {
    if (texts.length > 0) set.set(field, [...new Set([...textsOf({ principal: sample }, field), ...texts])]);
  };
  add("scopes", permit?.scopes ?? []);
  add(
    "roles",
    (permit?.roles ?? []).flatMap(([any]) => any ?? []),
  );
  for (let i = 0; i < TRIES; i++) {
    const known = caller();
    const block = permitBlock(responding(known), permit, request);
    const conditions = (block?.report.steps ?? []).flatMap(({ source }) =>
      source.kind === "guard" ? [source.if] : [],
    );
    const missed = conditions.filter((item) => block !== undefined && !holds(block, item));
    for (const { tree } of missed) if (block !== undefined) grant(block, tree, known, set);
    if (missed.length === 0) break;
  }
  return caller();
}

function holds(block: Block, condition: ExpressionReport): boolean {
  try {
    const held = block.condition(condition);
    return held.state === "value" && held.value === true;
  } catch (error) {
    if (error instanceof Untold) return false;
    throw error;
  }
}

/** Sets values of the principal that a condition requires in one of its lists, or in one of its fields. */
function grant(block: Block, tree: TreeReport, caller: Caller, set: Map<string, Value>): void {
  if (!("call" in tree)) {
    const flag = fieldIn(tree);
    if (flag !== undefined) set.set(flag, true);
    return;
  }
  const [a, b] = tree.args;
  if (a === undefined || b === undefined) return;
  if (tree.call === "logical_and") {
    grant(block, a, caller, set);
    grant(block, b, caller, set);
  }
  const give = (field: string | undefined, other: TreeReport, inList: boolean): void => {
    const found = field === undefined ? undefined : partOf(block, other);
    const value = found instanceof OptionalValue ? found.value : found;
    if (field === undefined || !isScalar(value)) return;
    const now = caller.principal.fields.get(field);
    if (!inList) set.set(field, value);
    else if (now === undefined || isListValue(now))
      set.set(field, [...(now ?? []).filter((item) => item !== value), value]);
  };
  if (tree.call === "in_list") give(fieldIn(b), a, true);
  if (tree.call.startsWith("equals")) {
    give(fieldIn(a), b, false);
    give(fieldIn(b), a, false);
  }
}
function isScalar(value: Value | undefined): value is string | boolean | bigint | number {
  return ["string", "boolean", "bigint", "number"].includes(typeof value);
}
/** `principal.tenant`, `principal.?tenant` */
function fieldIn(tree: TreeReport): string | undefined {
  return "get" in tree && "name" in tree.of && tree.of.name === "principal" && !tree.test ? tree.get : undefined;
}
