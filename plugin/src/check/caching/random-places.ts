import { childrenOf, type Expression, type Node } from "../../cel/index.ts";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Origin, Text } from "../../origin.ts";
import { blocksOf, callsIn, expressionsIn } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { identityExpressions } from "../../resolve/model/identity-reads.ts";
import type { BffMethod, Block, Composed, Model, Source, Step } from "../../resolve/model/model.ts";
import { callExpressions, composesOf, failExpressions, sourceExpressions } from "../../resolve/model/source-parts.ts";
import type { Check } from "../check.ts";

export const randomPlaces: Check = {
  rules: {
    BFF522:
      "A random value stands where each response has one of its own. It decides nothing, and is no part of what several requests have in common.",
  },
  run: checkRandomPlaces,
};

/** Random values stand only where each response may have its own, and where none of them decides what is done. */
function checkRandomPlaces(model: Model, report: Report): void {
  const told = new Set<Origin>();
  const refuse = (
    expressions: readonly (Expression | undefined)[],
    message: string,
    at: Origin | undefined,
    hint: string,
  ): void => {
    for (const node of expressions.flatMap((one) => (one === undefined ? [] : randomIn(one.root)))) {
      if (told.has(node.at)) continue;
      told.add(node.at);
      const related = at === undefined ? [] : [{ at, message: "here" }];
      report({ code: "BFF522", severity: "error", message, at: node.at, related, hint });
    }
  };
  const shared = new Set<Text>(
    model.ir.files
      .flatMap(({ upstreams }) => upstreams)
      .flatMap(({ policy }) => policy.metadata.flatMap(({ by }) => by ?? [])),
  );
  for (const block of blocksOf(model)) {
    const step = "make it the value of a step, and read that";
    refuse(block.steps.flatMap(guards), "a guard does not go by chance", undefined, step);
    if (block.kind === "limits")
      refuse(expressionsIn(block), "what a limit counts does not go by chance", undefined, "leave it out");
    refuse(conditionsOf(block), "a condition does not go by chance", undefined, step);
    for (const call of callsIn(block)) {
      const { retry, cache } = call.policy;
      refuse([retry.if], "whether a call is repeated does not go by chance", undefined, "leave it out");
      refuse(
        call.policy.branches.flatMap((branch) => [branch.if, branch.by]),
        "a branch goes by chance where it says `share` without `by`",
        undefined,
        "write `share`, such as 0.05",
      );
      const entries = call.metadata.map(({ by }) => by).filter(({ text }) => shared.has(text));
      refuse(
        entries,
        "an entry of an upstream is for many calls, which have no value in common",
        undefined,
        "send it in the call",
      );
      const cached = call.effects === "none" && (cache.ttl?.value ?? 0) > 0 ? cache.ttl?.at : undefined;
      if (cached !== undefined)
        refuse(
          sent(call),
          "what a cached call sends is the same for several requests",
          cached,
          "leave it out of the call, or turn its cache off",
        );
      if (call.batch !== undefined)
        refuse(
          sent(call),
          "a batch is one call for several places, each with a value of its own",
          call.ir.at,
          "leave it out of the call, or write it without `batch`",
        );
    }
  }
  const known = "who is calling is remembered, and does not go by chance";
  refuse(model.identities.flatMap(identityExpressions), known, undefined, "leave it out");
  const copied = model.conversions.messages.flatMap(({ targets }) =>
    targets.flatMap((target) => (target.kind === "computed" ? [target.bound, target.fallback] : [])),
  );
  const once = copied.map((bound) => bound?.expression);
  refuse(once, "a copy is what its source says", undefined, "compose a message around the copy");
  for (const method of model.files.flatMap(({ services }) => services).flatMap(({ methods }) => methods)) {
    if (!method.noSideEffects) continue;
    const message = `rpc "${method.desc.name}" says NO_SIDE_EFFECTS, so that its answers are to be alike`;
    for (const expressions of reached(method, model))
      refuse(
        expressions,
        message,
        method.ir.at,
        `remove \`idempotency_level = NO_SIDE_EFFECTS\` from "${method.desc.name}", or leave out the random value`,
      );
  }
}

function randomIn(node: Node): readonly Node[] {
  if (node.kind === "call" && node.overload.startsWith("random_")) return [node];
  return childrenOf(node).flatMap(randomIn);
}

const sent = (call: Call): (Expression | undefined)[] => [...callExpressions({ ...call, onError: [] })];

function guards({ source }: Step): (Expression | undefined)[] {
  return source.kind === "guard" ? [source.if, ...failExpressions(source.fail)] : [];
}

/** All that is written in an `if`. */
function conditionsOf(block: Block): (Expression | undefined)[] {
  return [
    ...block.steps.flatMap((step) => [step.if, ...conditionsIn(step.source)]),
    ...block.targets.flatMap((target) => (target.kind === "oneof" ? target.members.map((member) => member.if) : [])),
  ];
}

function conditionsIn(source: Source): (Expression | undefined)[] {
  switch (source.kind) {
    case "call": {
      const { set, metadata, onError } = source.call;
      return [...set, ...metadata, ...onError].map((one) => one.if);
    }
    case "compose":
      return source.args.map((arg) => arg.if);
    case "each":
      return [source.if, ...conditionsIn(source.source)];
    case "switch":
      return source.cases.map((branch) => branch.if);
    default:
      return [];
  }
}

/** By block, what an rpc may evaluate. */
function reached(method: BffMethod, { messages }: Model): Expression[][] {
  const found = new Set<Composed>();
  const byName = new Map(messages.map((message) => [message.desc.typeName, message]));
  const visit = (message: Composed | undefined): void => {
    if (message === undefined || found.has(message)) return;
    found.add(message);
    for (const { source } of message.steps)
      for (const child of composesOf(source)) visit(byName.get(child.message.typeName));
  };
  visit(method.composed);
  const once = [...method.shared, ...(method.opening?.steps ?? [])];
  for (const { source } of once) for (const child of composesOf(source)) visit(byName.get(child.message.typeName));
  const steps = once.flatMap((step) =>
    [step.if, step.fallback?.expression, ...sourceExpressions(step.source)].filter((one) => one !== undefined),
  );
  return [...[...found].map(expressionsIn), steps];
}
