// The plan as text: the waits and calls of steps, and the parts of a response that may be missing.

import { allSteps } from "../plan/check/max-calls.ts";
import type { PlanBlock, PlanMessage, PlanStep } from "../plan/model/messages.ts";
import type { Plan, PlanFile, PlanMethod, PlanPermit } from "../plan/model/plan.ts";
import { versionText } from "../plan/rpcs/plan-version.ts";
import { callsOf, composedBy, composesOf } from "../resolve/model/blocks.ts";
import type { Call } from "../resolve/model/call.ts";
import { type AmountEnv, amountText } from "../text/amount.ts";
import { timeText } from "../text/time-text.ts";
import type { VariableNumber } from "../text/variable-numbers.ts";
import { perCaller } from "./calls/caller-differences.ts";
import { balanceLines, balanceOf } from "./calls/describe-balance.ts";
import { branchesOf, branchLines } from "./calls/describe-branches.ts";
import { shardReport } from "./calls/describe-call.ts";
import { fieldReports } from "./calls/describe-source.ts";
import { type Worst, worstOf } from "./calls/describe-worst.ts";
import { effectSources } from "./calls/effect-sources.ts";
import { costBlock } from "./describe-costs.ts";
import { purgeBlock } from "./describe-purges.ts";
import { functionsOf } from "./describe-report.ts";
import { revealBlock } from "./describe-reveals.ts";
import { subsetText } from "./describe-subset.ts";
import { permittedCallers } from "./rpcs/callers.ts";
import { cachingLines, fetchText, tagLine } from "./rpcs/describe-caching.ts";
import { callerKindLines } from "./rpcs/describe-caller-kinds.ts";
import { degradedOf, lossesOf } from "./rpcs/describe-degraded.ts";
import { fieldChoiceLines } from "./rpcs/describe-field-choice.ts";
import { headerLines } from "./rpcs/describe-headers.ts";
import { limitReports, usageLines } from "./rpcs/describe-limits.ts";
import { liveLines } from "./rpcs/describe-live.ts";
import { pagesLines } from "./rpcs/describe-pages.ts";
import { laterOf } from "./rpcs/describe-parts.ts";
import { httpCallsOf, httpLines } from "./rpcs/describe-protocol.ts";
import { rulesText } from "./rpcs/describe-rules.ts";
import { shareLines } from "./rpcs/describe-share.ts";
import { followed, streamLines, streamReport } from "./rpcs/describe-stream.ts";
import { telemetryLines } from "./rpcs/describe-telemetry.ts";
import { toolRows } from "./rpcs/describe-tool.ts";
import { restText } from "./rpcs/rest-text.ts";

/** Returns one block of lines for each rpc of the run; deterministic. */
export function describePlan(plan: Plan): string {
  const messages = new Map(plan.messages.map((message) => [message.composed.desc.typeName, message]));
  return plan.files.flatMap((file) => fileBlocks(file, messages)).join("\n\n");
}

export function fileBlocks(file: PlanFile, messages: Messages): string[] {
  return [
    ...coverage(file),
    ...revealBlock(file),
    ...toolBlock(file),
    ...purgeBlock(file),
    ...costBlock(file),
    ...rpcBlocks(file, messages),
  ];
}

/** Returns the table of rpcs with their permitted callers, which a security review reads first. */
function coverage({ services }: PlanFile): string[] {
  const found = services.flatMap(({ desc, methods }) =>
    methods.flatMap(({ method }): Row[] => {
      if (method.permit === undefined) return [];
      const { open, sources, scopes, roles, conditions } = permittedCallers(method.permit);
      const requirements = [
        ...scopes.map((scope) => `scope ${scope}`),
        ...roles.map((any) => `role ${orList(any)}`),
        ...conditions.map((condition) => `if ${condition}`),
      ];
      const callers = open ? "anybody" : (sources?.join(", ") ?? "any source");
      return [[`  ${desc.name}/${method.desc.name}`, callers, requirements.join(", ")]];
    }),
  );
  return found.length === 0 ? [] : [["who may call", ...table(found)].join("\n")];
}

/** Returns the table of tools for agents, whose sizes count in every conversation. */
function toolBlock(file: PlanFile): string[] {
  const rows = toolRows(file);
  return rows.length === 0 ? [] : [["tools for agents", ...table(rows)].join("\n")];
}

/** Returns a block of lines for each rpc. */
export function rpcBlocks(file: PlanFile, messages: Messages): string[] {
  return file.services.flatMap((service) =>
    service.methods.map((planned) => {
      const { method, message } = planned;
      const { stream } = planned;
      const report = stream && streamReport(stream);
      const suffix = report === undefined ? "" : ` for ${followed(report)}, each`;
      const { parts } = method;
      const all = parts === undefined ? "" : `, and what comes later within ${timeText(parts.timeoutMs)}`;
      const head = `${service.desc.name}/${method.desc.name} composes ${message.composed.desc.name}${suffix} within ${amountText(method.timeout)}${all}${planned.live === undefined ? "" : ", again after each change"}`;
      const shown = new Set<PlanMessage>();
      const worst = worstOf(planned, messages);
      return [
        head,
        ...subsetText(message.composed).map((text) => `  ${text}`),
        ...(report === undefined ? [] : streamLines(report, timeText).map((text) => `  ${text}`)),
        ...liveLines(planned, worst.calls).map((text) => `  ${text}`),
        ...(parts === undefined ? [] : [`  may come later: ${laterOf(method, file).join(", ")}`]),
        ...limitLines(planned),
        ...callerKindLines(planned, messages).map((text) => `  ${text}`),
        ...(planned.validated === undefined ? [] : [`  ${rulesText(planned.validated)}`]),
        ...table([
          ...(planned.permit === undefined ? [] : rows(decisionsOf(planned.permit), "  ", messages, shown)),
          ...(planned.start === undefined ? [] : rows(planned.start, "  ", messages, shown)),
          ...(stream?.opening === undefined ? [] : rows(stream.opening, "  ", messages, shown)),
          ...rows(message, "  ", messages, shown),
        ]),
        ...worstLines(
          worst,
          stream === undefined ? "" : "to open, ",
          parts === undefined ? "" : "to the first message, ",
        ),
        ...(worst.parts === undefined ? [] : worstLines(worst.parts, "to the last part, ").slice(1)),
        ...(worst.item === undefined ? [] : worstLines(worst.item, `for each ${report?.var}, `)),
        ...branchLines(branchesOf(file, worst)),
        ...balanceLines(balanceOf(file, worst), timeText),
        ...httpLines(httpCallsOf(file, worst)),
        ...functionLines(planned, messages),
        ...(planned.telemetry === undefined ? [] : telemetryLines(planned.telemetry)).map((text) => `  ${text}`),
        ...planned.rest.map((rule) => `  ${restText(rule)}`),
        ...shareLines(planned, file).map((text) => `  ${text}`),
        ...(planned.priority === undefined ? [] : [`  priority under overload: ${planned.priority}`]),
        ...[usageLines, fieldChoiceLines, pagesLines, headerLines, cachingLines].flatMap((lines) =>
          lines(planned).map((text) => `  ${text}`),
        ),
        ...(planned.version === undefined ? [] : [`  ${versionText(planned.version)}`]),
        ...(planned.deprecatedFields === undefined
          ? []
          : [`  deprecated fields: ${planned.deprecatedFields.join(", ")}`]),
        ...(planned.publicIds === undefined ? [] : [`  public ids: ${planned.publicIds.join(", ")}`]),
        ...freshLines([...shown], message, messages),
        ...degradedLines([...shown]),
      ].join("\n");
    }),
  );
}

function variableText(number: VariableNumber | undefined, unit: AmountEnv["unit"]): string | undefined {
  if (number === undefined) return undefined;
  const { env: name, min, max, default: initial } = number;
  return amountText({ value: max, env: { name, unit, min, max, initial } }, unit);
}

/** Returns the limits in the order in which they are charged. */
function limitLines({ limits }: PlanMethod): string[] {
  return limitReports(limits).map(({ name, rate, per_ms: ms = 0, per, burst, key, ...rest }) => {
    const { rate: rateFrom, per_ms: perFrom, burst: burstFrom } = rest.variables ?? {};
    const period = per ?? variableText(perFrom, "ms") ?? timeText(ms);
    const first = variableText(burstFrom, "count") ?? burst;
    const parts = [
      `${variableText(rateFrom, "count") ?? rate} per ${period}${burst === rate ? "" : `, ${first} at once`}`,
      `by ${key}`,
      ...(rest.if === undefined ? [] : [`if ${rest.if}`]),
      ...(rest.cost === undefined ? [] : [`costs ${rest.cost}`]),
      ...(rest.settle === undefined ? [] : [`settled as ${rest.settle}`]),
      ...(rest.early === true ? ["before credentials"] : []),
      ...(rest.spares_unknown === true ? ["only for known callers"] : []),
      ...(rest.local === true ? ["in each process"] : []),
      ...(rest.closed === true ? ["closed"] : []),
    ];
    return `  limited by ${name}: ${parts.join(", ")}`;
  });
}

type Messages = ReadonlyMap<string, PlanMessage>;
type Row = readonly [name: string, waits: string, what: string];

/** The note on steps of blocks that run once for several messages. */
const ONCE: Readonly<Partial<Record<PlanBlock["composed"]["kind"], readonly string[]>>> = {
  let: ["for the service"],
  permit: ["for the permit"],
  opening: ["once, to open"],
};

/** Returns each message once, at its first composition. */
function rows(message: PlanBlock, indent: string, messages: Messages, shown: Set<PlanMessage>): Row[] {
  const planned = messages.get(message.composed.desc.typeName);
  const { kind } = message.composed;
  if (planned !== undefined && kind !== "opening") shown.add(planned);
  const once = ONCE[kind] ?? [];
  return allSteps(message.steps).flatMap((step): Row[] => {
    const inner = composedBy([step.step], messages);
    const repeated = inner.some((child) => shown.has(child)) ? ["as above"] : [];
    const row: Row = [
      `${indent}${step.step.name ?? message.resolvers.get(step.step)?.name ?? "(no name)"}`,
      waits(step),
      [
        sourceText(step, message),
        ...inner.flatMap(({ composed }) => subsetText(composed)),
        ...once,
        ...repeated,
        ...traits(step),
      ].join(", "),
    ];
    const below = inner.filter((child) => !shown.has(child));
    return [row, ...below.flatMap((child) => rows(child, `${indent}  `, messages, shown))];
  });
}

/** Its conditions are above the table, as written. */
const decisionsOf = (permit: PlanPermit): PlanPermit => ({
  ...permit,
  steps: permit.steps.filter(({ step }) => step.source.kind !== "guard"),
});

const orList = (names: readonly string[]): string => names.join(" or ");

/**
 * @param when the part that the worst case applies to, if it is not the answer
 * @param until the end of the time, if it is not the end of the response
 */
function worstLines({ ms, calls, criticalPath }: Worst, when = "", until = ""): string[] {
  if (calls.length === 0) return [];
  const total = (measure: "calls" | "attempts"): number => calls.reduce((sum, call) => sum + call[measure], 0);
  const count = (n: number, noun: string): string =>
    Number.isSafeInteger(n) ? `${n} ${noun}${n === 1 ? "" : "s"}` : `unbounded ${noun}s`;
  const unbounded = calls.filter((call) => !Number.isSafeInteger(call.calls)).map(({ method }) => method);
  const attempts = total("attempts") === total("calls") ? "" : ` (${count(total("attempts"), "attempt")})`;
  const why = unbounded.length === 0 ? "" : `: nothing bounds ${unbounded.join(", ")}`;
  const path = criticalPath.map(waitText).join(", then ");
  return [
    `  ${when}at worst ${count(total("calls"), "call")}${attempts}${why}`,
    `  ${when}${until}at worst ${timeText(ms)}${path === "" ? "" : `: ${path}`}`,
  ];
}

function waitText({ step, ms, whole_ms: whole }: Worst["criticalPath"][number]): string {
  if (whole === undefined) return `${step} ${timeText(ms)}`;
  return `${step} ${timeText(ms)}, cut ${whole === null ? "because nothing bounds its items" : `from ${timeText(whole)}`}`;
}

function functionLines(planned: PlanMethod, messages: Messages): string[] {
  const functions = functionsOf(planned, messages);
  return functions === undefined ? [] : [`  calls functions of yours: ${functions.join(", ")}`];
}

/** Returns the line of fields that are proven fresh, those of the rpc's message without its name. */
function freshLines(all: readonly PlanMessage[], root: PlanMessage, messages: Messages): string[] {
  const fields = all.flatMap((message) =>
    (fieldReports(message.composed.targets, messages) ?? [])
      .filter(({ fresh }) => fresh === true)
      .map(({ field }) => (message === root ? field : `${message.composed.desc.name}.${field}`)),
  );
  return fields.length === 0 ? [] : [`  fresh: ${fields.join(", ")}`];
}

function degradedLines(messages: readonly PlanMessage[]): string[] {
  return messages.flatMap((message) => {
    const { name } = message.composed.desc;
    const degraded = degradedOf(message).filter(({ becomes }) => becomes !== "within");
    return [
      ...degraded.map(
        ({ field, when, becomes }) =>
          `  ${becomes === "stale" ? `with ${when} stale` : `without ${when}`}: ${name}.${field} is ${becomes}`,
      ),
      ...lossesOf(message, messages).map(
        ({ field, without, isMissing }) =>
          `  without ${without}: ${name}.${field} is ${isMissing ? "missing" : "computed without it"}`,
      ),
    ];
  });
}

function waits(step: PlanStep): string {
  if (step.immediate) return "first of all";
  const names = [
    ...step.step.reads.filter((read) => step.waitsFor.some((other) => other.step === read)),
    ...step.step.after,
    ...(step.demand?.waitsFor ?? []).map((awaited) => awaited.step),
  ].map((read) => read.name ?? "a step");
  const list = [...new Set(names), ...clearedBy(step)];
  const first = step.onlyInCase ? "in its case" : "at once";
  return list.length === 0 ? first : `after ${list.join(", ")}`;
}
function clearedBy(step: PlanStep): readonly string[] {
  if (step.effectful) return ["guards and critical steps"];
  return step.clearedBy.length > 0 ? ["guards"] : [];
}

const ofShard = ({ policy }: Call): string => (policy.shard === undefined ? "" : " for each shard");

function sourceText({ step, bounded }: PlanStep, message: PlanBlock): string {
  const { source } = step;
  const each =
    source.kind === "each" ? `for each ${source.item.name}${bounded ? `, ${source.concurrent} at a time` : ""}: ` : "";
  const [call] = callsOf(source);
  if (call !== undefined) {
    const entry = message.calls.get(call);
    const timeout = entry?.policy.timeoutMs === undefined ? "" : `, ${amountText(entry.policy.timeoutMs)}`;
    const shard = Object.entries(shardReport(call) ?? {}).map(([how, text]) => `, shard ${how} ${text}`);
    const batch = call.batch === undefined ? "" : `, all ${call.batch.keys.name} in one call${ofShard(call)}`;
    const caching = entry?.policy.cache;
    const callers = perCaller(call);
    const scope = callers.length === 0 ? "for all callers" : `for callers alike in ${callers.join(", ")}`;
    const where = caching && `${caching.sensitive ? ", sealed in Redis" : ""}${fetchText(caching)}`;
    const tags =
      caching === undefined || caching.tags.length === 0
        ? ""
        : `, ${tagLine(
            caching.tags.map(({ text }) => text.value),
            caching.purged?.value,
          )}`;
    const cache = caching === undefined ? "" : `, cached ${amountText(caching.ttlMs)} ${scope}${where}${tags}`;
    const vouched = onWord(effectSources(call));
    const adaptive = entry?.policy.adaptive ? ", adaptive limit" : "";
    return `${each}${call.method.parent.name}/${call.method.name}${timeout}${batch}${shard.join("")}${cache}${adaptive}${vouched}`;
  }
  const [compose] = composesOf(source);
  if (compose !== undefined) return `${each}${compose.message.name}`;
  switch (source.kind) {
    case "resolver":
      return "a resolver";
    case "latest":
      return `the newest of topic ${source.topic.name.value} by ${source.key.text.value}`;
    case "guard":
      return `guard: fails when ${source.if.text.value}`;
    case "switch":
      return `the first case that holds of ${source.cases.length}`;
    default:
      return `${each}computed`;
  }
}

function traits({ step, effectful, onlyInCase, demand }: PlanStep): string[] {
  return [
    ...(step.deferred ? ["deferred"] : []),
    ...(step.supplementary ? ["may be missing"] : []),
    ...(step.fallback === undefined ? [] : ["with a fallback"]),
    ...(effectful ? [`side effects${step.unordered ? " in any order" : ""}`] : []),
    ...(onlyInCase ? ["only in its case"] : []),
    ...(demand === undefined ? [] : [`only for ${namesOf(demand).join(", ")}`]),
    ...(step.if === undefined ? [] : [`if ${step.if.text.value}`]),
  ];
}

const namesOf = ({ target, members }: NonNullable<PlanStep["demand"]>): string[] =>
  target.members.filter((_, i) => members.has(i)).map(({ field }) => field.name);

/** Returns the source of the absence of side effects, if the call's proto does not declare it. */
function onWord(vouchers: readonly string[]): string {
  const names = vouchers.map((name) => name.slice(name.lastIndexOf("/") + 1));
  if (names.length === 0) return "";
  return names[0] === "read_only" ? ", read-only on your word" : `, read-only on the word of ${names.join(" and ")}`;
}

function table(all: readonly Row[]): string[] {
  const column = (i: 0 | 1): number => Math.max(0, ...all.map((row) => row[i].length));
  const [first, second] = [column(0), column(1)];
  return all.map(([name, waits, description]) =>
    `${name.padEnd(first)}  ${waits.padEnd(second)}  ${description}`.trimEnd(),
  );
}
