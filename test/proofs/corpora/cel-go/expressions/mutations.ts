// cel-spec's conformance suite with the names of t.proto, and mutations of it: operators, literals and names swapped, parts left out or
// doubled, two put together.
import { conformanceCases } from "../../../conformance/cel/cases.ts";
import type { Random } from "../random.ts";
import { NAMES, NUMBERS, OPERATORS, STRINGS } from "./mutation-words.ts";

const LONGEST = 700;

/** Names of cel-spec's messages and fields, and those of ours that are most like them. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/cel\.expr\.conformance\.proto[23]\.TestAllTypes/g, "TestAllTypes"],
  [/TestAllTypes\.NestedMessage/g, "Inner"],
  [/TestAllTypes\.NestedEnum|NestedEnum/g, "E"],
  [/TestAllTypes/g, "All"],
  [/single_(\w+?)_wrapper/g, "w_$1"],
  [/single_(timestamp|duration|struct|value|any)\b/g, "g_$1"],
  [/list_value/g, "g_listvalue"],
  [/repeated_nested_message/g, "r_inner"],
  [/standalone_message/g, "f_inner"],
  [/single_nested_message/g, "on_inner"],
  [/standalone_enum/g, "f_enum"],
  [/single_nested_enum/g, "on_enum"],
  [/repeated_(\w+?)_wrapper/g, "rw_$1"],
  [/single_(\w+)/g, "f_$1"],
  [/repeated_(\w+)/g, "r_$1"],
  [/map_string_(\w+)/g, "mv_$1"],
  [/map_(\w+)_string/g, "mk_$1"],
  [/\bbb\b/g, "a"],
];
const VARIABLES = ["xi", "xs", "m", "li", "mss", "dv_map", "xu", "xd", "wi", "st"];
const TOKEN =
  /[bBrR]{0,2}(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|\d+\.\d*(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+u?|\d+(?:[eE][+-]?\d+)u?|\d+u?|[A-Za-z_]\w*|&&|\|\||[=!<>]=|\?\.|\.\?|[^\s\w]|\s+/g;

/** Returns the cases of the conformance suite that our language supports, over the variables of t.proto. */
export function suite(): string[] {
  const expressions = new Set<string>();
  for (const { test } of conformanceCases()) {
    const { expr, bindings } = test.original;
    if (/cel\.block|proto2|getExt|GlobalEnum|TestRequired/.test(expr)) continue;
    let text = expr;
    for (const [from, to] of RENAMED) text = text.replace(from, to);
    for (const name of Object.keys(bindings)) {
      if (!/^(x|y|z|a|b|i|msg|map|list|s)$/.test(name)) continue;
      const variable = VARIABLES[(text.length + name.charCodeAt(0)) % VARIABLES.length]!;
      text = text.replace(new RegExp(`(?<![\\w.'"])${name}(?![\\w'"])`, "g"), variable);
    }
    expressions.add(text.replaceAll("\n", " ").trim());
  }
  return [...expressions];
}

/** One mutation of `base`. */
export function mutation(base: readonly string[], random: Random): string {
  for (;;) {
    const r = random.next();
    const text =
      r < 0.62
        ? mutated(random.pick(base), random)
        : r < 0.85
          ? together(random.pick(base), random.pick(base), random)
          : together(mutated(random.pick(base), random), random.pick(base), random);
    if (text.length <= LONGEST) return text;
  }
}

function mutated(text: string, random: Random): string {
  const tokens = text.match(TOKEN) ?? [];
  const places = tokens.flatMap((token, index) => (token.trim() === "" ? [] : [index]));
  if (places.length === 0) return text;
  for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count--) {
    for (let tries = 0; tries < 10; tries++) {
      const at = random.pick(places);
      const other = swapped(tokens[at] ?? "", random);
      if (other === undefined) continue;
      tokens[at] = other;
      break;
    }
  }
  return tokens.join("");
}

function swapped(token: string, random: Random): string | undefined {
  const operators = OPERATORS.filter((group) => group.includes(token));
  if (operators.length > 0) return random.pick(random.pick(operators));
  if (/^[bBrR]{0,2}['"]/.test(token)) return random.pick(STRINGS);
  if (/^\d/.test(token)) return random.pick(NUMBERS);
  const names = Object.hasOwn(NAMES, token) ? NAMES[token] : undefined;
  if (names !== undefined) return random.pick(names);
  const r = random.next();
  if (r < 0.04) return "";
  return r < 0.08 ? `${token} ${token}` : undefined;
}

function together(a: string, b: string, random: Random): string {
  return random.pick([
    `(${a}) == (${b})`,
    `(${a}) && (${b})`,
    `(${a}) || (${b})`,
    `[${a}, ${b}]`,
    `[${a}, ${b}][0]`,
    `[${a}] + [${b}]`,
    `{'k': ${a}, 'l': ${b}}`,
    `(${a}) ? (${b}) : (${b})`,
    `xt ? (${a}) : (${b})`,
    `cel.bind(q, ${a}, [q, ${b}])`,
    `[${a}].map(q, ${b})`,
    `(${b}) in [${a}]`,
    `optional.of(${a}).orValue(${b})`,
    `type(${a}) == type(${b})`,
    `[1, 2].exists(q, ${a}) || (${b})`,
    `dyn(${a}) == dyn(${b})`,
  ]);
}
