// A rule in CEL: `cel` and `cel_expression` of a field, a message, items, keys and values, and
// `(buf.validate.predefined).cel`. In its checks, `this` has the type of the declaration's value.

import type { Registry } from "@bufbuild/protobuf";
import { type CelType, checkExpression, type FieldType, typeName, type Variable } from "../../../cel/index.ts";
import { type Diagnostic, fault, type Report, type Text } from "../../../diagnostic/diagnostic.ts";
import { NOW } from "../../../model/rule-functions.ts";
import type { CelRule, RuleStep } from "../../../model/rules.ts";
import { constantType, type RuleConstants, withConstants, withFields } from "./rule-constants.ts";
import { RULES, unknownToRules } from "./rule-language.ts";

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
  if (unknown !== undefined) {
    fault(report, "BFF258", unknown.node.at, {
      message: `rules of buf.validate have ${unknown.what}`,
      hint:
        unknown.hint ??
        "use what CEL has, and the functions of buf.validate: this rule is for every language that reads this proto",
    });
    return undefined;
  }
  const gives = resultOf(checked.type);
  if (gives === undefined) {
    fault(report, "BFF255", text.at, {
      message: `a rule gives a bool or a string, and this is ${typeName(checked.type)}`,
      hint: hintFor(checked.type, text.value),
    });
    return undefined;
  }
  checkSureFailures(text, scope, site.registry, report);
  const root = constants && rule && rules ? withConstants(checked.root, { rule, rules }, constants) : checked.root;
  if (root === undefined) {
    fault(report, "BFF259", text.at, {
      message: "this reads of `rule` or `rules` what cannot be written as a literal",
      hint: "read single fields of `rules`, which are numbers, texts, bools, bytes, timestamps, durations or lists of these",
    });
    return undefined;
  }
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
