import { expect, test } from "vitest";
import { distinctNames } from "./distinct-names.ts";
import { NameScope } from "./name-scope.ts";

const named = (...wishes: (readonly [string, ...string[]])[]) =>
  Object.fromEntries(distinctNames(new Map(wishes.map(([key, ...rest]) => [key, rest])), new NameScope()));

test.each([
  ["the first wish where nobody else has it", [["a", "getItem", "itemGetItem"]], { a: "getItem" }],
  [
    "all that clash move on, whichever comes first",
    [
      ["a", "find", "itemFind"],
      ["b", "find", "orderFind"],
      ["c", "list", "orderList"],
    ],
    { a: "itemFind", b: "orderFind", c: "list" },
  ],
  ["a reserved word is taken", [["a", "delete", "itemDelete"]], { a: "itemDelete" }],
  [
    "a clash on the way moves both",
    [
      ["a", "x", "y", "z"],
      ["b", "x", "w"],
      ["c", "y", "v"],
    ],
    { a: "z", b: "w", c: "v" },
  ],
  [
    "underscores where nothing else is left",
    [
      ["a", "x"],
      ["b", "x"],
    ],
    { a: "x", b: "x_" },
  ],
] as const)("%s", (_, wishes, names) => {
  expect(named(...wishes)).toEqual(names);
  const backwards = named(...[...wishes].reverse());
  if (!Object.values(names).some((name) => name.endsWith("_"))) expect(backwards).toEqual(names);
});
