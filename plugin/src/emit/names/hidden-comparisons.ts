// After a condition TypeScript narrows the values that later expressions compare: see
// plugin/src/cel/emit/emitter/contradiction.ts.
import {
  aliasesIn,
  childrenOf,
  comparisonsWith,
  contradicted,
  type Expression,
  type Node,
  type Variable,
} from "../../cel/index.ts";
import type { PlanBlock, PlanCall, PlanSource, PlanStep } from "../../plan/model/messages.ts";

type Some = Expression | undefined;
interface Choice {
  readonly if: Some;
  readonly then: readonly Some[];
  /** True if it has another condition, too: if it is not taken, its `if` may still hold. */
  readonly partly?: boolean;
}

/** Tests of a block that are printed differently, because TypeScript would draw too many conclusions from them. */
export interface Hidden {
  /** Tests that are printed so that TypeScript draws no conclusions. */
  readonly tests: ReadonlySet<Node>;
  /** Tests by `ok` that are known to be false, printed as their result. */
  readonly failed: ReadonlySet<Node>;
}

export function hiddenComparisons(block: Block): Hidden {
  const tests = new HiddenTests(block.declared);
  for (const step of block.declared) tests.step(step, block);
  for (const target of block.composed.kind === "composed" ? block.composed.targets : [])
    if (target.kind === "oneof")
      tests.inTurn(target.members.map(({ if: condition, bound }) => ({ if: condition, then: [bound.expression] })));
  return tests;
}

type Block = Pick<PlanBlock, "composed" | "declared">;

class HiddenTests implements Hidden {
  readonly tests = new Set<Node>();
  readonly failed = new Set<Node>();
  /** The values of steps that are expressions. */
  readonly #values: ReadonlyMap<Variable, Node>;

  constructor(declared: PlanBlock["declared"]) {
    this.#values = new Map(
      declared.flatMap(({ step: { variable }, source }): [Variable, Node][] =>
        variable !== undefined && source.kind === "by" ? [[variable, source.by.root]] : [],
      ),
    );
  }

  step({ if: filter, source, expressions }: PlanStep, block: Block): void {
    this.#before(filter, true, expressions);
    const inner = source.kind === "each" ? source.source : source;
    if (inner.kind === "compose") for (const { if: condition, by } of inner.args) this.#before(condition, true, [by]);
    if (inner.kind === "call") this.#call(inner.call);
    if (source.kind === "switch")
      this.inTurn(
        source.cases.map(({ if: condition, value }) => ({ if: condition, then: [value.expression] })),
        [source.default?.expression],
      );
    if (source.kind === "guard") {
      // The condition of a permit admits; the condition of any other guard refuses.
      const passes = block.composed.kind === "permit";
      this.#before(source.if, passes, others(block, source), true);
      this.#before(source.if, !passes, source.expressions);
    }
  }

  /** The first one that holds is taken. */
  inTurn(choices: readonly Choice[], otherwise: readonly Some[] = [], rules = false): void {
    let later = otherwise;
    for (const choice of [...choices].reverse()) {
      this.#before(choice.if, true, choice.then);
      if (!choice.partly) this.#before(choice.if, false, later, rules);
      later = [choice.if, ...choice.then, ...later];
    }
  }

  #call({ set, metadata, onError }: PlanCall): void {
    for (const { if: condition, bound } of set) this.#before(condition, true, [bound.expression]);
    for (const { if: condition, by } of metadata) this.#before(condition, true, [by]);
    // TypeScript would take the codes that rules leave for all possible codes.
    for (const { if: condition } of onError)
      if (condition !== undefined)
        for (const test of comparisonsWith(condition.root, "error.code")) this.tests.add(test);
    this.inTurn(
      onError.map(({ on, if: condition, expressions }) => ({
        if: condition,
        then: expressions,
        partly: on.length > 0,
      })),
      [],
      true,
    );
  }

  /** @param alone true if values after the condition may be present for other reasons */
  #before(condition: Some, outcome: boolean, region: readonly Some[], alone = false): void {
    if (condition === undefined) return;
    for (const expression of region) {
      if (expression === undefined) continue;
      const aliases = aliasesIn([condition.root, expression.root], (variable) => this.#values.get(variable));
      for (const test of contradicted(condition.root, outcome, expression.root, aliases)) {
        // Code after the condition may depend on TypeScript's narrowing.
        if (test.kind !== "ok" || test.set || alone) this.tests.add(test);
        else for (const comparison of oksIn(expression.root, test.variable)) this.failed.add(comparison);
      }
    }
  }
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

/** Returns the expressions that may be printed after a guard. */
function others({ composed, declared }: Block, guard: PlanSource): Some[] {
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
