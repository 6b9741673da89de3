import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { didYouMean, didYouMeanType } from "./diagnostic.ts";

describe("did you mean", () => {
  test.each([
    ["GetUsgae", ["GetSummary", "GetUsage"], "GetUsage"],
    ["workspaceid", ["user_id", "workspace_id"], "workspace_id"],
    ["a", ["b"], "b"],
    ["a", ["bc", "bcd"], undefined],
    ["ab", ["ba"], "ba"],
    ["agent", ["usage", "unread"], undefined],
    ["STATUS_IDLE", ["status_idle"], "status_idle"],
    ["cards", [], undefined],
    ["abcdef", ["abcxyz", "abcdxy", "abcdyx"], "abcdxy"],
  ])("%s among %j suggests %s", (name, candidates, expected) => {
    expect(didYouMean(name, candidates)).toBe(expected);
  });

  test.each([
    ["demo.CurrencyService", ["demo.CartService", "demo.AdService"], undefined],
    ["demo.CardService", ["demo.CartService", "demo.AdService"], "demo.CartService"],
    ["demo.v1.CartService", ["demo.CartService"], "demo.CartService"],
    ["Cart", ["Card"], "Card"],
  ])("the type %s among %j suggests %s", (name, candidates, expected) => {
    expect(didYouMeanType(name, candidates)).toBe(expected);
  });

  test("the name itself is never suggested", () => {
    expect(didYouMean("a", ["a", "A"])).toBe("A");
  });

  test("every name with one letter lost, added or changed is found", () => {
    const word = fc.string({ minLength: 2, unit: fc.constantFrom(..."abcdef_") });
    fc.assert(
      fc.property(word, fc.nat(), fc.constantFrom("", "x"), fc.boolean(), (name, at, put, over) => {
        const index = at % name.length;
        const typo = name.slice(0, index) + put + name.slice(over ? index + 1 : index);
        fc.pre(typo !== name && typo !== "");
        expect(didYouMean(typo, ["quite-another-thing", name])).toBe(name);
      }),
    );
  });
});
