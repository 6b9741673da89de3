import type { DescField } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { CallAst } from "../syntax/ast.ts";
import type { CelType } from "../types/model/type.ts";
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

function isAmount(fields: readonly DescField[]): boolean {
  const names = fields.map((field) => field.name);
  const fits = (field: DescField): boolean =>
    field.fieldKind === "scalar" &&
    FIELDS[field.name] === field.scalar &&
    !field.longAsString &&
    field.oneof === undefined;
  return names.includes("units") && names.includes("nanos") && fields.every(fits);
}
