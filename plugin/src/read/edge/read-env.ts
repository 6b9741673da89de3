// Variables of the environment: their types, and defaults that are of these.

import type { EnvVar } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { EnvShape, IrEnvVar } from "../../ir/ir.ts";
import { amountOf, isOrdered, isValue, type OrderedItem } from "../values/env-value.ts";
import { checkDistinct, checkMember, checkUnique } from "../values/names.ts";
import { type Declared, text, texts } from "../values/values.ts";

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
  checkDistinct(
    env,
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
    fault(report, "BFF128", place.at, {
      message: `this environment variable has no "${name === undefined ? "name" : "type"}"`,
      hint: name === undefined ? "add `name`" : choices,
    });
    // The name still counts as declared, because expressions that read it are not at fault.
    const nothing = {
      type: place.text(""),
      shape: undefined,
      default: initial,
      alternates,
      min: undefined,
      max: undefined,
    };
    return name && { kind: "env", at: place.at, name, ...nothing };
  }
  const shape = shapeOf(type.value);
  if (shape === undefined) {
    fault(report, "BFF128", type.at, {
      message: `an environment variable cannot be of type ${JSON.stringify(type.value)}`,
      hint: choices,
    });
  } else if (initial !== undefined) checkDefault(initial, type, shape, report);
  const bounds = readBounds({ value, place }, { type, shape, default: initial }, report);
  const declared = { kind: "env", at: place.at, name, type, default: initial, alternates } as const;
  // Options that read a variable with a faulty bound are not at fault.
  return bounds === undefined
    ? { ...declared, shape: undefined, min: undefined, max: undefined }
    : { ...declared, shape, ...bounds };
}

/** Reads the bounds of a number or a duration, which its default must keep. Undefined if one is no such value. */
function readBounds(
  { value, place }: Declared<EnvVar>,
  { type, shape, default: initial }: Pick<IrEnvVar, "type" | "shape" | "default">,
  report: Report,
): Pick<IrEnvVar, "min" | "max"> | undefined {
  const [min, max] = [text(value.min, place, "min"), text(value.max, place, "max")];
  const first = min ?? max;
  if (first === undefined || shape === undefined) return { min: undefined, max: undefined };
  const { item } = shape;
  if (shape.of !== "one" || !isOrdered(item)) {
    fault(report, "BFF129", first.at, {
      message: `a variable of type "${type.value}" has no bounds`,
      related: [{ at: type.at, message: "the type" }],
      hint: "leave out `min` and `max`, or declare an int, a uint, a double or a duration",
    });
    return { min: undefined, max: undefined };
  }
  const faulty = [min, max].filter((bound) => bound !== undefined && !checkDefault(bound, type, shape, report));
  if (faulty.length > 0) return undefined;
  checkOrder({ min, max, initial: initial && isValue(initial.value, shape) ? initial : undefined }, item, report);
  return { min, max };
}

/** Reports bounds that no value keeps, and a default outside. */
function checkOrder(
  { min, max, initial }: { readonly [of in "min" | "max" | "initial"]: Text | undefined },
  item: OrderedItem,
  report: Report,
): undefined {
  const isBelow = (a: Text | undefined, b: Text | undefined): boolean =>
    a !== undefined && b !== undefined && amountOf(a.value, item) < amountOf(b.value, item);
  if (max !== undefined && min !== undefined && isBelow(max, min))
    return fault(report, "BFF129", max.at, {
      message: `the maximum ${max.value} is below the minimum ${min.value}`,
      related: [{ at: min.at, message: "the minimum" }],
      hint: `write \`min: "${max.value}" max: "${min.value}"\``,
    });
  const [bound, problem] = isBelow(initial, min) ? [min, "below the minimum"] : [max, "above the maximum"];
  if (initial === undefined || bound === undefined || !(isBelow(initial, min) || isBelow(max, initial))) return;
  fault(report, "BFF129", initial.at, {
    message: `the default ${initial.value} is ${problem} of ${bound.value}`,
    related: [{ at: bound.at, message: "the bound" }],
    hint: `write "${bound.value}", or move the bound`,
  });
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

/** Returns true for a default or a bound that the server can read, and reports any other. */
function checkDefault(initial: Text, type: Text, { of, item }: EnvShape, report: Report): boolean {
  if (isValue(initial.value, { of, item })) return true;
  const example = EXAMPLES[item];
  const examples = { one: example, list: `${example},${example}`, map: `a=${example},b=${example}` };
  fault(report, "BFF129", initial.at, {
    message: `${JSON.stringify(initial.value)} is not of type "${type.value}"`,
    related: [{ at: type.at, message: "the type" }],
    hint: `write a value such as "${examples[of]}"`,
  });
  return false;
}
