// A call: its request, metadata, rescue, and the line that sends it.

import { Code } from "@protobff/messages/options.js";
import type { Expression, Names, Proto } from "../../cel/index.ts";
import { comparisonsWith, emitAs, emitValue, restOf, sureWhere, unwrapped } from "../../cel/index.ts";
import { detailOf, wrapperOf } from "../../model/details.ts";
import type { Fail, PlanCall, PlanErrorRule, PlanRequest } from "../../plan/model/messages.ts";
import type { MessageNames } from "../names/message-names.ts";
import {
  around,
  block,
  commas,
  type Line,
  type Lines,
  line,
  mentions,
  object,
  property,
  width,
} from "../text/lines.ts";
import { templateText } from "../text/template-text.ts";
import { presentTest } from "../values/absence.ts";
import { operandOf, propertiesOf, treeOf } from "../values/emit-set.ts";
import { holeValue } from "../values/emit-tags.ts";
import { boundValue, presentValue, type ValueNames } from "../values/value.ts";

interface CallParts {
  /** `getUsage`, or the batch. */
  readonly entry: string;
  /** The request; for a batch the key. */
  readonly request: Lines;
  /** For a batch: the rest of the request; `undefined` is the placeholder if another argument follows. */
  readonly group: Lines | undefined;
  readonly extra: Lines | undefined;
}

/**
 * Notes of a call on its step. `mark`: the reason for a replaced value. `explained`: the failure that a rule of
 * `on_error` handles.
 */
interface Notes {
  readonly mark: boolean;
  readonly explained: boolean;
}

export function callParts(call: PlanCall, names: MessageNames, notes: Notes): CallParts {
  const { entry } = call;
  const extra = extraOf(call, names, notes);
  if (call.batch === undefined)
    return { entry: names.entry(entry), request: requestLiteral(call, names), group: undefined, extra };
  const placeholder = extra === undefined ? undefined : line("undefined");
  const group = entry.grouped ? groupOf(call, names) : placeholder;
  return { entry: names.entry(entry), request: [presentValue(call.batch.by, names)], group, extra };
}

/** Prints the arguments of `cx.call`, `cx.send`, …: on one line if they fit. */
export function callArguments({ entry, request, group, extra }: CallParts): Lines {
  const parts = [request, ...(group === undefined ? [] : [group]), ...(extra === undefined ? [] : [extra])];
  const short: Line = [`${entry}, `, ...commas(parts.map((part) => part[0] ?? []))];
  if (parts.every((part) => part.length === 1) && (parts.length === 1 || width(short) <= 110)) return [short];
  // Only the last argument may span several lines without starting on a new line.
  const last = parts.at(-1) ?? [];
  const before = parts.slice(0, -1);
  const open: Line = [`${entry}, `, ...commas([...before.map((part) => part[0] ?? []), last[0] ?? []])];
  if (before.every((part) => part.length === 1) && width(open) <= 110) return [open, ...last.slice(1)];
  const spread: Line[] = [];
  for (const [i, part] of parts.entries()) {
    const comma = i < parts.length - 1 ? "," : "";
    for (const [r, row] of part.entries()) spread.push(["  ", ...row, ...(r === part.length - 1 ? [comma] : [])]);
  }
  return [[`${entry},`], ...spread];
}

type MaskedRequest = PlanRequest & Partial<Pick<PlanCall, "masks">>;

/** The message that is sent. */
export function requestLiteral(call: MaskedRequest, names: ValueNames): Lines {
  const base = call.request && presentValue(call.request, names);
  const tree = treeOf(call.set, call.masks);
  if (base !== undefined && tree.size === 0) return [base];
  const { properties, optional } = propertiesOf(tree, call.method.input, names);
  const literal = object(properties);
  const fields = optional ? around([names.file.runtime("defined"), "("], literal, [")"]) : literal;
  if (base === undefined) return fields;
  return around([names.file.runtime("extended"), "(", names.schema(call.method.input), ", ", ...base, ", "], fields, [
    ")",
  ]);
}
/** A batch's group: the other fields of the request, and the metadata. */
function groupOf(call: MaskedRequest, names: MessageNames): Lines {
  const { properties, optional } = propertiesOf(treeOf(call.set, call.masks), call.method.input, names);
  const literal = object(properties);
  const fields = optional ? around([names.file.runtime("defined"), "("], literal, [")"]) : literal;
  if (call.metadata.length === 0) return fields;
  const metadata = object(metadataProperties(call, names));
  return block(["{"], [...around(["fields: "], fields, [","]), ...around(["metadata: "], metadata, [","])], ["}"]);
}

// ---- metadata and rescue ----

export function metadataProperties(call: PlanRequest, names: ValueNames): Line[] {
  return call.metadata.map(({ key, by, if: when }) => {
    const value = emitValue(by, names).print;
    const empty = key.endsWith("-bin") ? "new Uint8Array()" : '""';
    return property(key, when === undefined ? value : [...operandOf(when, names), " ? ", ...value, ` : ${empty}`]);
  });
}

function extraOf(call: PlanCall, names: MessageNames, { mark, explained }: Notes): Lines | undefined {
  const parts: Lines[] = [];
  if (call.metadata.length > 0 && call.batch === undefined)
    parts.push(around(["metadata: "], object(metadataProperties(call, names)), []));
  const fields = call.clientFields.map(({ part, fields }) => property(part, [JSON.stringify(fields.join(" or "))]));
  if (fields.length > 0) parts.push(around(["clientFields: "], object(fields), []));
  if (call.onError.length > 0) parts.push(rescue(call, names, explained));
  const { retryIf } = call;
  if (retryIf !== undefined)
    parts.push([
      [
        mentions([emitValue(retryIf, names).print], "error") ? "retryIf: (error) => " : "retryIf: () => ",
        ...emitValue(retryIf, names).print,
      ],
    ]);
  const holes = call.holes.map((by) => holeValue(by, names).print);
  if (call.shard !== undefined) parts.push([["shard: ", ...shardChoice(call.shard, names)]]);
  if (holes.length > 0) parts.push([["holes: () => [", ...commas(holes), "]"]]);
  if (mark && call.marks) parts.push(line("mark"));
  if (parts.length === 0) return undefined;
  if (parts.every((part) => part.length === 1)) return [["{ ", ...commas(parts.map((part) => part[0] ?? [])), " }"]];
  return block(
    ["{"],
    parts.flatMap((part) => around([], part, [","])),
    ["}"],
  );
}

/** `{ by: args.tenantId }` */
export function shardChoice({ by, isName }: NonNullable<PlanRequest["shard"]>, names: Names): Line {
  return [`{ ${isName ? "name" : "by"}: `, ...emitValue(by, names).print, " }"];
}

/** `on_error`: the first rule that holds decides; the last line is "no rule matched". */
function rescue(call: PlanCall, names: MessageNames, explained: boolean): Lines {
  const comparesCode = call.onError.some((rule) =>
    [rule.if, ...rule.expressions].some(
      (expression) => expression && comparisonsWith(expression.root, "error.code").length > 0,
    ),
  );
  const rules = call.onError.flatMap((rule): Lines => {
    const end = outcome(rule, names);
    const noted = explained && rule.then.kind !== "fail";
    const test = testOf(rule, names, comparesCode);
    if (test === undefined) return noted ? [["mark.failed(error);"], end] : [end];
    const then: Line = noted ? ["{ mark.failed(error); ", ...end, " }"] : end;
    return [["if (", ...test, ") ", ...then]];
  });
  const certain = call.onError.some((rule) => rule.on.length === 0 && rule.if === undefined);
  const body = certain ? rules : [...rules, ["return error;"]];
  return block([mentions(body, "error") ? "rescue: (error) => {" : "rescue: () => {"], body, ["}"]);
}
function testOf(rule: PlanErrorRule, names: MessageNames, comparesCode: boolean): Line | undefined {
  const listed = rule.on.map((code): Line => ["error.code === ", names.file.runtime("Code"), `.${codeName(code)}`]);
  const several = listed.length > 1;
  const codes = listed.flatMap((code, i) => (i === 0 ? [...code] : [" || ", ...code]));
  // TypeScript would take the remaining codes for all possible codes.
  const hidden = comparesCode ? ["Boolean(", ...codes, ")"] : undefined;
  if (rule.if === undefined) return listed.length === 0 ? undefined : (hidden ?? codes);
  // An error in the condition counts as false. TypeScript does not carry narrowing out of a function.
  const read = new Set(rule.expressions.flatMap(({ safe }) => [...safe]));
  const sure = rule.if.fails ? [...sureWhere(rule.if, true).intersection(read)] : [];
  const test: Line = rule.if.fails
    ? [
        ...sure.flatMap((variable): Line => [...presentTest(variable, names), " && "]),
        names.file.runtime("holds"),
        "(() => ",
        ...emitValue({ ...rule.if, root: restOf(rule.if.root, new Set(sure)) ?? rule.if.root }, names).print,
        ")",
      ]
    : operandOf(rule.if, names);
  if (listed.length === 0) return test;
  const atom = rule.if.fails || emitValue(rule.if, names).precedence === "atom";
  return [...(hidden ?? (several ? ["(", ...codes, ")"] : codes)), " && ", ...(atom ? test : ["(", ...test, ")"])];
}
function outcome({ then }: PlanErrorRule, names: MessageNames): Line {
  if (then.kind === "ignore") return ["return undefined;"];
  if (then.kind === "fallback") return ["return ", ...boundValue(then.value, names).print, ";"];
  return ["return ", ...refusal(then.fail, undefined, names, "error"), ";"];
}
export const codeName = (code: Code): string =>
  Object.entries(Code).find(([, number]) => number === code)?.[0] ?? String(code);

/** `cx.refuse(Code.NOT_FOUND, "…")`, or `cx.passOn(error, { message: "…" })`. */
export function refusal(fail: Fail, rank: number | undefined, names: MessageNames, error = "error"): Line {
  const code: Line | undefined =
    fail.code === undefined ? undefined : [names.file.runtime("Code"), `.${codeName(fail.code)}`];
  const text = fail.message && template(fail.message, names);
  const details: Line | undefined =
    fail.details.length === 0 ? undefined : ["[", ...commas(fail.details.map((item) => detail(item, names))), "]"];
  if (fail.asIs) {
    const properties = Object.entries({ code, message: text, details });
    const parts = properties.flatMap(([name, value]) => (value === undefined ? [] : [property(name, value)]));
    return [`cx.passOn(${error}`, ...(parts.length === 0 ? [] : [", { ", ...commas(parts), " }"]), ")"];
  }
  const args: Line[] = [code ?? [`${error}.code`]];
  if (text !== undefined || rank !== undefined || details !== undefined) args.push(text ?? ["undefined"]);
  if (rank !== undefined || details !== undefined) args.push([rank === undefined ? "undefined" : String(rank)]);
  if (details !== undefined) args.push(details);
  return ["cx.refuse(", ...commas(args), ")"];
}
/**
 * Prints `{ desc: InfoSchema, value: … }`, or `...detailsOf(InfoSchema, …)` for a value that may be absent or a list.
 */
function detail(expression: Expression, names: MessageNames): Line {
  const found = detailOf(expression);
  if (found === undefined) throw new Error("a detail is no message");
  const { desc, some } = found;
  const schema = names.schema(desc);
  const code = emitValue(expression, names);
  if (some) {
    const message: Proto = { kind: "message", desc };
    const form: Proto = expression.type.kind === "list" ? { kind: "list", of: message } : message;
    const { print } = emitAs(code, form, names) ?? code;
    return ["...", names.file.runtime("detailsOf"), "(", schema, ", ", ...print, ")"];
  }
  const scalar = wrapperOf(expression) && unwrapped(desc);
  if (scalar === undefined) return ["{ desc: ", schema, ", value: ", ...code.print, " }"];
  const { print } = emitAs(code, scalar, names) ?? code;
  const value: Line = [names.file.runtime("create"), "(", schema, ", { value: ", ...print, " })"];
  return ["{ desc: ", schema, ", value: ", ...value, " }"];
}
function template(parts: readonly (string | Expression)[], names: MessageNames): Line {
  const text = templateText(parts.map((part) => (typeof part === "string" ? part : emitValue(part, names))));
  return parts.every((part) => typeof part === "string") ? text : [names.file.runtime("short"), ...text];
}
