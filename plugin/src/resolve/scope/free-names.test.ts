import { createRegistry } from "@bufbuild/protobuf";
import { file_google_protobuf_descriptor } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { freeNames } from "./free-names.ts";

const registry = createRegistry(file_google_protobuf_descriptor);

const CASES: readonly (readonly [text: string, names: readonly string[], args?: readonly string[], bare?: boolean])[] =
  [
    ["a.b + c", ["a", "c"]],
    ["items.map(i, i.x + y)", ["items", "y"]],
    ["items.all(k, v, k == v && z)", ["items", "z"]],
    ["items.sortBy(i, i.rank)", ["items"]],
    ["a.map(a, a)", ["a"]],
    ["cel.bind(x, x + a, x + b)", ["x", "a", "b"]],
    ["a.?b.optMap(v, v + c).orValue(d)", ["a", "c", "d"]],
    ["[?a, b[?c]]", ["a", "b", "c"]],
    ["{?a: b, 'k': c}", ["a", "b", "c"]],
    ["a.`b-c`", ["a"]],
    ["google.protobuf.FieldOptions{packed: a}", ["a"]],
    ["google.protobuf.FieldOptions.CType.CORD == a", ["a"]],
    ["args.x == args.y.z", ["args"], ["x", "y"]],
    ["has(args.x) && ok(args.y)", ["args"], ["x", "y"]],
    ["f(args)", ["args"], [], true],
    ["items.map(args, args.x)", ["items"]],
    ["a +", []],
  ];

it.each(CASES.map(([text, names, args = [], bare = false]) => ({ text, names, args, bare })))("$text", (row) => {
  const { text, names, args, bare } = row;
  const found = freeNames(text, registry, "web.v1");
  expect([...found.names].sort()).toEqual([...names].sort());
  expect([...found.args].sort()).toEqual([...args].sort());
  expect(found.bareArgs).toBe(bare);
});
