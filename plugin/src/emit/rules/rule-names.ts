// Constants that the functions of one `_rules.ts` share, each printed once, and the names of these functions.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { type Code, emitValue, type Names, protoShape } from "../../cel/index.ts";
import { NOW, VALIDATE_FUNCTIONS } from "../../model/rule-functions.ts";
import type { CelRule, RuleText } from "../../model/rules.ts";
import { NameScope, upperSnake } from "../../plan/names/name-scope.ts";
import type { FileNames } from "../names/file-names.ts";
import { block, type Line, type Lines, mentions } from "../text/lines.ts";

export class RuleNames {
  readonly file: FileNames;
  readonly #functions: ReadonlyMap<DescMessage, string>;
  readonly #constants = new Map<string, { readonly name: string; readonly lines: Lines }>();
  readonly #taken = new Set<string>();

  constructor(file: FileNames, functions: ReadonlyMap<DescMessage, string>) {
    this.file = file;
    this.#functions = functions;
  }
  /** The constant of a rule. */
  rule({ id, message, path }: RuleText): string {
    const steps = path.map(([name, ...numbers]) => `[${[JSON.stringify(name), ...numbers].join(", ")}]`);
    const pathArgument = path.length === 0 ? "" : `, path: [${steps.join(", ")}]`;
    const print = `{ id: ${JSON.stringify(id)}, message: ${JSON.stringify(message)}${pathArgument} }`;
    return this.#constant(id, print, (name) => [[`const ${name}: `, this.file.validateType("Rule"), ` = ${print};`]]);
  }
  /** Another constant; one that prints the same is the same. */
  constant(wish: string, print: string, value: Line = [print]): string {
    return this.#constant(wish, print, (name) => [[`const ${name} = `, ...value, ";"]]);
  }
  constants(): Lines {
    return [...this.#constants.values()].flatMap(({ lines }) => lines);
  }
  /** `UserSchema.field.name` */
  field(field: DescField): Line {
    return [this.file.schema(field.parent), `.field.${field.localName}`];
  }
  check(desc: DescMessage): string {
    const name = this.#functions.get(desc);
    if (name === undefined) throw new Error(`nothing checks ${desc.typeName}`);
    return name;
  }
  validate(name: string): Printable {
    return this.file.validate(name);
  }

  #constant(wish: string, key: string, lines: (name: string) => Lines): string {
    const constant = this.#constants.get(key);
    if (constant !== undefined) return constant.name;
    const plain = upperSnake(wish.replace(/[^A-Za-z0-9]+/g, "_").slice(0, 60)).replace(/^(?=\d)|^_+/, "R_");
    let name = plain;
    for (let i = 2; this.#taken.has(name); i++) name = `${plain}_${i}`;
    this.#taken.add(name);
    this.#constants.set(key, { name, lines: lines(name) });
    return name;
  }
}

// A rule in CEL as TypeScript: a function of the value, beside the other constants of the file.

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
