import type { Expression, Node, Overload, Variable } from "../../cel/index.ts";
import { childrenOf } from "../../cel/index.ts";
import type { Call } from "./call.ts";
import type {
  AnswerHeaders,
  AnswerTags,
  BffMethod,
  Block,
  Composed,
  Followed,
  Let,
  Limits,
  Model,
  Opening,
  Permit,
  RequestShare,
  Step,
  Telemetry,
  Tool,
  Topic,
} from "./model.ts";
import { callsOf, composesOf, policyExpressions, sourceExpressions } from "./source-parts.ts";

/** Any declaration that may have steps. */
export type AnyBlock =
  | Composed
  | Opening
  | Let
  | Permit
  | Limits
  | AnswerHeaders
  | AnswerTags
  | RequestShare
  | Telemetry
  | Tool
  | Followed
  | Topic;

/**
 * Returns all blocks with steps: the `let` of services, permits, limits, headers, tags, shares, telemetry, tools, streams
 * with their openings, then messages.
 */
export function blocksOf(model: Model): readonly AnyBlock[] {
  const { lets, permits, limits, headers, tags, shares, telemetry, tools, topics, streams, openings, messages } = model;
  const atEdge = [...permits, ...limits, ...headers, ...tags, ...shares, ...telemetry, ...tools];
  return [...lets, ...atEdge, ...topics, ...streams, ...openings, ...messages];
}

/** Returns the rpcs of all services. */
export function methodsOf({ files }: Pick<Model, "files">): readonly BffMethod[] {
  return files.flatMap(({ services }) => services.flatMap(({ methods }) => methods));
}

const byName = new WeakMap<readonly Composed[], ReadonlyMap<string, Composed>>();
/** Returns composed messages by their full names. The map is built once for each list, because every rpc needs it. */
export function messagesByName(messages: readonly Composed[]): ReadonlyMap<string, Composed> {
  const cached = byName.get(messages) ?? new Map(messages.map((message) => [message.desc.typeName, message]));
  byName.set(messages, cached);
  return cached;
}

/** Returns the calls of the block's own steps, including calls of lists, in order of declaration. */
export function callsIn({ steps }: Pick<Block, "steps">): Call[] {
  return steps.flatMap(({ source }) => [...callsOf(source)]);
}

/** Returns the entries of a map for the messages that these steps compose. */
export function composedBy<T>(steps: readonly Pick<Step, "source">[], byName: ReadonlyMap<string, T>): T[] {
  return steps.flatMap(({ source }) => composesOf(source)).flatMap(({ message }) => byName.get(message.typeName) ?? []);
}

/**
 * Returns the steps behind the names in expressions of a block: its own, and the step of every service that a shared
 * step represents.
 */
export function stepsBehind({
  shared,
  steps,
}: Pick<Block, "shared" | "steps">): ReadonlyMap<Variable, readonly Step[]> {
  return new Map(
    [...shared, ...steps].flatMap((step) =>
      step.variable === undefined ? [] : [[step.variable, step.source.kind === "shared" ? step.source.of : [step]]],
    ),
  );
}

/** Returns every expression that the block evaluates for a request: in its steps, their fallbacks, and its fields. */
export function expressionsIn({ steps, targets }: Pick<Block, "steps" | "targets">): Expression[] {
  const all = [
    ...steps.flatMap((step) => [step.if, step.fallback?.expression, ...sourceExpressions(step.source)]),
    ...targets.flatMap((target) =>
      target.kind === "field"
        ? [target.bound.expression]
        : target.members.flatMap((member) => [member.if, member.bound.expression]),
    ),
  ];
  return all.filter((expression) => expression !== undefined);
}

/** The functions of the user that it calls, policies of its calls included. */
export function functionsIn(block: Block): ReadonlySet<Overload> {
  const found = new Set<Overload>();
  const visit = (node: Node): void => {
    if (node.kind === "call" && node.userFunction !== undefined) found.add(node.userFunction);
    for (const child of childrenOf(node)) visit(child);
  };
  const clients = "clients" in block ? (block as Composed).clients : [];
  const policies = [...callsIn(block), ...clients].flatMap(({ policy }) => policyExpressions(policy));
  const sent = clients.flatMap(({ metadata }) => metadata.flatMap(({ by, if: condition }) => [by, condition]));
  for (const expression of [...expressionsIn(block), ...policies, ...sent])
    if (expression !== undefined) visit(expression.root);
  return found;
}

/** Returns the package whose policies, environment and functions a block sees. */
export function packageOf(block: AnyBlock): string {
  const subset = block.kind === "composed" || block.kind === "opening" ? block.ir.subset : undefined;
  return (subset ?? block).file.desc.proto.package;
}

/** Returns the composed messages that are declared: a subset repeats declarations of another message. */
export function declaredMessages({ messages }: Pick<Model, "messages">): readonly Composed[] {
  return messages.filter(({ ir }) => ir.subset === undefined);
}
