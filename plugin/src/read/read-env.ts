// Variables of the environment: their types, and defaults that are of these.
import type { Report } from "../diagnostic/diagnostic.ts";
import type { EnvVar } from "../gen/bff/v1/options_pb.ts";
import type { EnvShape, IrEnvVar } from "../ir.ts";
import type { Text } from "../origin.ts";
import { type Declared, text, texts } from "./declared.ts";
import { parseDuration } from "./duration.ts";
import { fault } from "./fault.ts";
import { checkMember, checkUnique } from "./names.ts";

type Item = EnvShape["item"];

const ITEMS: { readonly [K in Item]: { readonly valid: (text: string) => boolean; readonly example: string } } = {
  string: { valid: () => true, example: "a" },
  int: { valid: (text) => isInteger(text, /^[+-]?\d+$/, BigInt.asIntN), example: "10" },
  uint: { valid: (text) => isInteger(text, /^\+?\d+$/, BigInt.asUintN), example: "10" },
  bool: { valid: (text) => text === "true" || text === "false", example: "true" },
  double: { valid: (text) => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text), example: "0.5" },
  // Zero is a duration here: what it means is the expression's business.
  duration: { valid: (text) => parseDuration(text).ok || /^0+(\.0+)?(ms|s|m)$/.test(text), example: "250ms" },
};

function isInteger(text: string, form: RegExp, cut: (bits: number, value: bigint) => bigint): boolean {
  return form.test(text) && cut(64, BigInt(text)) === BigInt(text);
}

export function readEnvVar({ value, place }: Declared<EnvVar>, report: Report): IrEnvVar | undefined {
  const name = text(value.name, place, "name");
  const type = text(value.type, place, "type");
  const initial = text(value.default, place, "default");
  const alternates = texts(value.alternate, place, "alternate");
  if (name !== undefined) checkMember(name, "an environment variable", report);
  for (const other of alternates) checkMember(other, "an environment variable", report);
  checkUnique(
    [name, ...alternates],
    "BFF130",
    (of) => `"${of}" is read twice for one variable`,
    "leave out one of them",
    report,
  );
  const choices = `write one of ${Object.keys(ITEMS).join(", ")}, or a list or a map of them: list(int), map(string, int)`;
  if (name === undefined || type === undefined) {
    fault(report, "BFF128", place.at, `this environment variable has no "${name === undefined ? "name" : "type"}"`, {
      hint: name === undefined ? "add `name`" : choices,
    });
    // The name is declared all the same: what reads it is not at fault.
    const nothing = { type: place.text(""), shape: undefined, default: initial, alternates };
    return name && { kind: "env", at: place.at, name, ...nothing };
  }
  const shape = shapeOf(type.value);
  if (shape === undefined) {
    fault(report, "BFF128", type.at, `an environment variable cannot be of type ${JSON.stringify(type.value)}`, {
      hint: choices,
    });
  } else if (initial !== undefined) checkDefault(initial, type, shape, report);
  return { kind: "env", at: place.at, name, type, shape, default: initial, alternates };
}

function shapeOf(type: string): EnvShape | undefined {
  const [, list, value, one] =
    /^(?:list\(\s*(\w+)\s*\)|map\(\s*string\s*,\s*(\w+)\s*\)|(\w+))$/.exec(type.trim()) ?? [];
  const item = list ?? value ?? one;
  if (item === undefined || !isItem(item)) return undefined;
  return { of: list !== undefined ? "list" : value !== undefined ? "map" : "one", item };
}
const isItem = (name: string): name is Item => Object.hasOwn(ITEMS, name);

/** As the server will read it. */
function checkDefault(initial: Text, type: Text, { of, item }: EnvShape, report: Report): void {
  const { valid, example } = ITEMS[item];
  const parts = of === "one" ? [initial.value] : separated(initial.value);
  const entries = parts.map((part) =>
    of === "map" ? /^((?:\\[\s\S]|[^\\=])+)=([\s\S]*)$/.exec(part) : ["", part.trim(), part],
  );
  const keys = entries.map((entry) => entry?.[1]?.trim());
  const twice = of === "map" && new Set(keys).size < keys.length;
  if (!twice && entries.every((entry) => entry !== null && valid(plain(entry[2] ?? "", of)))) return;
  const examples = { one: example, list: `${example},${example}`, map: `a=${example},b=${example}` };
  fault(report, "BFF129", initial.at, `${JSON.stringify(initial.value)} is not of type "${type.value}"`, {
    related: [{ at: type.at, message: "the type" }],
    hint: `write a value such as "${examples[of]}"`,
  });
}

/** The parts between commas that no backslash stands before. */
function separated(text: string): string[] {
  const parts = text.match(/(?:\\[\s\S]|[^\\,])+/g) ?? [];
  return parts.filter((part) => part.trim() !== "");
}
const plain = (part: string, of: EnvShape["of"]): string =>
  of === "one" ? part : part.trim().replace(/\\([,=\\])/g, "$1");
