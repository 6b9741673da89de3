// Additional paths of an RPC (google.api.http): the request fields in the path, the body and the query.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { IrHttpRule } from "../../ir/edge.ts";

export interface RestRule {
  readonly ir: IrHttpRule;
  /** Fields that the path names, with its segments, the end exclusive. */
  readonly variables: readonly {
    /** `book.name`. */
    readonly name: string;
    readonly fields: readonly DescField[];
    readonly from: number;
    readonly to: number;
  }[];
  /** `*`: all fields that the path does not name. Undefined: no field. */
  readonly body: "*" | DescField | undefined;
  /** Undefined: the whole response. */
  readonly responseBody: DescField | undefined;
}

/** A parameter of the query, or a field that cannot be one. */
interface QueryField {
  /** `filter.since`. */
  readonly name: string;
  readonly field: DescField;
}
interface Query {
  /** Scalars, enums and well-known types with a single value, and lists of them. */
  readonly parameters: readonly QueryField[];
  /** Fields that no parameter can hold: maps, lists of messages, and JSON of any form. */
  readonly unsendable: readonly QueryField[];
}

/**
 * Limits of depth and number, because a recursive message has endless fields. The runtime accepts fields beyond them as
 * well.
 */
const DEEPEST = 5;
const MOST = 200;

/** The query of a rule: leaves of the request that neither the path nor the body holds. */
export function queryOf({ variables, body }: Pick<RestRule, "variables" | "body">, input: DescMessage): Query {
  const found = { parameters: [] as QueryField[], unsendable: [] as QueryField[] };
  if (body === "*") return found;
  const bound = new Set(variables.map(({ name }) => name));
  const walk = (message: DescMessage, prefix: string, around: readonly DescMessage[]): void => {
    for (const field of message.fields) {
      const name = prefix + field.name;
      if (field === body || bound.has(name) || found.parameters.length >= MOST) continue;
      const kind = parameterKind(field);
      if (kind === "value") found.parameters.push({ name, field });
      else if (kind === "none") found.unsendable.push({ name, field });
      else if (field.message !== undefined && !around.includes(field.message) && around.length < DEEPEST)
        walk(field.message, `${name}.`, [...around, field.message]);
    }
  };
  walk(input, "", [input]);
  return found;
}

/**
 * Returns "value" for one parameter, or several of one name, and "fields" for a parameter for each of its fields.
 * Returns "none" if no parameter can hold it.
 */
export function parameterKind(field: DescField): "value" | "fields" | "none" {
  if (field.fieldKind === "map") return "none";
  if (field.message === undefined) return "value";
  if (VALUES.has(field.message.typeName)) return "value";
  if (field.fieldKind === "list" || SHAPELESS.has(field.message.typeName)) return "none";
  return "fields";
}
/** Well-known types whose ProtoJSON is a string, a number or a bool. */
const VALUES: ReadonlySet<string> = new Set(
  [
    ...["Timestamp", "Duration", "FieldMask"],
    ...["String", "Bytes", "Bool", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double"].map((of) => `${of}Value`),
  ].map((name) => `google.protobuf.${name}`),
);
const SHAPELESS: ReadonlySet<string> = new Set(
  ["Any", "Struct", "Value", "ListValue"].map((name) => `google.protobuf.${name}`),
);
