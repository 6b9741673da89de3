// Variables of the environment: their types, and defaults that are of these.

import type { EnvVar } from "@protobff/messages/options.js";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Text } from "../../diagnostic/origin.ts";
import type { EnvShape, IrEnvVar } from "../../ir/ir.ts";
import { fault } from "../fault.ts";
import { isValue } from "../values/env-value.ts";
import { checkMember, checkUnique } from "../values/names.ts";
import { type Declared, text, texts } from "../values/value-place.ts";

const EXAMPLES: Readonly<Record<EnvShape["item"], string>> = {
  string: "a",
  int: "10",
  uint: "10",
  bool: "true",
  double: "0.5",
  duration: "250ms",
};

/** The variables of a file, or of a service. */
export function readEnv(declared: readonly Declared<EnvVar>[], report: Report): IrEnvVar[] {
  const env = declared.flatMap((variable) => readEnvVar(variable, report) ?? []);
  checkUnique(
    env.map(({ name }) => name),
    "BFF108",
    (name) => `the environment variable "${name}" is declared twice`,
    "leave out one of them",
    report,
  );
  return env;
}

function readEnvVar({ value, place }: Declared<EnvVar>, report: Report): IrEnvVar | undefined {
  const name = text(value.name, place, "name");
  const type = text(value.type, place, "type");
  const initial = text(value.default, place, "default");
  const alternates = texts(value.alternate, place, "alternate");
  if (name !== undefined) checkMember(name, "an environment variable", report);
  for (const other of alternates) checkMember(other, "an environment variable", report);
  checkUnique(
    [name, ...alternates],
    "BFF130",
    (of) => `"${of}" is named twice for one variable`,
    "leave out one of them",
    report,
  );
  const choices = `write one of ${Object.keys(EXAMPLES).join(", ")}, or a list or a map of them: list(int), map(string, int)`;
  if (name === undefined || type === undefined) {
    fault(report, "BFF128", place.at, `this environment variable has no "${name === undefined ? "name" : "type"}"`, {
      hint: name === undefined ? "add `name`" : choices,
    });
    // The name still counts as declared, because expressions that read it are not at fault.
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
  const [, list, value, single] =
    /^(?:list\(\s*(\w+)\s*\)|map\(\s*string\s*,\s*(\w+)\s*\)|(\w+))$/.exec(type.trim()) ?? [];
  const item = list ?? value ?? single;
  if (item === undefined || !isItem(item)) return undefined;
  if (list !== undefined) return { of: "list", item };
  return { of: value === undefined ? "one" : "map", item };
}
const isItem = (name: string): name is EnvShape["item"] => Object.hasOwn(EXAMPLES, name);

/** Checks a default as the server will read it. */
function checkDefault(initial: Text, type: Text, { of, item }: EnvShape, report: Report): void {
  if (isValue(initial.value, { of, item })) return;
  const example = EXAMPLES[item];
  const examples = { one: example, list: `${example},${example}`, map: `a=${example},b=${example}` };
  fault(report, "BFF129", initial.at, `${JSON.stringify(initial.value)} is not of type "${type.value}"`, {
    related: [{ at: type.at, message: "the type" }],
    hint: `write a value such as "${examples[of]}"`,
  });
}
