// The sources of steps.
import { type CelInput, celList, celMap, isCelMap } from "@bufbuild/cel";
import { Composition } from "./compose.ts";
import type { Scope } from "./evaluate.ts";
import type { Place } from "./response.ts";
import { absent, type Cause, causeOf, invalid, present, type Result, StepFailure, unique } from "./result.ts";
import type { Compose, Each, Step } from "./rules.ts";
import { parsed } from "./syntax.ts";

/** Returns the result of a step's source. Throws `StepFailure`, or `Refusal`. */
export async function sourceOf(composition: Composition, step: Step): Promise<Result> {
  const { evaluator, scope, globals } = composition;
  if (step.by !== undefined) {
    const result = await evaluator.value(step.by, scope, globals);
    const { entries: _, lacks: __, ...plain } = result;
    return parsed(step.by).path?.length === 1 ? result : plain;
  }
  if (step.call !== undefined)
    return composition.setting.response.call(step.call, composition, ready(composition, step));
  if (step.compose !== undefined) return composed(composition, step, step.compose, composition);
  if (step.each !== undefined) return each(composition, step, step.each);
  if (step.switch !== undefined) return choice(composition, step.switch);
  throw new Error("a step without a source");
}

/** Side effects wait for guards and critical steps. */
const ready = (composition: Composition, step: Step) => async (): Promise<void> => {
  const { response } = composition.setting;
  const call = step.call ?? step.each?.call;
  if (call !== undefined && response.hasEffects(call)) await composition.ready(step);
};

async function choice(
  composition: Composition,
  { case: cases, default: other }: NonNullable<Step["switch"]>,
): Promise<Result> {
  const { evaluator, scope, globals } = composition;
  const causes: Cause[] = [];
  for (const { if: condition, by } of cases) {
    const { is, result } = await evaluator.holds(condition, scope, globals);
    causes.push(...result.causes);
    if (result.value === undefined) return absent(unique(causes), result.failure);
    if (!is) continue;
    const chosen = await evaluator.value(by, scope, globals);
    return { ...chosen, causes: unique([...causes, ...chosen.causes]) };
  }
  if (other === undefined) return absent(unique(causes));
  const chosen = await evaluator.value(other, scope, globals);
  return { ...chosen, causes: unique([...causes, ...chosen.causes]) };
}

async function composed(
  composition: Composition,
  step: Step,
  { message, args = [] }: Compose,
  place: Place,
): Promise<Result> {
  const { response, shared, rank, steps } = composition.setting;
  const desc = response.messageNamed(message, composition.package);
  const passed = new Map<string, Result>();
  for (const entry of [...args].sort((a, b) => Number(b.spread !== undefined) - Number(a.spread !== undefined)))
    for (const { name, result, skip } of await response.bound(entry, place)) {
      if (result.unset && result.value === undefined) {
        const plain = await place.evaluator.value(entry.by ?? "null", place.scope, place.globals);
        passed.set(`args.${name}`, { ...plain, unset: true });
      } else passed.set(`args.${name}`, skip ? absent(result.causes) : result);
    }
  const inner = new Composition({
    response,
    desc,
    steps: composition.statics.stepsOf(desc),
    args: passed,
    globals: { headers: composition.globals.headers },
    outer: composition,
    ...(shared && { shared }),
    rank: [...rank, steps.indexOf(step)],
  });
  try {
    const { message: made, entries, lacks } = await inner.run();
    return { ...present(made), entries, lacks: [lacks ?? new Set()] };
  } catch (error) {
    // A critical step fails its message, and so the composing step.
    if (!(error instanceof StepFailure)) throw error;
    throw new StepFailure(error.reason, error.code, error.upstream, error.message, error);
  }
}

interface Item {
  readonly key: CelInput;
  readonly value: CelInput;
  readonly enum: Result["enum"];
}

async function each(composition: Composition, step: Step, rule: Each): Promise<Result> {
  const { evaluator, globals } = composition;
  const source = await evaluator.value(rule.in, composition.scope, globals);
  if (source.value === undefined) return source;
  const list = isCelMap(source.value) ? source.value.keys() : source.value;
  const items = [...(list as Iterable<CelInput>)];
  const fromClient = parsed(rule.in).path?.[0] === "args" && composition.setting.outer === undefined;
  if (rule.max !== undefined && items.length > rule.max) {
    const text = `more than ${rule.max} items`;
    throw fromClient ? invalid(text, 3) : invalid(text);
  }
  const least = rule.min ?? (rule.partial ? 0 : (rule.enough ?? 0));
  if (items.length < least) throw invalid("too few items");
  const runs = await runItems(composition, step, rule, items);
  return gathered(rule, runs, source.causes, items.length);
}

interface Runs {
  readonly found: readonly { readonly item: Item; readonly result: Result }[];
  readonly failures: readonly StepFailure[];
  readonly causes: readonly Cause[];
}

async function runItems(composition: Composition, step: Step, rule: Each, items: readonly CelInput[]): Promise<Runs> {
  const results: ({ readonly item: Item; readonly result: Result } | undefined)[] = [];
  const failures: StepFailure[] = [];
  const causes: Cause[] = [];
  const queue = items.entries();
  let count = 0;
  let fatal: unknown;
  const spare = rule.enough === undefined ? 0 : items.length - rule.enough;
  const worker = async (): Promise<void> => {
    for (const [at, value] of queue) {
      if (fatal !== undefined || (rule.enough !== undefined && count >= rule.enough)) return;
      try {
        const made = await runItem(composition, step, rule, value);
        causes.push(...(made?.result.value === undefined ? (made?.result.causes ?? []) : []));
        if (made?.result.value === undefined) continue;
        results[at] = made;
        count++;
      } catch (error) {
        if (!(error instanceof StepFailure) || error.critical) throw error;
        failures.push(error);
        if (!rule.partial && failures.length > spare) fatal ??= error;
      }
    }
  };
  const width = rule.call?.batch !== undefined || rule.call === undefined ? items.length : (rule.concurrent ?? 10);
  await Promise.all(Array.from({ length: Math.max(1, width) }, worker));
  if (fatal !== undefined) throw fatal;
  return { found: results.filter((result) => result !== undefined), failures, causes };
}

async function runItem(composition: Composition, step: Step, rule: Each, value: CelInput) {
  const { evaluator, globals } = composition;
  const scope: Scope = (name) => (name === rule.var ? Promise.resolve(present(value)) : composition.scope(name));
  const place: Place = { evaluator, scope, globals, package: composition.package };
  const test = rule.if === undefined ? undefined : await evaluator.holds(rule.if, scope, globals);
  if (test !== undefined && !test.is) return undefined;
  const key = rule.key === undefined ? undefined : await evaluator.value(rule.key, scope, globals);
  const result = await itemOf(composition, step, rule, place);
  return { item: { key: key?.value ?? null, value, enum: result.enum }, result };
}

async function itemOf(composition: Composition, step: Step, rule: Each, place: Place): Promise<Result> {
  const { response } = composition.setting;
  if (rule.by !== undefined) return place.evaluator.value(rule.by, place.scope, place.globals);
  if (rule.call !== undefined) return response.call(rule.call, place, ready(composition, step));
  return composed(composition, step, rule.compose ?? { message: "" }, place);
}

function gathered(rule: Each, { found, failures, causes }: Runs, before: readonly Cause[], count: number): Result {
  const [failure] = failures;
  const enough = rule.enough !== undefined && found.length >= rule.enough;
  if (failure !== undefined && !enough && (failures.length === count || found.length < (rule.min ?? 0))) throw failure;
  const left: readonly Cause[] = enough
    ? []
    : [...failures.map(causeOf), ...causes].map((cause) => ({ ...cause, incomplete: true }));
  const all = unique([...before, ...left, ...found.flatMap(({ result }) => result.causes)]);
  const chosen = enough ? found.slice(0, rule.enough) : found;
  const values = chosen.map(({ result }) => result.value ?? null);
  const entries = chosen.map(({ result }) => (result.entries ?? []) as readonly never[]);
  const lacks = chosen.flatMap(({ result }) => result.lacks ?? []);
  if (rule.key === undefined) return { ...present(celList(values), all), entries, lacks, enum: chosen[0]?.result.enum };
  const keys = chosen.map(({ item }) => item.key);
  if (new Set(keys).size < keys.length) throw invalid("a key comes twice");
  return present(celMap(new Map(keys.map((key, at) => [key as string, values[at] ?? null]))), all);
}
