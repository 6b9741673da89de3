// Sources of steps and fields, and refusals of requests: expressions appear as written.
import type { Expression } from "../../cel/index.ts";
import { showsDetails, showsMessage } from "../../check/calls/error-exposure.ts";
import type { FieldTarget, Target } from "../../model/conversion.ts";
import { codeName } from "../../read/values/values.ts";
import type { Fail } from "../../resolve/model/call.ts";
import { type ComposedNames, promiseOf } from "../../resolve/model/marked-fields.ts";
import type { Source } from "../../resolve/model/model.ts";
import { defined } from "../../text/json-member.ts";

/** Parts of a step's source besides calls and named compositions; for an `each` also its list. */
export interface SourceReport {
  /** The computed value; in an `each` the value of each item. */
  readonly by?: string;
  readonly in?: string;
  /** For an `each`: the condition on items. */
  readonly where?: string;
  readonly key?: string;
  readonly partial?: true;
  /** Fewer values fail the step. */
  readonly min?: number;
  /** After this many values the remaining items are cancelled. */
  readonly enough?: number;
  readonly args?: readonly { readonly name: string; readonly by: string; readonly if?: string }[];
  readonly cases?: readonly { readonly if: string; readonly by: string }[];
  readonly default?: string;
  /** The topic of the newest item, which `key` selects. */
  readonly topic?: string;
  /** For a guard: its refusal. */
  readonly fail?: FailReport;
  /** True if its value contains text that an upstream wrote into its error. */
  readonly shows_error?: true;
}
/** The error that a client receives. */
export interface FailReport {
  /** Omitted: the upstream's. */
  readonly code?: string;
  /** With holes, as written; omitted: the fixed text of the code, or the upstream's text with `as_is`. */
  readonly message?: string;
  readonly details?: readonly string[];
  readonly as_is?: true;
  /** Parts of the upstream's error that clients receive. */
  readonly shows?: readonly ("message" | "details")[];
}
/** A field of a composed message and the expression that sets it. */
export interface FieldReport {
  readonly field: string;
  readonly by: string;
  /** For a member of a oneof. */
  readonly if?: string;
  /** True if its value contains text that an upstream wrote into its error. */
  readonly shows_error?: true;
  /** True if every upstream value behind it, or behind a field of its copy, comes from a call begun after the request. */
  readonly fresh?: true;
}

export function sourceReport(source: Source): SourceReport {
  switch (source.kind) {
    case "by":
      return { by: source.by.text.value, ...(showsMessage(source.by) && { shows_error: true }) };
    case "each": {
      const report = source.source.kind === "call" ? {} : sourceReport(source.source);
      return {
        in: source.in.text.value,
        ...report,
        ...defined("where", source.if?.text.value),
        ...defined("key", source.key?.text.value),
        ...(source.partial && { partial: true }),
        ...defined("min", source.quorum?.min),
        ...defined("enough", source.quorum?.enough),
      };
    }
    case "compose": {
      const args = source.args.map(({ name, by, if: condition }) => ({
        name,
        by: by.text.value,
        ...defined("if", condition?.text.value),
      }));
      return args.length === 0 ? {} : { args };
    }
    case "switch":
      return {
        cases: source.cases.map(({ if: condition, value }) => ({
          if: condition.text.value,
          by: value.expression.text.value,
        })),
        ...defined("default", source.default?.expression.text.value),
      };
    case "latest":
      return { topic: source.topic.name.value, key: source.key.text.value };
    case "guard":
      return { fail: failReport(source.fail) };
    default:
      return {};
  }
}

export function failReport({ code, message, details, asIs }: Fail): FailReport {
  const parts = (message ?? []).filter((part) => typeof part !== "string");
  const shows = [
    ...(parts.some(showsMessage) || (asIs !== undefined && message === undefined) ? (["message"] as const) : []),
    ...(details.some(showsDetails) || (asIs !== undefined && details.length === 0) ? (["details"] as const) : []),
  ];
  return {
    ...defined("code", code === undefined ? undefined : codeName(code)),
    ...defined("message", message?.map((part) => (typeof part === "string" ? part : `{${part.text.value}}`)).join("")),
    ...(details.length > 0 && { details: details.map(({ text }) => text.value) }),
    ...(asIs !== undefined && { as_is: true }),
    ...(shows.length > 0 && { shows }),
  };
}

/**
 * Returns undefined for a message without such fields.
 *
 * @param composed the names of composed messages
 */
export function fieldReports(targets: readonly Target[], composed: ComposedNames): readonly FieldReport[] | undefined {
  const reports = targets.flatMap((target) =>
    target.kind === "field"
      ? fieldReport(target, composed)
      : target.members.flatMap((member) => (member.left ? [] : [fieldReport(member, composed, member.if)])),
  );
  return reports.length === 0 ? undefined : reports;
}
function fieldReport(
  { field, bound }: Pick<FieldTarget, "field" | "bound">,
  composed: ComposedNames,
  condition?: Expression,
): FieldReport {
  return {
    field: field.name,
    by: bound.expression.text.value,
    ...defined("if", condition?.text.value),
    ...(showsMessage(bound.expression) && { shows_error: true }),
    ...(promiseOf(field, composed) !== undefined && { fresh: true }),
  };
}
