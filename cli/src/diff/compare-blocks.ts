// The steps of one message, service or permit on both sides.
import type { StepReport } from "protoc-gen-bff/compiler";
import { compareCalls } from "./compare-calls.ts";
import { type Block, shortName } from "./composition.ts";
import {
  changesOf,
  code,
  count,
  type Finding,
  type FoundChange,
  type Level,
  list,
  type Phrase,
  phrase,
  same,
  without,
} from "./finding.ts";

const values = changesOf("values");
const caches = changesOf("cache");
const policies = changesOf("policies");
const exposure = changesOf("exposure");
const refusals = changesOf("refusals");
const sideEffects = changesOf("side-effects");
const criticality = changesOf("criticality");

/** @param before under the names of `after` */
export function compareBlocks(before: Block, after: Block): readonly Finding[] {
  const block = shortName(after.name);
  const had = new Map(before.steps.map((step) => [step.step, step]));
  const has = new Map(after.steps.map((step) => [step.step, step]));
  const of =
    (step: StepReport) =>
    (difference: FoundChange): Finding => ({
      ...difference,
      where: [step.unnamed === true ? block : `${block}.${step.step}`],
    });
  const gone = before.steps.filter(({ step }) => !has.has(step));
  const added = after.steps.filter(({ step }) => !had.has(step));
  const kept = after.steps.flatMap((step) => [had.get(step.step) ?? []].flat().map((old) => [old, step] as const));
  return [
    ...added.flatMap((step) => newStep(step).map(of(step))),
    ...gone.flatMap((step) => lostStep(step).map(of(step))),
    ...kept.flatMap(([old, step]) => compareSteps(old, step).map(of(step))),
    ...[
      ...compareSubsets(before, after),
      ...compareAbsence(before, after),
      ...compareFields(before, after),
      ...compareOrder(before, after),
    ].map((difference) => ({
      ...difference,
      where: [block],
    })),
  ];
}

/** Reports another part of a composed message. */
function compareSubsets({ subset: before }: Block, { subset: after }: Block): readonly FoundChange[] {
  const alike = before?.of === after?.of && String(before?.without) === String(after?.without);
  const message = phrase`is ${partOf(after)}, was ${partOf(before)}`;
  return changesOf("calls").when(!alike, "different", message);
}
function partOf(subset: Block["subset"]): Phrase {
  if (subset === undefined) return ["composed by itself"];
  const { of, without = [] } = subset;
  return without.length === 0 ? phrase`all of ${of}` : phrase`${of} without ${list(without)}`;
}

/** Reports a new step. The comparison of RPCs reports calls that are new to an RPC. */
function newStep(step: StepReport): readonly FoundChange[] {
  const { kind, call } = step;
  if (kind === "guard")
    return [refusals.of("different", phrase`requests are now refused when ${step.if ?? ""}${refusal(step)}`)];
  if (call === undefined) return [];
  const forAll = call.cache !== undefined && call.cache.per_caller === undefined;
  const shows = (call.on_error ?? []).some(({ fail }) => fail?.shows !== undefined);
  return [
    ...sideEffects.when(step.side_effects === true, "worse", phrase`${call.method} is now called for its side effects`),
    ...changesOf("forwarded").names(
      "different",
      forwards(call),
      (data) => phrase`new: ${call.method} gets ${data} of the caller`,
    ),
    ...caches.when(forAll, "different", "new: all callers share its cached answers"),
    ...exposure.when(shows, "worse", "new: clients see the text of the upstream's errors"),
  ];
}
const forwards = ({ forward = [], identify }: NonNullable<StepReport["call"]>): readonly string[] => [
  ...forward,
  ...(identify === undefined ? [] : [identify === "token" ? "token" : "principal"]),
];

function lostStep(step: StepReport): readonly FoundChange[] {
  const { kind, call } = step;
  if (kind === "guard")
    return [refusals.of("worse", phrase`requests are no longer refused when ${step.if ?? ""}${refusal(step)}`)];
  const message = phrase`${call?.method ?? ""} is no longer called for its side effects`;
  return sideEffects.when(step.side_effects === true && call !== undefined, "different", message);
}
const refusal = ({ fail }: StepReport): Phrase => (fail?.code === undefined ? [] : phrase`, with ${fail.code}`);

function compareSteps(before: StepReport, after: StepReport): readonly FoundChange[] {
  return [
    ...failures(before, after),
    ...(before.call !== undefined && after.call !== undefined ? compareCalls(before.call, after.call) : []),
    ...effects(before, after),
    ...exposed(before, after),
    ...items(before, after),
    ...contents(before, after),
  ];
}

function failures({ on_failure: from }: StepReport, { on_failure: to }: StepReport): readonly FoundChange[] {
  if (from === to) return [];
  if (to === "response fails") return [criticality.of("worse", "when it fails, the response now fails")];
  const used = to === "fallback";
  if (from === "response fails")
    return [
      criticality.of(
        "different",
        used
          ? "when it fails, its fallback is now used, and no longer fails the response"
          : "when it fails, the response no longer fails: the value is missing",
      ),
    ];
  if (from === undefined || to === undefined) return [];
  return [
    used
      ? criticality.of("better", "when it fails, its fallback is now used")
      : criticality.of("worse", "when it fails, no fallback is used any longer"),
  ];
}

function effects(before: StepReport, after: StepReport): readonly FoundChange[] {
  const begins = (key: "side_effects" | "unordered"): boolean => before[key] !== true && after[key] === true;
  const ends = (key: "side_effects" | "unordered"): boolean => before[key] === true && after[key] !== true;
  return [
    ...sideEffects.when(begins("side_effects"), "worse", "now has side effects"),
    ...sideEffects.when(ends("side_effects"), "different", "no longer has side effects"),
    ...sideEffects.when(begins("unordered"), "worse", "its side effects no longer have an order"),
    ...sideEffects.when(ends("unordered"), "better", "its side effects now have an order"),
  ];
}

function exposed(before: StepReport, after: StepReport): readonly FoundChange[] {
  const [had, has] = [before, after].map((step) => step.shows_error === true || (step.fail?.shows?.length ?? 0) > 0);
  return [
    ...exposure.when(has === true && had !== true, "worse", "now contains text of an upstream's error"),
    ...exposure.when(had === true && has !== true, "better", "no longer contains text of an upstream's error"),
  ];
}

function items({ each: from }: StepReport, { each: to }: StepReport): readonly FoundChange[] {
  if (from === undefined || to === undefined) return [];
  const text = (bound: number | null, none: string): Phrase => [bound === null ? none : count(bound, "item")];
  const [had, has] = [text(from.max, "no bound"), text(to.max, "no bound")];
  const [old, now] = [text(from.concurrent, "all"), text(to.concurrent, "all")];
  return [
    ...policies.between("different", "has another bound of items", had, has),
    ...policies.between("different", "handles another number of items at a time", old, now),
  ];
}

/** Messages for changed members, one for each member; findings show both texts. */
const TEXTS = {
  kind: "is computed differently",
  composes: "composes another message",
  if: "runs on another condition",
  by: "has another value",
  in: "iterates over another list",
  where: "takes other items",
  key: "has other keys",
  default: "has another default",
  fallback: "has another fallback",
} as const;

function contents(before: StepReport, after: StepReport): readonly FoundChange[] {
  const isGuard = before.kind === "guard" && after.kind === "guard";
  const keys = (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).filter((key) => !(isGuard && key === "if"));
  const refused = isGuard && !same([before.if, before.fail], [after.if, after.fail]);
  const numbers = before.min !== after.min || before.enough !== after.enough;
  const choices = !same(before.only_for, after.only_for) || !same(before.only_in, after.only_in);
  return [
    ...(refused
      ? [refusals.of("different", "requests are refused differently", guardText(before), guardText(after))]
      : []),
    ...keys.flatMap((key) => values.between("different", TEXTS[key], code(before[key]), code(after[key]))),
    ...criticality.between("different", "items that fail", partial(before), partial(after)),
    ...(numbers ? [criticality.of("different", "needs other numbers of values", needs(before), needs(after))] : []),
    ...values.changed("different", "passes other arguments", before.args, after.args, bindings),
    ...values.changed("different", "has other cases", before.cases, after.cases, cases),
    ...values.when(choices, "different", "runs for other choices"),
  ];
}
const guardText = (step: StepReport): Phrase =>
  phrase`${step.if ?? ""}${refusal(step)}${step.fail?.message === undefined ? [] : phrase`: ${step.fail.message}`}`;
const partial = ({ partial: leavesOut }: StepReport): Phrase => [leavesOut === true ? "are left out" : "fail the step"];
const needs = ({ min, enough, partial }: StepReport): Phrase => [
  ...(min === undefined ? [partial === true ? "any number" : "all"] : [`at least ${min}`]),
  ...(enough === undefined ? [] : [`, ${enough} suffice`]),
];
const bindings = (all: StepReport["args"] = []): Phrase => list(all.map(({ name, by }) => `${name}: ${by}`));
const cases = (all: StepReport["cases"] = []): Phrase => list(all.map((entry) => `${entry.if}: ${entry.by}`));

type Becomes = Block["degrades"][number]["becomes"];
const BECOMES = {
  missing: "be missing",
  replaced: "be replaced",
  incomplete: "be incomplete",
  stale: "be stale",
} as const;

/** Compares the effects of failures on fields. */
function compareAbsence(before: Block, after: Block): readonly FoundChange[] {
  const absences = changesOf("absence");
  const fields = [...new Set([...before.degrades, ...after.degrades].map(({ field }) => field))];
  const kept = new Set(before.fields.map(({ field }) => field));
  return fields.flatMap((field) =>
    (Object.keys(BECOMES) as Exclude<Becomes, "within">[]).flatMap((becomes): readonly FoundChange[] => {
      const when = ({ degrades }: Block) =>
        degrades.filter((entry) => entry.field === field && entry.becomes === becomes).map((entry) => entry.when);
      const [from, to] = [when(before), when(after)];
      const more = without(to, from);
      if (more.length > 0 && (from.length === 0 || without(from, to).length === 0)) {
        const reasons = becomes === "stale" ? "with an old answer of " : "without ";
        // Clients have no expectation of a new field.
        const fresh = kept.size > 0 && !kept.has(field);
        const worse: Level = becomes === "missing" || becomes === "incomplete" ? "worse" : "different";
        const may = phrase`${field} may ${[from.length === 0 ? "now" : "now also"]} `;
        return [absences.of(fresh ? "different" : worse, [...may, `${BECOMES[becomes]}, ${reasons}`, ...list(more)])];
      }
      if (to.length === 0 && from.length > 0 && after.fields.some((report) => report.field === field))
        return [absences.of("better", [...phrase`${field} can no longer `, BECOMES[becomes]])];
      if (more.length === 0) return [];
      const message = phrase`${field} may ${[BECOMES[becomes]]} for other reasons`;
      return [absences.of("different", message, list(from), list(to))];
    }),
  );
}

function compareFields(before: Block, after: Block): readonly FoundChange[] {
  const had = new Map(before.fields.map((field) => [field.field, field]));
  return after.fields.flatMap((field): readonly FoundChange[] => {
    const old = had.get(field.field);
    const shows = field.shows_error === true && old?.shows_error !== true;
    const message = phrase`${field.field} is computed differently`;
    return [
      ...exposure.when(shows, "worse", phrase`${field.field} now contains text of an upstream's error`),
      ...(old === undefined
        ? []
        : [...freshness(old, field), ...values.between("different", message, fieldText(old), fieldText(field))]),
    ];
  });
}
const fieldText = ({ by, if: condition }: FieldReport): Phrase =>
  phrase`${by}${condition === undefined ? [] : phrase` if ${condition}`}`;

function freshness({ fresh: had }: FieldReport, { field, fresh: has }: FieldReport): readonly FoundChange[] {
  if (had === has) return [];
  return has === true
    ? [caches.of("better", phrase`${field} is now fresh: no value is older than the request`)]
    : [caches.of("worse", phrase`${field} is no longer fresh: values may be from a cache`)];
}
type FieldReport = Block["fields"][number];

// In which order side effects happen, and what holds them back.

/** Only of steps that both sides have, under the names of `after`. */
function compareOrder(before: Block, after: Block): readonly FoundChange[] {
  const [from, to] = [effectsOf(before), effectsOf(after)];
  const both = [...to].filter((step) => from.has(step));
  const [had, has] = [predecessors(before), predecessors(after)];
  const found: FoundChange[] = [];
  for (const step of both) {
    for (const other of both) {
      const [first, now] = [had.get(step)?.has(other) === true, has.get(step)?.has(other) === true];
      if (first === now) continue;
      const turned = first && has.get(other)?.has(step) === true;
      if (turned)
        found.push(sideEffects.of("worse", phrase`${step} now comes before ${other}, and no longer after it`));
      else if (first) found.push(sideEffects.of("worse", phrase`${step} no longer waits for ${other}`));
      // A reversed order is reported for the other step.
      else if (had.get(other)?.has(step) !== true)
        found.push(sideEffects.of("different", phrase`${step} now waits for ${other}`));
    }
    for (const other of cleared(before, step))
      if (
        after.steps.some((step) => step.step === other) &&
        !cleared(after, step).has(other) &&
        has.get(step)?.has(other) !== true
      )
        found.push(sideEffects.of("worse", phrase`${step} no longer waits until ${other} has passed`));
  }
  return found;
}

const effectsOf = ({ steps }: Block): ReadonlySet<string> =>
  new Set(steps.filter(({ side_effects }) => side_effects === true).map(({ step }) => step));

const cleared = ({ edges }: Block, step: string): ReadonlySet<string> =>
  new Set(edges.filter(({ to, kind }) => to === step && kind === "clears").map(({ from }) => from));

/** Returns the steps for which each step with side effects waits, directly or not. */
function predecessors(block: Block): ReadonlyMap<string, ReadonlySet<string>> {
  const direct = Map.groupBy(
    block.edges.filter(({ kind }) => kind !== "clears"),
    ({ to }) => to,
  );
  return new Map(
    [...effectsOf(block)].map((step) => {
      const found = new Set<string>();
      const open = [step];
      for (let at = open.pop(); at !== undefined; at = open.pop())
        for (const { from } of direct.get(at) ?? []) {
          if (found.has(from)) continue;
          found.add(from);
          open.push(from);
        }
      return [step, found] as const;
    }),
  );
}
