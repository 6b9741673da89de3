import { restOf, returnsOf, sureWhere, type Variable } from "../../cel/index.ts";
import { protoOf } from "../../model/proto-of.ts";
import type { PlanEachSource, PlanStep } from "../../plan/model/messages.ts";
import { around, block, group, type Line, type Lines, mentions } from "../text/lines.ts";
import { absentTest, joinedBy } from "../values/absence.ts";
import { condition, inferredValue, operandValue, plainValue } from "../values/value.ts";
import type { StepContext } from "./step-context.ts";
import { callsOn, cleared, composition, send } from "./step-parts.ts";

/** Prints the statements of an `each`. Its list and outer values are present. */
export function emitEach(source: PlanEachSource, step: PlanStep, cx: StepContext): Lines {
  const isolated = step.step.supplementary && source.source.kind !== "by";
  const items = itemsOf(source, step, cx);
  const lines = [...items.lines, ...cleared(step, cx)];
  // An isolated `each` has a scope with a separate `cx`.
  const apart = source.partial || source.quorum !== undefined;
  const calls = !isolated || apart ? callsOn(step, cx) : "cx";
  const on = step.bounded ? "bounded" : calls;
  const chosen = chosenItems(source, step, items, cx);
  const constructorOf = source.key === undefined ? listOf : mapOf;
  const inner: Lines = [
    ...(step.bounded ? [[`const bounded = ${calls}.bounded(${source.concurrent});`]] : []),
    ...chosen.lines,
    ...constructorOf(source, cx, { step, on, items: chosen.print, item: items.item }),
  ];
  if (!isolated || apart) return [...lines, ...inner];
  return [...lines, ...block([`return ${callsOn(step, cx)}.sub(async (cx) => {`], inner, ["});"])];
}

interface Items {
  readonly print: Line;
  /** Statements before the first use of the items. */
  readonly lines: Lines;
}

interface AllItems extends Items, ReturnType<typeof guardedSource> {
  /** Local name of one item. */
  readonly item: string;
}

/** Returns the list, with the checks of the list as a whole. The list has a name if it is read more than once. */
function itemsOf(source: PlanEachSource, step: PlanStep, { names }: StepContext): AllItems {
  const { most, tracks } = step;
  const item = names.item(source.item);
  const list = source.scatters ? shardNames(source, names) : operandValue(source.in, names);
  const plainName = list.every((part) => typeof part === "string") && /^[\w$.]+$/.test(list.join(""));
  const { sure, keyless } = guardedSource(source);
  const named =
    most !== undefined ||
    tracks.items ||
    tracks.picked ||
    tracks.made ||
    (source.key !== undefined && !plainName) ||
    (sure.size > 0 && source.in.fails);
  const lines: Line[] = [];
  if (named) lines.push(["const items = ", ...list, ";"]);
  if (most !== undefined)
    lines.push([names.file.runtime(most.fromClient ? "atMostRequested" : "atMost"), `(items, ${group(most.items)});`]);
  if (tracks.items) lines.push([`${step.name}Items = items.length > 0;`]);
  if (tracks.lacks) {
    // An argument that is absent leaves no item out.
    const value = source.source.kind === "compose" ? [] : source.expressions;
    const rested = new Set(
      [source.if, source.key, ...value]
        .flatMap((expression) => expression?.unsafe ?? [])
        .filter(({ missing }) => missing === undefined || (missing.root !== undefined && missing.root !== source.item)),
    );
    lines.push([`${step.name}Lacks = `, ...absentOf(rested, names), ";"]);
  }
  lines.push(...nothingWithout(sure, source, names));
  return { print: named ? ["items"] : list, lines, item, sure, keyless };
}

/** `shardNames(search)` */
function shardNames({ source }: PlanEachSource, names: StepContext["names"]): Line {
  if (source.kind !== "call") throw new Error("no call goes to the shards");
  const { entry } = source.call;
  return [names.file.runtime("shardNames"), `(${names.entry(entry)}${entry.batch === undefined ? "" : ".rpc"})`];
}

/** Returns the items that the `if` chooses, with a name if the code tests for an empty list. */
function chosenItems(source: PlanEachSource, step: PlanStep, items: AllItems, { names }: StepContext): Items {
  const { item, sure, keyless } = items;
  const { tracks } = step;
  const lines: Line[] = [];
  const returns = source.if === undefined ? "" : returnsOf(source.if.root, source.item);
  const rest = source.if && restOf(source.if.root, sure);
  const filter = source.if &&
    rest && { ...source.if, root: rest, unsafe: source.if.unsafe.filter((guarded) => !sure.has(guarded)) };
  const filtered: Line =
    filter === undefined
      ? items.print
      : [
          ...items.print,
          `.filter((${mentions([condition(filter, names)], item) ? item : ""})${returns} => `,
          ...condition(filter, names),
          ")",
        ];
  const picks = filter !== undefined && (tracks.picked || tracks.made || keyless.size > 0);
  const print: Line = picks ? ["picked"] : filtered;
  if (picks) lines.push(["const picked = ", ...filtered, ";"]);
  const all: Line = filter === undefined ? ["items"] : print;
  if (tracks.picked) lines.push([`${step.name}Picked = `, ...all, ".length > 0;"]);
  lines.push(...nothingWithout(keyless, source, names));
  // Fewer items than `min` fail the step before any call.
  const least = source.quorum?.min;
  const enough = least === undefined ? "> 0" : `>= ${group(least)}`;
  if (tracks.made) lines.push([`${step.name}Made = `, ...all, `.length ${enough};`]);
  return { print, lines };
}

/** Prints one early end for variables without which no item is chosen, or has a key. */
function nothingWithout(
  missing: ReadonlySet<Variable>,
  { key, quorum }: PlanEachSource,
  names: StepContext["names"],
): readonly Line[] {
  if (missing.size === 0) return [];
  const nothing: Line = [key === undefined ? "return []" : "return {}"];
  const end = quorum?.min === undefined ? nothing : ["throw ", names.file.runtime("tooFew"), `(0, ${quorum.min})`];
  return [["if (", ...absentOf(missing, names), ") ", ...end, ";"]];
}

/** Returns the variables that are the same for all items. A missing field is tested for each item. */
const ofAllItems = (variables: readonly Variable[]): readonly Variable[] =>
  variables.filter(({ missing }) => missing === undefined);

/** Prints a test that one of these is absent. */
function absentOf(variables: ReadonlySet<Variable>, names: StepContext["names"]): Line {
  return joinedBy(
    " || ",
    [...variables].map((variable) => absentTest(variable, names)),
  );
}

/**
 * Returns the variables whose absence leaves no items. `sure`: values that the `if` guarantees for the evaluation of
 * each item. `keyless`: values that the key depends on once the `if` has chosen an item.
 */
function guardedSource(source: PlanEachSource): {
  readonly sure: ReadonlySet<Variable>;
  readonly keyless: ReadonlySet<Variable>;
} {
  const keyless = new Set(ofAllItems(source.key?.unsafe ?? []));
  if (source.if === undefined) return { sure: keyless, keyless: new Set() };
  const read = [source.key, ...source.expressions].flatMap((expression) => [...(expression?.safe ?? [])]);
  const sure = new Set(ofAllItems([...sureWhere(source.if, true).intersection(new Set(read))]));
  return { sure, keyless: keyless.difference(sure) };
}

/** Prints the value of one item: a promise, or for `by` the value itself. */
function itemValue(source: PlanEachSource, step: PlanStep, cx: StepContext, list: string): Lines {
  const { names } = cx;
  const { source: inner, quorum } = source;
  const on = quorum === undefined ? list : "cx";
  if (inner.kind === "by") {
    const proto = inner.by.proto ?? protoOf(inner.by.type);
    return [inferredValue(inner.by, proto, names).print];
  }
  if (inner.kind !== "call") {
    if (!source.partial || quorum !== undefined) return composition(inner, step, cx, on);
    return around([`${on}.sub((cx) => `], composition(inner, step, cx, "cx"), [")"]);
  }
  const value = send(inner.call, step, cx, on);
  const unsafe = new Set(inner.call.expressions.flatMap((expression) => expression.unsafe));
  return unsafe.size === 0 ? value : around([...absentOf(unsafe, names), " ? undefined : "], value, []);
}

/** Names in the code of a step that makes a value of each item. */
interface Loop {
  readonly step: PlanStep;
  /** The receiver of calls. */
  readonly on: string;
  readonly items: Line;
  readonly item: string;
}

/** Prints `cx.quorum(shops, { enough: 3 }, (shop, cx) => value)`. `value` uses the `cx` of its item. */
function quorumOf({ quorum }: PlanEachSource, { step, on, items, item }: Loop, value: Lines, async: boolean): Lines {
  const counts = Object.entries({ min: quorum?.min, enough: quorum?.enough });
  const needs = counts.flatMap(([name, count]) => (count === undefined ? [] : `${name}: ${group(count)}`)).join(", ");
  const named = mentions(value, item) ? item : `_${item}`;
  const parameters = mentions(value, "cx") ? `${named}, cx` : named;
  const open: Line = [`${on}.quorum(`, ...items, `, { ${needs} }, ${async ? "async " : ""}(${parameters}) => `];
  return around(open, value, [step.marks ? ", mark)" : ")"]);
}

function listOf(source: PlanEachSource, cx: StepContext, loop: Loop): Lines {
  const { step, on, items, item } = loop;
  const { source: inner } = source;
  if (inner.kind === "compose" && cx.planned(inner.message.typeName)?.forLists && source.wholeList) {
    const each = (args: Lines): Lines =>
      around([...items, `.map((${mentions(args, item) ? item : ""}) => `], arrowBody(args), [")"]);
    return around(["return "], composition(inner, step, cx, on, { print: each, item }), [";"]);
  }
  const absent = source.itemAbsent;
  const value = itemValue(source, step, cx, on);
  if (source.quorum !== undefined) {
    const async = absent || inner.kind === "by";
    return around(["return "], quorumOf(source, loop, arrowBody(value), async), [";"]);
  }
  const used = mentions(value, item) ? item : "";
  if (source.source.kind === "by") {
    if (source.partial)
      return around(["return cx.partial(", ...items, `.map(async (${used}) => `], arrowBody(value), ["), mark);"]);
    return around([absent ? "return cx.present(" : "return ", ...items, `.map((${used}) => `], arrowBody(value), [
      absent ? "));" : ");",
    ]);
  }
  if (source.partial)
    return around(["return cx.partial(", ...items, `.map(${absent ? "async " : ""}(${used}) => `], arrowBody(value), [
      "), mark);",
    ]);
  const open = absent ? "return cx.present(await Promise.all(" : "return Promise.all(";
  return around([open, ...items, `.map((${used}) => `], arrowBody(value), [absent ? ")));" : "));"]);
}

const KEYED: Line = ["return cx.keyed(pairs.map(([key]) => key), pairs.map(([, value]) => value));"];
function mapOf(source: PlanEachSource, cx: StepContext, loop: Loop): Lines {
  const { step, on, items, item } = loop;
  const { names } = cx;
  if (source.key === undefined) return [];
  const key = plainValue({ ...source.key, unsafe: [] }, source.key.proto ?? protoOf(source.key.type), names).print;
  const value = itemValue(source, step, cx, on);
  const awaited =
    source.source.kind === "by"
      ? value
      : around(
          ["await "],
          source.itemAbsent && source.source.kind === "call" ? around(["("], value, [")"]) : value,
          [],
        );
  if (source.source.kind === "by" && !source.partial && !source.itemAbsent && value.length === 1) {
    const used = mentions([key, ...value], item) ? item : "";
    const pair = [...items, `.map((${used}) => [`, ...key, ", ", ...(value[0] ?? []), "] as const);"];
    return [["const pairs = ", ...pair], KEYED];
  }
  const missing = source.key.unsafe.filter((variable) => variable.missing !== undefined);
  const pair: Lines = [
    ...(missing.length > 0 ? [["if (", ...absentOf(new Set(missing), names), ") return undefined;"]] : []),
    ...around(["const value = "], awaited, [";"]),
    source.itemAbsent
      ? ["return value === undefined ? undefined : ([", ...key, ", value] as const);"]
      : ["return [", ...key, ", value] as const;"],
  ];
  if (source.quorum !== undefined) {
    const made = quorumOf(source, loop, block(["{"], pair, ["}"]), true);
    return [...around(["const pairs = await "], made, [";"]), KEYED];
  }
  const pairs = block([...items, `.map(async (${mentions(pair, item) ? item : ""}) => {`], pair, ["})"]);
  const gathered = source.partial
    ? around(["const pairs = await cx.partial("], pairs, [", mark);"])
    : around(
        [source.itemAbsent ? "const pairs = cx.present(await Promise.all(" : "const pairs = await Promise.all("],
        pairs,
        [source.itemAbsent ? "));" : ");"],
      );
  return [...gathered, KEYED];
}

/** An object literal as an arrow's body needs parentheses. */
function arrowBody(lines: Lines): Lines {
  const [first] = lines[0] ?? [];
  return typeof first === "string" && first.startsWith("{") ? around(["("], lines, [")"]) : lines;
}
