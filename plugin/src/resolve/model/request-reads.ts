// Inputs of an answer besides the request's message, the upstreams and the code.

import { Identify } from "@protobff/messages/options.js";
import { isTraceId } from "@protobff/messages/trace-ids.js";
import { childrenOf, type Expression, type Node, type Variable } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { callsIn, composedBy, expressionsIn, messagesByName } from "./blocks.ts";
import { servingBranches } from "./call.ts";
import type { BffMethod, Block, Composed, Model, Step } from "./model.ts";

/** Parts of a request that composing its answer reads, each with the place of one read. */
export interface RequestReads {
  /**
   * Fields of the principal by their proto names, or `"*"` if the principal is passed on or read as a whole. Empty:
   * no field is read.
   */
  readonly principal: ReadonlyMap<string, Origin>;
  /** Place of the first check for a principal, or of the first read of one of its fields. */
  readonly caller: Origin | undefined;
  /** The caller's token. */
  readonly token: Origin | undefined;
  /** Incoming headers that are read or passed on, lower-case; without trace ids that are only passed on. */
  readonly headers: ReadonlyMap<string, Origin>;
  /** Place of a read of a header whose name is computed from the request. */
  readonly unknownHeader: Origin | undefined;
  /** `env.X` */
  readonly env: ReadonlySet<string>;
  readonly peer: Origin | undefined;
  readonly now: Origin | undefined;
}

type Found = { -readonly [K in keyof RequestReads]: RequestReads[K] } & {
  readonly principal: Map<string, Origin>;
  readonly headers: Map<string, Origin>;
  readonly env: Set<string>;
};

/** Key of the whole principal. */
export const WHOLE = "*";

/** Returns the messages that an RPC composes, the steps of its service that it starts, and the headers and tags of its answers. */
export function composedBlocks(method: BffMethod, { messages }: Pick<Model, "messages">): readonly Part[] {
  const byName = messagesByName(messages);
  const children = ({ steps }: Pick<Block, "steps">): Composed[] => composedBy(steps, byName);
  const started = { steps: method.shared, targets: [], shared: [] };
  const atEdge = [method.headers, method.tags].filter((block) => block !== undefined);
  return [started, ...reachable([method.composed, ...children(started)], children), ...atEdge];
}
/** The parts of a block that are evaluated. */
type Part = Pick<Block, "steps" | "targets" | "shared">;

/** Returns these steps, and the computed values that no other part reads. */
export function withIdle(blocks: readonly Part[], left: Iterable<Step>): ReadonlySet<Step> {
  const leftOut = new Set(left);
  for (;;) {
    const read = variablesRead(blocks, leftOut);
    const idle = blocks
      .flatMap(({ steps }) => steps)
      .filter(({ source, variable }) => source.kind === "by" && variable !== undefined && !read.has(variable))
      .filter((step) => !leftOut.has(step));
    if (idle.length === 0) return leftOut;
    for (const step of idle) leftOut.add(step);
  }
}
function variablesRead(blocks: readonly Part[], leftOut: ReadonlySet<Step>): ReadonlySet<Variable> {
  const read = new Set(
    blocks
      .flatMap((block) => expressionsIn(without(block, leftOut)))
      .flatMap(({ reads }) => reads.map(({ variable }) => variable)),
  );
  // A shared step of a message reads the step of its service.
  for (const { source, variable } of blocks.flatMap(({ shared }) => shared))
    if (source.kind === "shared" && variable !== undefined && read.has(variable))
      for (const of of source.of) if (of.variable !== undefined) read.add(of.variable);
  return read;
}
const without = (block: Part, leftOut: ReadonlySet<Step>): Part =>
  leftOut.size === 0 ? block : { ...block, steps: block.steps.filter((step) => !leftOut.has(step)) };

/**
 * @param leftOut steps that do not count
 * @param branches true to count the conditions of upstream branches
 */
export function requestReads(
  blocks: readonly Part[],
  { leftOut = new Set(), branches = true }: { readonly leftOut?: ReadonlySet<Step>; readonly branches?: boolean } = {},
): RequestReads {
  const found: Found = {
    principal: new Map(),
    headers: new Map(),
    env: new Set(),
    caller: undefined,
    token: undefined,
    unknownHeader: undefined,
    peer: undefined,
    now: undefined,
  };
  for (const whole of blocks) {
    const block = without(whole, leftOut);
    readCalls(block, branches, found);
    for (const expression of expressionsIn(block)) read(expression, found);
  }
  return found;
}

function readCalls(block: Part, branches: boolean, found: Found): void {
  for (const { policy, shard } of callsIn(block)) {
    for (const { value, at } of policy.forward) {
      const name = value.toLowerCase();
      if (!isTraceId(name) && !found.headers.has(name)) found.headers.set(name, at);
    }
    for (const expression of [policy.retry.if, shard === undefined ? policy.shard?.rule?.by : undefined])
      if (expression !== undefined) read(expression, found);
    if (branches)
      for (const expression of servingBranches(policy).flatMap((branch) => [branch.if, branch.by]))
        if (expression !== undefined) read(expression, found);
    const { identify } = policy;
    if (identify === undefined || identify.value === Identify.NOTHING) continue;
    found.principal.set(WHOLE, identify.at);
    found.caller ??= identify.at;
    if (identify.value === Identify.TOKEN) found.token ??= identify.at;
  }
}

function read(expression: Expression, found: Found): void {
  const visit = (node: Node): void => {
    switch (node.kind) {
      case "select":
        if (node.of.kind !== "name" || node.of.variable.role !== "principal") break;
        found.caller ??= node.at;
        field(typeof node.field === "string" ? WHOLE : node.field.name, node.at, found);
        return;
      case "ok":
        if (node.variable.role === "principal") found.caller ??= node.at;
        break;
      case "call":
        if (node.overload !== "header" && node.overload !== "has_header") break;
        header(node.args[1], node.at, found);
        for (const child of node.args.slice(1)) visit(child);
        return;
      case "name":
        name(node, found);
        break;
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(expression.root);
}

function field(name: string, at: Origin, found: Found): void {
  if (!found.principal.has(name)) found.principal.set(name, at);
}

function header(name: Node | undefined, at: Origin, found: Found): void {
  if (name?.kind !== "constant" || typeof name.value !== "string") {
    found.unknownHeader ??= at;
    return;
  }
  const lower = name.value.toLowerCase();
  if (!found.headers.has(lower)) found.headers.set(lower, at);
}

function name({ variable, at }: Node & { readonly kind: "name" }, found: Found): void {
  switch (variable.role) {
    case "principal":
      found.caller ??= at;
      field(WHOLE, at, found);
      break;
    case "headers":
      found.unknownHeader ??= at;
      break;
    case "env":
    case "var":
      found.env.add(variable.name);
      break;
    case "peer":
      found.peer ??= at;
      break;
    case "now":
      found.now ??= at;
      break;
  }
}
