import type { Report } from "../diagnostic/diagnostic.ts";
import type { BffMethod, Model, Step } from "../resolve/model.ts";
import { callsOf, composesOf } from "../resolve/source-parts.ts";

/** What composing a message costs at most. */
interface Cost {
  /** Calls that nothing joins with others. */
  readonly calls: number;
  /** Keys of batches that are asked for at once, by the most keys that one call takes: whatever composes it may join them. */
  readonly together: readonly { readonly keys: number; readonly max: number }[];
  /** An `each` without a bound over something that calls. */
  readonly unbounded: Step | undefined;
}
const NOTHING: Cost = { calls: 0, together: [], unbounded: undefined };

/**
 * An rpc with `max_calls` has to stay within it: upstream calls along every path, nested `each.max` multiplied; attempts after the first
 * are not counted. Keys that are asked for at different moments count as calls of their own.
 */
export function checkMaxCalls(model: Model, report: Report): void {
  const known = new Map<string, Cost>();
  const stepCost = (step: Step): Cost => {
    const inner: Cost[] = [
      ...callsOf(step.source).map(({ batch }) =>
        batch === undefined ? { ...NOTHING, calls: 1 } : { ...NOTHING, together: [{ keys: 1, max: batch.max }] },
      ),
      ...composesOf(step.source).map(({ message }) => known.get(message.typeName) ?? NOTHING),
    ];
    const once = inner.reduce(add, NOTHING);
    const all = step.source.kind === "each" ? times(once, step, step.source.max) : once;
    // What waits for something asks at a moment of its own.
    return step.reads.length + step.after.length > 0 ? { ...all, calls: total(all), together: [] } : all;
  };
  // Composers stand before what they compose.
  for (const { desc, steps } of [...model.messages].reverse())
    known.set(desc.typeName, steps.map(stepCost).reduce(add, NOTHING));
  for (const method of model.files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
    const cost = [known.get(method.composed.desc.typeName) ?? NOTHING, ...method.shared.map(stepCost)].reduce(add);
    if (method.ir.maxCalls !== undefined) checkMethod(method, cost, method.ir.maxCalls, report);
  }
}

function checkMethod(
  method: BffMethod,
  cost: Cost,
  limit: NonNullable<BffMethod["ir"]["maxCalls"]>,
  report: Report,
): void {
  const name = method.desc.name;
  if (cost.unbounded !== undefined) {
    const { unbounded } = cost;
    report({
      code: "BFF702",
      severity: "error",
      message: `"${name}" is allowed ${limit.value} upstream calls, and nothing bounds the items of step "${unbounded.name ?? unbounded.index + 1}"`,
      at: unbounded.ir.at,
      related: [{ at: limit.at, message: "allowed here" }],
      hint: "add `max` to the `each`",
    });
  } else if (total(cost) > limit.value) {
    report({
      code: "BFF701",
      severity: "error",
      message: `"${name}" may cost ${total(cost)} upstream calls, and ${limit.value} are allowed`,
      at: limit.at,
      hint: `allow ${total(cost)}, lower \`max\` of an \`each\`, or call a method that takes several keys with \`batch\``,
    });
  }
}

function add(a: Cost, b: Cost): Cost {
  return { calls: a.calls + b.calls, together: [...a.together, ...b.together], unbounded: a.unbounded ?? b.unbounded };
}
function times(cost: Cost, step: Step, max: number | undefined): Cost {
  if (cost.unbounded !== undefined || total(cost) === 0) return cost;
  if (max === undefined) return { ...cost, unbounded: step };
  return {
    calls: cost.calls * max,
    together: cost.together.map(({ keys, max: most }) => ({ keys: keys * max, max: most })),
    unbounded: undefined,
  };
}
const total = ({ calls, together }: Cost): number =>
  together.reduce((sum, { keys, max }) => sum + Math.ceil(keys / max), calls);
