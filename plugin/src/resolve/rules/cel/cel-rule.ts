// A rule in CEL: `cel` and `cel_expression` of a field, a message, items, keys and values, and
// `(buf.validate.predefined).cel`. In its checks, `this` has the type of the declaration's value.

import type { Registry } from "@bufbuild/protobuf";
import {
  type CelType,
  checkExpression,
  childrenOf,
  type FieldType,
  LANGUAGE,
  type Language,
  type Node,
  typeName,
  type Variable,
} from "../../../cel/index.ts";
import { type Diagnostic, didYouMean, fault, type Report, type Text } from "../../../diagnostic/diagnostic.ts";
import { NOW, RULE_FUNCTIONS } from "../../../model/rule-functions.ts";
import type { CelRule, RuleStep } from "../../../model/rules.ts";
import { constantType, type RuleConstants, withConstants, withFields } from "./rule-constants.ts";

/** A rule as it is written. */
export interface DeclaredRule {
  readonly id: string;
  readonly message: string;
  readonly path: readonly RuleStep[];
  readonly expression: Text;
}

/** Place of a rule: the type of its value, with the registry and constants. */
export interface RuleSite {
  readonly this: FieldType;
  readonly registry: Registry;
  /** For a predefined rule. */
  readonly constants?: RuleConstants;
}

/** Undefined after a diagnostic. */
export function celRule(declared: DeclaredRule, site: RuleSite, report: Report): CelRule | undefined {
  const { expression: text } = declared;
  const constants = site.constants;
  const value = variable("this", site.this.type, site.this.proto);
  const rule = constants && variable("rule", constantType(constants.extension), undefined);
  const rules = constants && variable("rules", { kind: "message", desc: constants.desc }, undefined);
  const variables = new Map(
    [value, NOW, rule, rules].flatMap((variable) => (variable === undefined ? [] : [[variable.name, variable]])),
  );
  // Protovalidate expects full names in every rule.
  const scope = { lookup: (name: string) => variables.get(name), names: () => variables.keys(), container: "" };
  const checked = checkExpression(text, scope, site.registry, report, RULES);
  if (checked === undefined) return undefined;
  const unknown = unknownToRules(checked.root);
  if (unknown !== undefined)
    return fault(report, "BFF258", unknown.node.at, {
      message: `rules of buf.validate have ${unknown.what}`,
      hint:
        unknown.hint ??
        "use what CEL has, and the functions of buf.validate: this rule is for every language that reads this proto",
    });
  const gives = resultOf(checked.type);
  if (gives === undefined)
    return fault(report, "BFF255", text.at, {
      message: `a rule gives a bool or a string, and this is ${typeName(checked.type)}`,
      hint: hintFor(checked.type, text.value),
    });
  checkSureFailures(text, scope, site.registry, report);
  const root = constants && rule && rules ? withConstants(checked.root, { rule, rules }, constants) : checked.root;
  if (root === undefined)
    return fault(report, "BFF259", text.at, {
      message: "this reads of `rule` or `rules` what cannot be written as a literal",
      hint: "read single fields of `rules`, which are numbers, texts, bools, bytes, timestamps, durations or lists of these",
    });
  const { id, path } = declared;
  const message = declared.message !== "" || gives !== "bool" ? declared.message : `"${text.value}" returned false`;
  return { rule: { id, message, path }, expression: { ...checked, root: withFields(root) }, gives, value };
}

function variable(name: string, type: CelType, proto: FieldType["proto"] | undefined): Variable {
  return { name, role: "var", type, proto, absent: false };
}

function resultOf(type: CelType): CelRule["gives"] | undefined {
  switch (type.kind) {
    case "bool":
    case "string":
    case "dyn":
      return type.kind;
    case "wrapper":
      return type.of.kind === "bool" || type.of.kind === "string" ? "dyn" : undefined;
    default:
      return undefined;
  }
}

function hintFor({ kind }: CelType, text: string): string {
  switch (kind) {
    case "int":
    case "uint":
    case "double":
      return `compare it: ${text} > 0`;
    case "list":
    case "map":
      return "ask for its size, or of its items: this.all(x, …)";
    default:
      return "write a condition that holds for what is right, or a text that is empty for it";
  }
}

/** Faults that are certain: a malformed pattern, a malformed timestamp, a division by zero. */
const SURE: ReadonlySet<Diagnostic["code"]> = new Set(["BFF309", "BFF314", "BFF317", "BFF318"]);

/** Reports a rule that always fails, and keeps it: the generating team may not own the proto. */
function checkSureFailures(
  text: Text,
  scope: Parameters<typeof checkExpression>[1],
  registry: Registry,
  report: Report,
): void {
  const sound = { ...RULES, soundLiterals: true };
  checkExpression(
    text,
    scope,
    registry,
    (diagnostic) => SURE.has(diagnostic.code) && report({ ...diagnostic, severity: "error" }),
    sound,
  );
}

// The language of rules in buf.validate: CEL as every protovalidate runs it. It lacks this project's additions, and has
// its own functions (https://protovalidate.com/reference/cel_extensions/).

const RULES: Language = {
  ...LANGUAGE,
  optionals: false,
  openEnums: true,
  soundLiterals: false,
  functions: RULE_FUNCTIONS,
};

/** CEL's standard functions and cel-go's `strings`. */
const COMMON: ReadonlySet<string> = new Set(
  (
    "size bool bytes double int uint string timestamp duration dyn type contains endsWith startsWith matches getFullYear getMonth getDate " +
    "getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds charAt indexOf lastIndexOf join lowerAscii " +
    "upperAscii replace reverse split substring trim format strings.quote"
  ).split(" "),
);
const RULE_NAMES: ReadonlySet<string> = new Set(RULE_FUNCTIONS.map(({ fn }) => fn));
/** Functions of protovalidate with the same effect. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["distinct", "unique"],
  ["url.isURL", "isUri"],
  ["math.isNaN", "isNan"],
  ["math.isInf", "isInf"],
]);
const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** A part of an expression that other implementations of protovalidate lack. */
interface Unknown {
  readonly node: Node;
  /** `no function "distinct"` */
  readonly what: string;
  readonly hint: string | undefined;
}

/** The first part of an expression that is of this project's language alone. */
function unknownToRules(node: Node): Unknown | undefined {
  if (node.kind === "macro" && (!MACROS.has(node.macro) || node.vars.length > 1)) {
    const name = node.macro === "bind" ? "cel.bind" : node.macro;
    if (node.vars.length < 2) return { node, what: `no \`${name}\``, hint: undefined };
    const hint = "write one variable: that of an item, or in a map the key";
    return { node, what: `no \`${name}\` with two variables`, hint };
  }
  // The checker has inserted these calls.
  const written = node.kind === "call" && node.overload !== "unwrap" && node.overload !== "cast";
  if (written && /^[a-zA-Z]/.test(node.fn) && !COMMON.has(node.fn) && !RULE_NAMES.has(node.fn)) {
    const close = INSTEAD.get(node.fn) ?? didYouMean(node.fn, [...COMMON, ...RULE_NAMES]);
    return { node, what: `no function "${node.fn}"`, hint: close && `did you mean "${close}"?` };
  }
  if (written && node.fn === "getField" && node.args[1]?.kind !== "constant") {
    return {
      node,
      what: "no `getField` with a computed name",
      hint: 'write the name as a literal: getField(this, "in")',
    };
  }
  for (const child of childrenOf(node)) {
    const found = unknownToRules(child);
    if (found !== undefined) return found;
  }
  return undefined;
}
