import { childrenOf, type Expression, type Node } from "../../cel/index.ts";
import { fault, type Origin, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import {
  type AnyBlock,
  blocksOf,
  callExpressions,
  callsIn,
  composesOf,
  expressionsIn,
  failExpressions,
  messagesByName,
  methodsOf,
  sourceExpressions,
} from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { identityExpressions } from "../../resolve/model/identity-reads.ts";
import type { BffMethod, Block, Composed, Model, Source, Step } from "../../resolve/model/model.ts";
import { withdrawal } from "../../resolve/policies/vouching.ts";
import type { Check } from "../check.ts";

/** Reports random values that several responses share, or that decide an action. */
export const randomPlaces: Check = {
  rules: {
    BFF522:
      "A random value belongs to one response only. It does not affect decisions, or values that several requests share.",
  },
  run(model, report) {
    const refuse = refusal(report);
    const shared = new Set<Text>(
      model.ir.files
        .flatMap(({ upstreams }) => upstreams)
        .flatMap(({ policy }) => policy.metadata.flatMap(({ by }) => by ?? [])),
    );
    for (const block of blocksOf(model)) {
      checkConditions(block, refuse);
      for (const call of callsIn(block)) {
        checkPolicy(call, shared, refuse);
        checkSharedAnswers(call, refuse);
      }
    }
    checkRemembered(model, refuse);
    for (const method of methodsOf(model)) if (method.noSideEffects) checkAnswers(method, model, refuse);
  },
};

type Refuse = (
  expressions: readonly (Expression | undefined)[],
  refused: { readonly message: string; readonly hint: string; readonly at?: Origin | undefined },
) => void;

/** Reports the random values in expressions, each once. */
function refusal(report: Report): Refuse {
  const reported = new Set<Origin>();
  return (expressions, { message, hint, at }) => {
    for (const node of expressions.flatMap((expression) =>
      expression === undefined ? [] : randomIn(expression.root),
    )) {
      if (reported.has(node.at)) continue;
      reported.add(node.at);
      const related = at === undefined ? [] : [{ at, message: "here" }];
      fault(report, "BFF522", node.at, { message, related, hint });
    }
  };
}

/** Blocks whose expressions are no values of steps. */
const AT_EDGE: Readonly<Partial<Record<AnyBlock["kind"], string>>> = {
  limits: "a limit",
  headers: "a header of an answer",
  tool: "a hidden field of a tool",
};

function checkConditions(block: AnyBlock, refuse: Refuse): void {
  const hint = "make it the value of a step, and read the step";
  refuse(block.steps.flatMap(guards), { message: "a guard cannot depend on a random value", hint });
  const what = AT_EDGE[block.kind];
  if (what !== undefined) {
    refuse(expressionsIn(block), { message: `${what} cannot depend on a random value`, hint: "leave it out" });
  }
  refuse(conditionsOf(block), { message: "a condition cannot depend on a random value", hint });
}

/** @param shared values that entries of upstreams send */
function checkPolicy({ policy, metadata, shard }: Call, shared: ReadonlySet<Text>, refuse: Refuse): void {
  refuse([policy.retry.if], {
    message: "the condition of a retry cannot depend on a random value",
    hint: "leave it out",
  });
  refuse(
    policy.branches.flatMap((branch) => [branch.if, branch.by]),
    {
      message: "a branch cannot depend on a random value: `share` without `by` selects requests at random",
      hint: "write `share`, such as 0.05",
    },
  );
  refuse([policy.shard?.rule?.by, shard?.by], {
    message: "a shard cannot depend on a random value: equal keys have equal shards",
    hint: "read a value of the request",
  });
  refuse(
    metadata.map(({ by }) => by).filter(({ text }) => shared.has(text)),
    {
      message: "an entry of an upstream applies to many calls, which have no random value in common",
      hint: "send it in the call",
    },
  );
}

/** Calls whose one answer is for several places. */
function checkSharedAnswers(call: Call, refuse: Refuse): void {
  const { ttl } = call.policy.cache;
  if (call.effects === "none" && (ttl?.value ?? 0) > 0)
    refuse(sent(call), {
      message: "a cached call must send the same values in several requests",
      hint: "leave the value out of the call, or turn its cache off",
      at: ttl?.at,
    });
  if (call.batch !== undefined)
    refuse(sent(call), {
      message: "a batch is one call for several places, which each have a different random value",
      hint: "leave the value out of the call, or leave out `batch`",
      at: call.ir.at,
    });
}

function checkRemembered({ identities, conversions }: Model, refuse: Refuse): void {
  refuse(identities.flatMap(identityExpressions), {
    message: "the principal is cached, and cannot depend on a random value",
    hint: "leave it out",
  });
  const copied = conversions.messages.flatMap(({ targets }) =>
    targets.flatMap((target) => (target.kind === "computed" ? [target.bound, target.fallback] : [])),
  );
  refuse(
    copied.map((bound) => bound?.expression),
    { message: "a copy contains only values of its source", hint: "compose a message around the copy" },
  );
}

function checkAnswers(method: BffMethod, model: Model, refuse: Refuse): void {
  const { name } = method.desc;
  for (const expressions of reached(method, model))
    refuse(expressions, {
      message: `rpc "${name}" is declared NO_SIDE_EFFECTS, so its answers must be alike`,
      hint: `${withdrawal([method.ir])}; or leave out the random value`,
      at: method.ir.at,
    });
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
      return [...set, ...metadata, ...onError].map((binding) => binding.if);
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

/** Returns the expressions that an rpc may evaluate, by block. */
function reached(method: BffMethod, { messages }: Model): Expression[][] {
  const found = new Set<Composed>();
  const byName = messagesByName(messages);
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
    [step.if, step.fallback?.expression, ...sourceExpressions(step.source)].filter(
      (expression) => expression !== undefined,
    ),
  );
  return [...[...found].map(expressionsIn), steps];
}
