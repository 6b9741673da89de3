// What steps and fields are made of, and how requests are refused: expressions stand as they are written.
import type { Expression } from "../../cel/index.ts";
import { showsDetails, showsMessage } from "../../check/calls/error-exposure.ts";
import type { FieldTarget, Target } from "../../model/conversion.ts";
import { codeName } from "../../read/values/values.ts";
import type { Fail } from "../../resolve/model/call.ts";
import type { Source } from "../../resolve/model/model.ts";
import { defined } from "../../text/json-member.ts";

/** What of a step's source is no call and no composition by name; of an `each` also what it is over. */
export interface SourceReport {
  /** Of a computed value; in an `each` of each item. */
  readonly by?: string;
  readonly in?: string;
  /** Of an `each`: which items. */
  readonly where?: string;
  readonly key?: string;
  readonly partial?: true;
  readonly args?: readonly { readonly name: string; readonly by: string; readonly if?: string }[];
  readonly cases?: readonly { readonly if: string; readonly by: string }[];
  readonly default?: string;
  /** Whose newest item it is, and by which `key`. */
  readonly topic?: string;
  /** Of a guard. */
  readonly fail?: FailReport;
  /** Its value has in it what an upstream wrote into its error. */
  readonly shows_error?: true;
}
export interface FailReport {
  /** Left out: the upstream's. */
  readonly code?: string;
  /** With holes, as it is written; left out: the fixed text of the code, or where `as_is` the upstream's. */
  readonly message?: string;
  readonly details?: readonly string[];
  readonly as_is?: true;
  /** What clients see of what the upstream wrote. */
  readonly shows?: readonly ("message" | "details")[];
}
export interface FieldReport {
  readonly field: string;
  readonly by: string;
  /** Of a member of a oneof. */
  readonly if?: string;
  /** Its value has in it what an upstream wrote into its error. */
  readonly shows_error?: true;
}

export function sourceReport(source: Source): SourceReport {
  switch (source.kind) {
    case "by":
      return { by: source.by.text.value, ...(showsMessage(source.by) && { shows_error: true }) };
    case "each": {
      const own = source.source.kind === "call" ? {} : sourceReport(source.source);
      return {
        in: source.in.text.value,
        ...own,
        ...defined("where", source.if?.text.value),
        ...defined("key", source.key?.text.value),
        ...(source.partial && { partial: true }),
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

export function fieldReports(targets: readonly Target[]): readonly FieldReport[] {
  return targets.flatMap((target) =>
    target.kind === "field" ? fieldReport(target) : target.members.map((one) => fieldReport(one, one.if)),
  );
}
function fieldReport({ field, bound }: Pick<FieldTarget, "field" | "bound">, condition?: Expression): FieldReport {
  return {
    field: field.name,
    by: bound.expression.text.value,
    ...defined("if", condition?.text.value),
    ...(showsMessage(bound.expression) && { shows_error: true }),
  };
}
