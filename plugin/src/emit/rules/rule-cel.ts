// A rule in CEL as TypeScript: a function of the value, beside the other constants of the file.
import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { type Code, emitValue, type Names, protoShape } from "../../cel/index.ts";
import { NOW, VALIDATE_FUNCTIONS } from "../../model/rule-functions.ts";
import type { CelRule } from "../../model/rules.ts";
import { NameScope } from "../../plan/names/name-scope.ts";
import type { FileNames } from "../names/file-names.ts";
import { block, type Line, type Lines, mentions } from "../text/lines.ts";
import type { RuleNames } from "./rule-names.ts";

/**
 * Returns the outcome of the expression: a bool, or a text that is empty if the value is valid. `validate`: a function
 * of @protobff/runtime/validate.
 */
export function outcomeOf({ expression, value }: CelRule, names: Names, validate: (name: string) => Printable): Code {
  return emitValue(expression, {
    ...names,
    variable: (variable) => {
      if (variable === value) return "value";
      return variable === NOW ? "now" : names.variable(variable);
    },
    runtime: (name) => (VALIDATE_FUNCTIONS.has(name) ? validate(name) : names.runtime(name)),
  });
}

/**
 * Adds a violation if a rule is broken. `say` prints the violation, with the rule's text or with the text of a
 * variable.
 */
export function emitCel(rule: CelRule, value: string, names: RuleNames, report: (message?: string) => Line): Lines {
  const readsNow = rule.expression.reads.some(({ variable }) => variable === NOW);
  const call: Line = [functionOf(rule, readsNow, names), `(${value}${readsNow ? ", found.now" : ""})`];
  if (rule.gives === "bool") return [["if (!", ...call, ") ", ...report()]];
  const otherwise = JSON.stringify(`"${rule.expression.text.value}" returned false`);
  const failure: Line =
    rule.gives === "string" ? call : [names.validate("violationText"), "(", ...call, `, ${otherwise})`];
  if (rule.rule.message !== "") return [["if (", ...failure, ' !== "") ', ...report()]];
  return block(
    ["{"],
    [
      ["const text = ", ...failure, ";"],
      ['if (text !== "") ', ...report("text")],
    ],
    ["}"],
  );
}

function functionOf(rule: CelRule, readsNow: boolean, names: RuleNames): string {
  const { type, proto } = rule.value;
  const file = celNames(names.file);
  const shape = proto === undefined ? ["unknown"] : protoShape(type, proto, file);
  const { print } = outcomeOf(rule, file, (name) => names.validate(name));
  const isRead = mentions([print], "value");
  const params: Line = [
    isRead ? "value: " : "_value: ",
    ...shape,
    ...(readsNow ? [", now: ", names.file.validateType("Violations"), '["now"]'] : []),
  ];
  const body = String(print[0]).startsWith("{") ? ["(", ...print, ")"] : print;
  const code: Line = ["(", ...params, "): ", RESULTS[rule.gives], " => ", ...body];
  const key = JSON.stringify(code, (_, part) => (typeof part === "bigint" ? String(part) : part));
  return names.constant(`${rule.rule.id}_cel`, key, code);
}

const RESULTS = { bool: "boolean", string: "string", dyn: "unknown" } as const;

/** Nothing but the value is in scope. */
function celNames(names: FileNames): Names {
  return {
    variable: ({ name }) => name,
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => shapeName(desc, names),
    counted: () => names.cel("counted"),
    registry: () => names.messages(),
    local: (name) => (name === "value" || name === "now" || !isPlainName(name) ? `${name}_` : name),
  };
}

/** protobuf-es has a google.protobuf.Struct as JSON if it is a field. */
function shapeName(desc: DescMessage | DescEnum, names: FileNames): Printable {
  return desc.typeName === "google.protobuf.Struct" ? names.protobufType("JsonObject") : names.shape(desc);
}

/** Returns true for a name that neither JavaScript nor the file's imports and declarations use. */
function isPlainName(name: string): boolean {
  return !WORDS.has(name) && !VALIDATE_FUNCTIONS.has(name) && /^[a-z]/.test(name);
}
const WORDS = new NameScope();
