// The language of rules in buf.validate: CEL as protovalidate runs it everywhere, so without what this project's own expressions have beyond
// it, and with functions of its own (https://protovalidate.com/reference/cel_extensions/).

import { type CelType, childrenOf, LANGUAGE, type Language, type Node, type Overload } from "../../../cel/index.ts";
import { didYouMean } from "../../../diagnostic/did-you-mean.ts";

const BOOL: CelType = { kind: "bool" };
const INT: CelType = { kind: "int" };
const STRING: CelType = { kind: "string" };
const BYTES: CelType = { kind: "bytes" };
const DOUBLE: CelType = { kind: "double" };
const DYN: CelType = { kind: "dyn" };

/** The function of the runtime is called as the overload. */
function method(id: string, fn: string, params: readonly CelType[]): Overload {
  return { id, fn, method: true, params, result: BOOL, fails: false };
}

const UNIQUE = ["uint", "int", "string", "bool", "double", "bytes"] as const;

const FUNCTIONS: readonly Overload[] = [
  method("math_is_nan", "isNan", [DOUBLE]),
  method("math_is_inf", "isInf", [DOUBLE]),
  method("isInf", "isInf", [DOUBLE, INT]),
  method("isHostname", "isHostname", [STRING]),
  method("isHostAndPort", "isHostAndPort", [STRING, BOOL]),
  method("isEmail", "isEmail", [STRING]),
  method("isIp", "isIp", [STRING]),
  method("isIp", "isIp", [STRING, INT]),
  method("isIpPrefix", "isIpPrefix", [STRING]),
  method("isIpPrefix", "isIpPrefix", [STRING, INT]),
  method("isAnyIpPrefix", "isIpPrefix", [STRING, BOOL]),
  method("isIpPrefix", "isIpPrefix", [STRING, INT, BOOL]),
  method("isUri", "isUri", [STRING]),
  method("isUriRef", "isUriRef", [STRING]),
  ...UNIQUE.map((kind) => method("unique", "unique", [{ kind: "list", element: { kind } }])),
  method("bytesContain", "contains", [BYTES, BYTES]),
  method("bytesStartWith", "startsWith", [BYTES, BYTES]),
  method("bytesEndWith", "endsWith", [BYTES, BYTES]),
  { id: "select", fn: "getField", method: false, params: [DYN, STRING], result: DYN, fails: true },
];

/** The functions that @protobff/runtime/validate has; all others are CEL's. */
export const VALIDATE_FUNCTIONS: ReadonlySet<string> = new Set(
  FUNCTIONS.map(({ id }) => id).filter((id) => id !== "select" && !id.startsWith("math_")),
);

export const RULES: Language = {
  ...LANGUAGE,
  optionals: false,
  openEnums: true,
  soundLiterals: false,
  functions: FUNCTIONS,
};

/** CEL's standard functions and cel-go's `strings`. */
const COMMON: ReadonlySet<string> = new Set(
  (
    "size bool bytes double int uint string timestamp duration dyn type contains endsWith startsWith matches getFullYear getMonth getDate " +
    "getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds charAt indexOf lastIndexOf join lowerAscii " +
    "upperAscii replace reverse split substring trim format strings.quote"
  ).split(" "),
);
const OWN: ReadonlySet<string> = new Set(FUNCTIONS.map(({ fn }) => fn));
/** What does the same there. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["distinct", "unique"],
  ["url.isURL", "isUri"],
  ["math.isNaN", "isNan"],
  ["math.isInf", "isInf"],
]);
const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** What of an expression protovalidate elsewhere does not know. */
export interface Unknown {
  readonly node: Node;
  /** `no function "distinct"` */
  readonly what: string;
  readonly hint: string | undefined;
}

/** The first part of an expression that is of this project's language alone. */
export function unknownToRules(node: Node): Unknown | undefined {
  if (node.kind === "macro" && (!MACROS.has(node.macro) || node.vars.length > 1)) {
    const name = node.macro === "bind" ? "cel.bind" : node.macro;
    if (node.vars.length < 2) return { node, what: `no \`${name}\``, hint: undefined };
    const hint = "write one variable: that of an item, or in a map the key";
    return { node, what: `no \`${name}\` with two variables`, hint };
  }
  // What the checker has put in is nobody's to know.
  const written = node.kind === "call" && node.overload !== "unwrap" && node.overload !== "cast";
  if (written && /^[a-zA-Z]/.test(node.fn) && !COMMON.has(node.fn) && !OWN.has(node.fn)) {
    const close = INSTEAD.get(node.fn) ?? didYouMean(node.fn, [...COMMON, ...OWN]);
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
