// Sentences about fields of composed messages that may be missing.
import type { Expression, Variable } from "../../../cel/index.ts";
import type { Diagnostic, Origin } from "../../../diagnostic/diagnostic.ts";
import type { Ir } from "../../../ir/ir.ts";

/** Returns the hint that makes a read safe: a test, or a filter for items. */
export function safeRead({ name, missing }: Variable): string {
  if (missing?.root !== undefined) return `read it as ok(${name}) ? … : …`;
  const item = missing?.whole ? undefined : /^[a-zA-Z_]\w*(?=\.)/.exec(name)?.[0];
  if (item === undefined) return `read it through a step, and test it with \`ok\``;
  return `leave such items out before it, as in .filter(${item}, ok(${name}))`;
}

/** Returns the hint that gives an expression a value if a name or a field in it is absent. */
export function valueHint(absent: Variable, text: string, value: string): string {
  const { missing, name } = absent;
  if (missing !== undefined && missing.root === undefined) return safeRead(absent);
  return `write a value for this case, as in \`ok(${name}) ? ${text} : ${value}\``;
}

/** Returns the places because of which `principal` may be absent. */
export const openPlaces = ({
  callersAt,
}: {
  readonly callersAt: readonly Origin[];
}): NonNullable<Diagnostic["related"]> => callersAt.map((at) => ({ at, message: "any client may call" }));

/** Returns the declaration of the field. */
export function declarationOf({ files }: Ir, { missing }: Variable): NonNullable<Diagnostic["related"]> {
  const desc = missing?.path.at(-1);
  const all = desc === undefined ? [] : files.flatMap(({ messages }) => messages);
  const field = all.find((message) => message.desc === desc?.parent)?.fields.find((other) => other.desc === desc);
  if (field === undefined) return [];
  return [{ at: field.at, message: `"${field.desc.name}" may be missing: a step behind it may have no value` }];
}

/** Literals that hints propose in place of a missing value. */
export const EMPTY: Partial<Readonly<Record<Expression["type"]["kind"], string>>> = {
  string: "''",
  int: "0",
  uint: "0u",
  double: "0.0",
  bool: "false",
};
