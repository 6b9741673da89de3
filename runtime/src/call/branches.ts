import { hash } from "node:crypto";
import type { CallContext } from "./context.ts";
import type { BranchContext, BranchRule } from "./policy.ts";

/** A rule, and its method at the address of the branch. */
export interface BranchOf<R> {
  readonly rule: BranchRule<never>;
  readonly rpc: R;
}
/** A method of an upstream that may have branches. */
export interface BranchingRpc<R> {
  readonly upstream: object;
  readonly branches: readonly BranchOf<R>[] | undefined;
}

/** Returns the branch of an upstream that this request's calls use; "": none. */
export function sideOf(cx: CallContext, rpc: BranchingRpc<unknown>): string {
  const { branches, upstream } = rpc;
  if (branches === undefined) return "";
  const { sides } = cx.exchange;
  let side = sides.get(upstream);
  if (side === undefined) {
    const root = cx.root as CallContext & BranchContext<never>; // the request itself, of which calls know no more than they need
    side = branches.find(({ rule }) => holds(rule, root))?.rule.name ?? "";
    sides.set(upstream, side);
  }
  return side;
}

/** Returns the method at the address that this request's calls use. */
export function onItsSide<R extends BranchingRpc<R>>(cx: CallContext, rpc: R): R {
  const side = sideOf(cx, rpc);
  return rpc.branches?.find(({ rule }) => rule.name === side)?.rpc ?? rpc;
}

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

/**
 * Returns the position of a value, from 0 (included) to 1 (excluded). It is the first 48 bits of SHA-256 over the
 * branch's name, a NUL byte and the value in UTF-8. It is the same in every process, release and language; another name
 * results in another number. A position below a share is below any larger share, too.
 */
export function shareOf(branch: string, value: string): number {
  return Number.parseInt(hash("sha256", `${branch}\0${value}`).slice(0, 12), 16) / 2 ** 48;
}
