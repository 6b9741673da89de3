import type { DescField } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { CallAst } from "../syntax/ast.ts";
import type { CelType, Node } from "../types/model/type.ts";
import type { Checker } from "./checker.ts";

/** Fields of google.type.Money. A message without a currency has one that is agreed on. */
const FIELDS: Readonly<Record<string, ScalarType>> = {
  currency_code: ScalarType.STRING,
  units: ScalarType.INT64,
  nanos: ScalarType.INT32,
};

/** Reports an operand of `money.…` that is no amount of money. Returns true after a diagnostic. */
export function isNoMoney(
  checker: Checker,
  { fn, name }: CallAst,
  overload: string,
  [first]: readonly CelType[],
): boolean {
  if (!overload.startsWith("money_") || first === undefined) return false;
  const type = first.kind === "list" ? first.element : first;
  if (type.kind === "message" && isAmount(type.desc.fields)) return false;
  checker.complain(
    "BFF305",
    name,
    `money.${fn} takes messages with \`units\` and \`nanos\`, and this is ${checker.shown(type)}`,
    "pass messages with an int64 `units`, an int32 `nanos` and at most a string `currency_code`, such as google.type.Money",
  );
  return true;
}

/** Returns the hint for amounts of two types, such as a copy and its original. */
export function asOneMoney(checker: Checker, name: string, [first, second]: readonly Node[]): string | undefined {
  if (!name.startsWith("money.") || first === undefined || second === undefined) return undefined;
  const [from, to] = [checker.typeOf(first), checker.typeOf(second)];
  if (from.kind !== "message" || to.kind !== "message") return undefined;
  if (!isAmount(from.desc.fields) || !isAmount(to.desc.fields)) return undefined;
  const amount = checker.textOf(checker.spanOf(first));
  const names = to.desc.fields.map((field) => field.name);
  const fields = names.filter((field) => from.desc.fields.some((other) => other.name === field));
  const values = fields.map((field) => `${field}: ${amount}.${field}`);
  return `give both one type, as in ${to.desc.typeName}{${values.join(", ")}} for ${amount}`;
}

function isAmount(fields: readonly DescField[]): boolean {
  const names = fields.map((field) => field.name);
  const fits = (field: DescField): boolean =>
    field.fieldKind === "scalar" &&
    FIELDS[field.name] === field.scalar &&
    !field.longAsString &&
    field.oneof === undefined;
  return names.includes("units") && names.includes("nanos") && fields.every(fits);
}
