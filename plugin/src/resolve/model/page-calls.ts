// Pages of an rpc: the calls of `page.size`, `page.open` and `page.seal` in its message.
import { childrenOf, type Node } from "../../cel/index.ts";
import { callsIn, expressionsIn, policyExpressions } from "./blocks.ts";
import type { BffMethod } from "./model.ts";

export type PageCall = Node & { readonly kind: "call"; readonly fn: "page.size" | "page.open" | "page.seal" };

export function pageCallOf(node: Node): PageCall | undefined {
  return node.kind === "call" && /^page_(size|open|seal)$/.test(node.overload) ? (node as PageCall) : undefined;
}

/** Returns the name of a request field if the node is `args.x`. */
export function fieldOfArgs(node: Node): string | undefined {
  if (node.kind === "name" && node.variable.role === "arg") return node.variable.name;
  if (node.kind !== "select" || node.test || node.optional || typeof node.field === "string") return undefined;
  return node.of.kind === "name" && node.of.variable.role === "args" ? node.field.name : undefined;
}

/** Pages of an rpc's answers. */
export interface Pages {
  /** By request field, each once. */
  readonly sizes: readonly { readonly field: string; readonly usual: number; readonly most: number }[];
  /** Request fields with tokens. */
  readonly tokens: readonly string[];
  /** The first call of `page.seal`. */
  readonly seal: PageCall | undefined;
  /** True if tokens are sealed or opened, which needs keys. */
  readonly sealed: boolean;
}

/** Returns undefined for an rpc whose message has no pages. */
export function pagesOf({ composed }: Pick<BffMethod, "composed">): Pages | undefined {
  const policies = callsIn(composed).flatMap(({ policy }) => policyExpressions(policy));
  const calls = [...expressionsIn(composed), ...policies].flatMap((expression) =>
    expression === undefined ? [] : pageCallsIn(expression.root),
  );
  if (calls.length === 0) return undefined;
  const sizes = new Map<string, Pages["sizes"][number]>();
  const tokens = new Set<string>();
  for (const { fn, args } of calls) {
    const [first, usual, most] = args;
    const field = first && fieldOfArgs(first);
    if (field === undefined) continue;
    if (fn === "page.open") tokens.add(field);
    else sizes.set(field, { field, usual: constant(usual), most: constant(most) });
  }
  const seal = calls.find(({ fn }) => fn === "page.seal");
  return { sizes: [...sizes.values()], tokens: [...tokens], seal, sealed: seal !== undefined || tokens.size > 0 };
}

function pageCallsIn(node: Node): readonly PageCall[] {
  const call = pageCallOf(node);
  return [...(call === undefined ? [] : [call]), ...childrenOf(node).flatMap(pageCallsIn)];
}

const constant = (node: Node | undefined): number => (node?.kind === "constant" ? Number(node.value) : 0);
