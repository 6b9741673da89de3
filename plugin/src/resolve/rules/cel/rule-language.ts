// The language of rules in buf.validate: CEL as every protovalidate runs it. It lacks this project's additions, and has
// its own functions (https://protovalidate.com/reference/cel_extensions/).

import { childrenOf, LANGUAGE, type Language, type Node } from "../../../cel/index.ts";
import { didYouMean } from "../../../diagnostic/did-you-mean.ts";
import { RULE_FUNCTIONS } from "../../../model/rule-functions.ts";

export const RULES: Language = {
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
export function unknownToRules(node: Node): Unknown | undefined {
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
