import { expect, test } from "vitest";
import { mentions, unreadAsVoid } from "./lines.ts";

test("unread constants become statements, with parentheses as needed", () => {
  const body = [["const a = ", "1", ";"], ["const b = ", '"x" as string', ";"], ["const c = f(a);"], ["return c;"]];
  expect(unreadAsVoid(body).map((row) => row.join(""))).toEqual([
    "const a = 1;",
    'void ("x" as string);',
    "const c = f(a);",
    "return c;",
  ]);
  expect(
    unreadAsVoid([['const a = f("x y", ', "z", ");"], ["const b = c ? d : e;"]]).map((row) => row.join("")),
  ).toEqual(['void f("x y", z);', "void (c ? d : e);"]);
  expect(unreadAsVoid([["const a = f();"]]).map((row) => row.join(""))).toEqual(["void f();"]);
  // A property of that name reads nothing.
  expect(unreadAsVoid([["const a = f();"], ["return { a: 1 };"]]).map((row) => row.join(""))).toEqual([
    "void f();",
    "return { a: 1 };",
  ]);
});

test("a constant shadowed by a block is not read there", () => {
  const voided = (body: string[]) =>
    unreadAsVoid(body.map((row) => (row === "" ? [] : row.startsWith("  ") ? ["  ", row.slice(2)] : [row])))[0]?.join(
      "",
    );
  const block = ["const a = f();", "if (b) {", "  const a = g();", "", "  h(a);", "}"];
  expect(voided(block)).toBe("void f();");
  expect(voided([...block, "return a;"])).toBe("const a = f();");
  expect(voided(block.toSpliced(2, 1))).toBe("const a = f();");
});

test("a property is not a use of a name, wherever its dot is printed", () => {
  expect(mentions([["f(args", ".", "id", ")"]], "id")).toBe(false);
  expect(mentions([["f(a", ["?.", "id"], ")"]], "id")).toBe(false);
  expect(mentions([["{ ", "id", ": 1 }"]], "id")).toBe(false);
  expect(mentions([["f(", "...", "id", ")"]], "id")).toBe(true);
  expect(mentions([["f(", '"id"', ", ", '"id"', ")"]], "id")).toBe(false);
  expect(unreadAsVoid([["const a = f();"], ["return b", ".", "a;"]])[0]?.join("")).toBe("void f();");
});
