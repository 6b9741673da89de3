// Where a condition stands in front of other expressions TypeScript narrows what they compare: see plugin/src/cel/emit/contradiction.ts.
import {
  aliasesIn,
  childrenOf,
  comparisonsWith,
  contradicted,
  type Expression,
  type Node,
  type Variable,
} from "../../cel/index.ts";
import type { PlanBlock } from "../../plan/model/messages.ts";
import type { PlanCall, PlanSource } from "../../plan/model/sources.ts";

type Some = Expression | undefined;
interface Choice {
  readonly if: Some;
  readonly then: readonly Some[];
  /** Whether it asks for something else, too: where it is not taken nothing is known of its `if`. */
  readonly partly?: boolean;
}

/** How the tests of a block are printed that TypeScript would draw too many conclusions from. */
export interface Hidden {
  /** So that it draws none. */
  readonly tests: ReadonlySet<Node>;
  /** Those by `ok` that are known not to hold, as what they come to. */
  readonly failed: ReadonlySet<Node>;
}

export function hiddenComparisons({ composed, declared }: Pick<PlanBlock, "composed" | "declared">): Hidden {
  const hidden = new Set<Node>();
  const failed = new Set<Node>();
  const given = new Map(
    declared.flatMap(({ step: { variable }, source }): [Variable, Node][] =>
      variable !== undefined && source.kind === "by" ? [[variable, source.by.root]] : [],
    ),
  );
  // `alone`: what is read behind the condition may be known to be there for other reasons.
  const before = (condition: Some, outcome: boolean, region: readonly Some[], alone = false): void => {
    if (condition === undefined) return;
    for (const expression of region) {
      if (expression === undefined) continue;
      const aliases = aliasesIn([condition.root, expression.root], (variable) => given.get(variable));
      for (const test of contradicted(condition.root, outcome, expression.root, aliases)) {
        // What stands behind the condition may need that TypeScript believes it.
        if (test.kind !== "ok" || test.set || alone) hidden.add(test);
        else for (const one of oksIn(expression.root, test.variable)) failed.add(one);
      }
    }
  };
  /** The first one that holds is taken. */
  const inTurn = (choices: readonly Choice[], otherwise: readonly Some[] = [], rules = false): void => {
    let later = otherwise;
    for (const choice of [...choices].reverse()) {
      before(choice.if, true, choice.then);
      if (!choice.partly) before(choice.if, false, later, rules);
      later = [choice.if, ...choice.then, ...later];
    }
  };
  const call = ({ set, metadata, onError }: PlanCall): void => {
    for (const { if: condition, bound } of set) before(condition, true, [bound.expression]);
    for (const { if: condition, by } of metadata) before(condition, true, [by]);
    // TypeScript would take what rules leave of the codes for all that there are.
    for (const { if: condition } of onError)
      if (condition !== undefined) for (const test of comparisonsWith(condition.root, "error.code")) hidden.add(test);
    inTurn(
      onError.map(({ on, if: condition, expressions }) => ({
        if: condition,
        then: expressions,
        partly: on.length > 0,
      })),
      [],
      true,
    );
  };
  for (const { if: asked, source, expressions } of declared) {
    before(asked, true, expressions);
    const inner = source.kind === "each" ? source.source : source;
    if (inner.kind === "compose") for (const { if: condition, by } of inner.args) before(condition, true, [by]);
    if (inner.kind === "call") call(inner.call);
    if (source.kind === "switch")
      inTurn(
        source.cases.map(({ if: condition, value }) => ({ if: condition, then: [value.expression] })),
        [source.default?.expression],
      );
    if (source.kind === "guard") {
      // The condition of a permit is the one on which one passes.
      const passes = composed.kind === "permit";
      before(source.if, passes, others({ composed, declared }, source), true);
      before(source.if, !passes, source.expressions);
    }
  }
  for (const target of composed.kind === "composed" ? composed.targets : [])
    if (target.kind === "oneof")
      inTurn(target.members.map(({ if: condition, bound }) => ({ if: condition, then: [bound.expression] })));
  return { tests: hidden, failed };
}

function oksIn(root: Node, variable: Variable): readonly Node[] {
  const found: Node[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === "ok" && node.variable === variable) found.push(node);
    open.push(...childrenOf(node));
  }
  return found;
}

/** What may be printed behind a guard. */
function others({ composed, declared }: Pick<PlanBlock, "composed" | "declared">, guard: PlanSource): Some[] {
  const steps = declared.flatMap((step) => (step.source === guard ? [] : [step.if, ...step.expressions]));
  const targets = composed.kind === "composed" ? composed.targets : [];
  return [
    ...steps,
    ...targets.flatMap((target) =>
      target.kind === "field"
        ? [target.bound.expression]
        : target.members.flatMap(({ if: condition, bound }) => [condition, bound.expression]),
    ),
  ];
}
