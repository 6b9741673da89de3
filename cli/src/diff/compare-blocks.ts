// The steps of one message, service or permit on both sides.
import type { StepReport } from "protoc-gen-bff/compiler";
import { count } from "./amounts.ts";
import { compareCalls } from "./compare-calls.ts";
import { compareOrder } from "./compare-order.ts";
import { type Block, shortName } from "./composition.ts";
import type { Finding, Level, Phrase } from "./finding.ts";
import { list, phrase } from "./finding.ts";

type Difference = Omit<Finding, "where">;

/** @param before under the names of `after` */
export function compareBlocks(before: Block, after: Block): readonly Finding[] {
  const block = shortName(after.name);
  const had = new Map(before.steps.map((step) => [step.step, step]));
  const has = new Map(after.steps.map((step) => [step.step, step]));
  const of =
    (step: StepReport) =>
    (difference: Difference): Finding => ({
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
function compareSubsets({ subset: before }: Block, { subset: after }: Block): readonly Difference[] {
  if (before?.of === after?.of && String(before?.without) === String(after?.without)) return [];
  const [old, now] = [before, after].map(partOf);
  return [{ kind: "calls", level: "different", message: phrase`is ${now ?? []}, was ${old ?? []}` }];
}
function partOf(subset: Block["subset"]): Phrase {
  if (subset === undefined) return ["composed by itself"];
  const { of, without = [] } = subset;
  return without.length === 0 ? phrase`all of ${of}` : phrase`${of} without ${list(without)}`;
}

/** Reports a new step. The comparison of RPCs reports calls that are new to an RPC. */
function newStep(step: StepReport): readonly Difference[] {
  if (step.kind === "guard")
    return [
      {
        kind: "refusals",
        level: "different",
        message: phrase`requests are now refused when ${step.if ?? ""}${refusal(step)}`,
      },
    ];
  if (step.call === undefined) return [];
  const callerData = forwards(step.call);
  return [
    ...(step.side_effects === true
      ? [
          {
            kind: "side-effects",
            level: "worse",
            message: phrase`${step.call.method} is now called for its side effects`,
          } as const,
        ]
      : []),
    ...(callerData.length === 0
      ? []
      : [
          {
            kind: "forwarded",
            level: "different",
            message: phrase`new: ${step.call.method} gets ${list(callerData)} of the caller`,
          } as const,
        ]),
    ...(step.call.cache === undefined || step.call.cache.per_caller !== undefined
      ? []
      : [{ kind: "cache", level: "different", message: ["new: all callers share its cached answers"] } as const]),
    ...((step.call.on_error ?? []).some(({ fail }) => fail?.shows !== undefined)
      ? [
          {
            kind: "exposure",
            level: "worse",
            message: ["new: clients see the text of the upstream's errors"],
          } as const,
        ]
      : []),
  ];
}
const forwards = ({ forward = [], identify }: NonNullable<StepReport["call"]>): readonly string[] => [
  ...forward,
  ...(identify === undefined ? [] : [identify === "token" ? "token" : "principal"]),
];

function lostStep(step: StepReport): readonly Difference[] {
  if (step.kind === "guard")
    return [
      {
        kind: "refusals",
        level: "worse",
        message: phrase`requests are no longer refused when ${step.if ?? ""}${refusal(step)}`,
      },
    ];
  if (step.side_effects === true && step.call !== undefined)
    return [
      {
        kind: "side-effects",
        level: "different",
        message: phrase`${step.call.method} is no longer called for its side effects`,
      },
    ];
  return [];
}
const refusal = ({ fail }: StepReport): Phrase => (fail?.code === undefined ? [] : phrase`, with ${fail.code}`);

function compareSteps(before: StepReport, after: StepReport): readonly Difference[] {
  return [
    ...criticality(before, after),
    ...(before.call !== undefined && after.call !== undefined ? compareCalls(before.call, after.call) : []),
    ...effects(before, after),
    ...exposure(before, after),
    ...items(before, after),
    ...values(before, after),
  ];
}

function criticality({ on_failure: from }: StepReport, { on_failure: to }: StepReport): readonly Difference[] {
  if (from === to) return [];
  const kind = "criticality";
  if (to === "response fails") return [{ kind, level: "worse", message: ["when it fails, the response now fails"] }];
  if (from === "response fails")
    return [
      {
        kind,
        level: "different",
        message: [
          to === "fallback"
            ? "when it fails, its fallback is now used, and no longer fails the response"
            : "when it fails, the response no longer fails: the value is missing",
        ],
      },
    ];
  if (from === undefined || to === undefined) return [];
  return [
    {
      kind,
      level: to === "fallback" ? "better" : "worse",
      message: [
        to === "fallback" ? "when it fails, its fallback is now used" : "when it fails, no fallback is used any longer",
      ],
    },
  ];
}

function effects(before: StepReport, after: StepReport): readonly Difference[] {
  const kind = "side-effects";
  return [
    ...(before.side_effects !== true && after.side_effects === true
      ? [{ kind, level: "worse", message: ["now has side effects"] } as const]
      : []),
    ...(before.side_effects === true && after.side_effects !== true
      ? [{ kind, level: "different", message: ["no longer has side effects"] } as const]
      : []),
    ...(before.unordered !== true && after.unordered === true
      ? [{ kind, level: "worse", message: ["its side effects no longer have an order"] } as const]
      : []),
    ...(before.unordered === true && after.unordered !== true
      ? [{ kind, level: "better", message: ["its side effects now have an order"] } as const]
      : []),
  ];
}

function exposure(before: StepReport, after: StepReport): readonly Difference[] {
  const [had, has] = [before, after].map((step) => step.shows_error === true || (step.fail?.shows?.length ?? 0) > 0);
  if (had === has) return [];
  const message = [
    has === true ? "now contains text of an upstream's error" : "no longer contains text of an upstream's error",
  ];
  return [{ kind: "exposure", level: has === true ? "worse" : "better", message }];
}

function items({ each: from }: StepReport, { each: to }: StepReport): readonly Difference[] {
  if (from === undefined || to === undefined) return [];
  const differences = (message: string, had: number | null, has: number | null, none: string): readonly Difference[] =>
    had === has
      ? []
      : [
          {
            kind: "policies",
            level: "different",
            message: [message],
            before: [had === null ? none : count(had, "item")],
            after: [has === null ? none : count(has, "item")],
          },
        ];
  return [
    ...differences("has another bound of items", from.max, to.max, "no bound"),
    ...differences("handles another number of items at a time", from.concurrent, to.concurrent, "all"),
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

function values(before: StepReport, after: StepReport): readonly Difference[] {
  const difference = (message: string, from: Phrase, to: Phrase, level: Level = "different"): Difference => ({
    kind: "values",
    level,
    message: [message],
    before: from,
    after: to,
  });
  const text = (value: string | undefined): Phrase => (value === undefined ? ["none"] : [{ code: value }]);
  const json = (value: unknown): string => JSON.stringify(value) ?? "";
  const isGuard = before.kind === "guard" && after.kind === "guard";
  const refusals = isGuard && json([before.if, before.fail]) !== json([after.if, after.fail]);
  const keys = (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).filter(
    (key) => before[key] !== after[key] && !(isGuard && key === "if"),
  );
  const guardText = (step: StepReport): Phrase =>
    phrase`${step.if ?? ""}${refusal(step)}${step.fail?.message === undefined ? [] : phrase`: ${step.fail.message}`}`;
  return [
    ...(refusals
      ? [
          {
            ...difference("requests are refused differently", guardText(before), guardText(after)),
            kind: "refusals",
          } as const,
        ]
      : []),
    ...keys.map((key) => difference(TEXTS[key], text(before[key]), text(after[key]))),
    ...(before.partial === after.partial
      ? []
      : [
          {
            ...difference(
              "items that fail",
              [before.partial === true ? "are left out" : "fail the step"],
              [after.partial === true ? "are left out" : "fail the step"],
            ),
            kind: "criticality",
          } as const,
        ]),
    ...(before.min === after.min && before.enough === after.enough
      ? []
      : [
          { ...difference("needs other numbers of values", needs(before), needs(after)), kind: "criticality" } as const,
        ]),
    ...(json(before.args) === json(after.args)
      ? []
      : [difference("passes other arguments", bindings(before.args), bindings(after.args))]),
    ...(json(before.cases) === json(after.cases)
      ? []
      : [difference("has other cases", cases(before.cases), cases(after.cases))]),
    ...(json(before.only_for) === json(after.only_for) && json(before.only_in) === json(after.only_in)
      ? []
      : [{ kind: "values", level: "different", message: ["runs for other choices"] } as const]),
  ];
}
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
function compareAbsence(before: Block, after: Block): readonly Difference[] {
  const fields = [...new Set([...before.degrades, ...after.degrades].map(({ field }) => field))];
  const kept = new Set(before.fields.map(({ field }) => field));
  return fields.flatMap((field) =>
    (Object.keys(BECOMES) as Exclude<Becomes, "within">[]).flatMap((becomes): readonly Difference[] => {
      const when = ({ degrades }: Block) =>
        degrades.filter((entry) => entry.field === field && entry.becomes === becomes).map((entry) => entry.when);
      const [from, to] = [when(before), when(after)];
      const more = to.filter((step) => !from.includes(step));
      const fewer = from.filter((step) => !to.includes(step));
      const without = becomes === "stale" ? "with an old answer of " : "without ";
      const level = becomes === "missing" || becomes === "incomplete" ? "worse" : "different";
      // Clients have no expectation of a new field.
      const fresh = kept.size > 0 && !kept.has(field);
      if (more.length > 0 && (from.length === 0 || fewer.length === 0))
        return [
          {
            kind: "absence",
            level: fresh ? "different" : level,
            message: [
              ...phrase`${field} may ${[from.length === 0 ? "now" : "now also"]} `,
              `${BECOMES[becomes]}, ${without}`,
              ...list(more),
            ],
          },
        ];
      if (to.length === 0 && from.length > 0 && after.fields.some((report) => report.field === field))
        return [{ kind: "absence", level: "better", message: [...phrase`${field} can no longer `, BECOMES[becomes]] }];
      if (more.length === 0) return [];
      return [
        {
          kind: "absence",
          level: "different",
          message: [...phrase`${field} may ${[BECOMES[becomes]]} for other reasons`],
          before: list(from),
          after: list(to),
        },
      ];
    }),
  );
}

function compareFields(before: Block, after: Block): readonly Difference[] {
  const had = new Map(before.fields.map((field) => [field.field, field]));
  return after.fields.flatMap((field): readonly Difference[] => {
    const old = had.get(field.field);
    const exposed: readonly Difference[] =
      field.shows_error === true && old?.shows_error !== true
        ? [
            {
              kind: "exposure",
              level: "worse",
              message: phrase`${field.field} now contains text of an upstream's error`,
            },
          ]
        : [];
    if (old === undefined) return exposed;
    const noted = [...exposed, ...freshness(old, field)];
    if (old.by === field.by && old.if === field.if) return noted;
    const text = (report: typeof field): Phrase =>
      phrase`${report.by}${report.if === undefined ? [] : phrase` if ${report.if}`}`;
    return [
      ...noted,
      {
        kind: "values",
        level: "different",
        message: phrase`${field.field} is computed differently`,
        before: text(old),
        after: text(field),
      },
    ];
  });
}

function freshness({ fresh: had }: FieldReport, { field, fresh: has }: FieldReport): readonly Difference[] {
  if (had === has) return [];
  return has === true
    ? [{ kind: "cache", level: "better", message: phrase`${field} is now fresh: no value is older than the request` }]
    : [{ kind: "cache", level: "worse", message: phrase`${field} is no longer fresh: values may be from a cache` }];
}
type FieldReport = Block["fields"][number];
