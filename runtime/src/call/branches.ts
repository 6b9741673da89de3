import { shareOf } from "../expressions/share.ts";
import type { CallContext } from "./context.ts";
import type { BranchContext, BranchRule } from "./policy.ts";

/** A rule, and its method at the address of the branch. */
export interface BranchOf<R> {
  readonly rule: BranchRule<never>;
  readonly rpc: R;
}
/** A method of an upstream that may have branches. */
interface BranchingRpc<R> {
  readonly upstream: object;
  readonly branches: readonly BranchOf<R>[] | undefined;
}

/**
 * Returns the branches of a method that serve; undefined if there are none.
 *
 * @param upstreams branches with an address, by name
 */
export function branchesAt<U, R>(
  upstreams: ReadonlyMap<string, U>,
  rules: readonly BranchRule<never>[] = [],
  rpcAt: (upstream: U) => R,
): readonly BranchOf<R>[] | undefined {
  const all = rules.flatMap((rule) => {
    const upstream = upstreams.get(rule.name);
    return rule.mirror !== undefined || upstream === undefined ? [] : [{ rule, rpc: rpcAt(upstream) }];
  });
  return all.length === 0 ? undefined : all;
}

/** Returns the branch of an upstream that this request's calls use; "": none. */
export function sideOf(cx: CallContext, rpc: BranchingRpc<unknown>): string {
  const { branches, upstream } = rpc;
  if (branches === undefined) return "";
  const { sides } = cx.exchange.calls;
  let side = sides.get(upstream);
  if (side === undefined) {
    const request = requestOf(cx);
    side = branches.find(({ rule }) => holds(rule, request))?.rule.name ?? "";
    sides.set(upstream, side);
  }
  return side;
}

/** Returns the mirrors that receive copies of this request's calls. Each is chosen once per request. */
export function mirrorsOf<M extends Mirror>(cx: CallContext, mirrors: readonly M[]): readonly M[] {
  const { sides } = cx.exchange.calls;
  return mirrors.filter(({ rule, rpc: { upstream } }) => {
    const chosen = sides.get(upstream) ?? (holds(rule, requestOf(cx)) ? rule.name : "");
    sides.set(upstream, chosen);
    return chosen !== "";
  });
}
type Mirror = BranchOf<{ readonly upstream: object }>;

/** Returns the method at the address that this request's calls use. */
export function onItsSide<R extends BranchingRpc<R>>(cx: CallContext, rpc: R): R {
  const side = sideOf(cx, rpc);
  return rpc.branches?.find(({ rule }) => rule.name === side)?.rpc ?? rpc;
}

/** Returns the request itself, of which calls see only the parts that they need. */
const requestOf = (cx: CallContext) => cx.root as CallContext & BranchContext<never>;

function holds(rule: BranchRule<never>, cx: CallContext & BranchContext<never>): boolean {
  if (rule.known === true && cx.principal === undefined) return false;
  try {
    if (rule.if !== undefined && !rule.if(cx)) return false;
    if (rule.share === undefined) return true;
    if (rule.by === undefined) return cx.exchange.drawn(rule.name) < rule.share;
    const by = rule.by(cx);
    return by !== "" && shareOf(rule.name, by) < rule.share;
  } catch {
    return false;
  }
}
