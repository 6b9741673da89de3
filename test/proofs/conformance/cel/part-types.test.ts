// Not only the type of an expression is cel-go's, but that of every part of it.
import { expect, it } from "vitest";
import type { Node } from "../../../../plugin/src/cel/index.ts";
import { type Case, checkingCases, conformanceCases } from "./cases.ts";
import { type Checked, checkingCheck, conformanceCheck } from "./conformance.ts";
import { typeText } from "./type-text.ts";

/** Where we know more than cel-go, or follow cel-spec where it does not. */
const OURS: readonly RegExp[] = [
  // A field of a map says that its keys are strings.
  /^fields\/map_has\/has_empty$/,
  /^optionals\/optionals\/(ternary_optional_hasValue|optional_chaining_[56])$/,
  // The name of a type has no parameters in cel-go.
  /^optionals\/optionals\/type$/,
  // cel-spec states another type than cel-go deduces.
  /^type_deductions\/wrappers\/wrapper_promotion_2$/,
  /^type_deductions\/legacy_nullable_types\/null_assignable_to_\w+_parameter_candidate$/,
];

/** The types in cel-go's text of a checked tree, `1~int`, parts before the whole. */
function typesIn(tree: string): string[] {
  const bare = tree
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll("~test-only~", "")
    // What is called or selected from a part stands right behind its type.
    .replaceAll(/\.\w+\((?=\s|\))/g, " (");
  const types: string[] = [];
  for (let at = bare.indexOf("~"); at !== -1; at = bare.indexOf("~", at + 1)) {
    let depth = 0;
    let end = at + 1;
    for (; end < bare.length; end++) {
      const character = bare[end] ?? "";
      if (character === "(") depth++;
      else if (character === ")" && depth-- === 0) break;
      else if (depth === 0 && /[^\w.)]/.test(character)) break;
    }
    types.push(bare.slice(at + 1, end));
  }
  return types;
}

function typesOf(node: Node): string[] {
  const below = (nodes: readonly Node[]) => nodes.flatMap(typesOf);
  const type = typeText(node.type);
  switch (node.kind) {
    case "select":
    case "extension":
      return [...typesOf(node.of), type];
    case "call":
      // What the checker has put in has no place in cel-go's tree.
      return node.overload === "cast" || node.overload === "unwrap" ? below(node.args) : [...below(node.args), type];
    case "list":
      return [...below(node.elements), type];
    case "map":
      return [...node.entries.flatMap(([key, value]) => below([key, value])), type];
    case "message":
      return [...below(node.fields.map(({ value }) => value)), type];
    default:
      return [type];
  }
}

const checks: readonly (readonly [readonly Case[], (testCase: Case) => Checked])[] = [
  [conformanceCases(), conformanceCheck],
  [checkingCases(), checkingCheck],
];

it("every part of an expression has the type that cel-go gives it", () => {
  let compared = 0;
  const differences: string[] = [];
  for (const [cases, check] of checks) {
    for (const testCase of cases) {
      const { type, checkedAst } = testCase.test;
      // Macros are expanded there.
      if (type === undefined || checkedAst === undefined || /__comprehension__|block|proto\./.test(checkedAst))
        continue;
      const { expression } = check(testCase);
      const ours = expression === undefined ? [] : typesOf(expression.root);
      const theirs = typesIn(checkedAst);
      const same =
        ours.length === theirs.length && theirs.every((text, i) => text === ours[i] || text.startsWith(`${ours[i]}.`));
      compared++;
      if (!same && !OURS.some((name) => name.test(testCase.name)))
        differences.push(`${testCase.name}: ${ours} and not ${theirs}`);
    }
  }
  expect(differences).toEqual([]);
  expect(compared).toBe(2080);
});
