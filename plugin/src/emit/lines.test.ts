import { expect, test } from "vitest";
import { unreadAsVoid } from "./lines.ts";

test("constants that nothing reads become statements, whatever binds closer", () => {
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
