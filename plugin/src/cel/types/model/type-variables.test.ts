import { expect, it } from "vitest";
import type { CelType } from "./type.ts";
import { typeName } from "./type-name.ts";
import { TypeVariables } from "./type-variables.ts";

const INT: CelType = { kind: "int" };
const STRING: CelType = { kind: "string" };
const DYN: CelType = { kind: "dyn" };
const NULL: CelType = { kind: "null" };
const WRAPPER: CelType = { kind: "wrapper", of: INT };
const list = (element: CelType): CelType => ({ kind: "list", element });

it("a variable is bound only if all types match", () => {
  const types = new TypeVariables();
  const a = types.fresh();
  expect(types.allAssignable([INT, STRING], [a, INT])).toBe(false);
  expect(types.resolve(a)).toBe(a);
  expect(types.allAssignable([list(INT), INT], [list(a), a])).toBe(true);
  expect(types.resolve(list(a))).toEqual(list(INT));
});

it("the more general of two types is bound", () => {
  const types = new TypeVariables();
  const a = types.fresh();
  expect(types.allAssignable([INT, DYN], [a, a])).toBe(true);
  expect(types.resolve(a)).toEqual(DYN);
  const b = types.fresh();
  expect(types.allAssignable([NULL, WRAPPER], [b, b])).toBe(true);
  expect(types.resolve(b)).toEqual(WRAPPER);
});

it("a recursive type is refused", () => {
  const types = new TypeVariables();
  const a = types.fresh();
  expect(types.assignable(list(a), a)).toBe(false);
  const b = types.fresh();
  expect(types.assignable(a, list(b))).toBe(true);
  expect(types.assignable(b, list(a))).toBe(false);
});

it("the types of a literal are joined", () => {
  const types = new TypeVariables();
  const join = (a: CelType, b: CelType) => typeName(types.resolve(types.join(a, b) ?? DYN, true));
  expect(types.join(INT, STRING)).toBeUndefined();
  expect(join(INT, WRAPPER)).toBe("wrapper(int)");
  expect(join(WRAPPER, NULL)).toBe("wrapper(int)");
  expect(join(list(INT), list(WRAPPER))).toBe("list(wrapper(int))");
  expect(join(WRAPPER, INT)).toBe("wrapper(int)");
  expect(join(list(types.fresh()), list(INT))).toBe("list(int)");
  expect(join(list(INT), list(DYN))).toBe("list(dyn)");
});

it("every call of a function has fresh variables", () => {
  const types = new TypeVariables();
  const param: CelType = { kind: "param", name: "A" };
  const [first] = types.instance([param, list(param)]);
  const [second, third] = types.instance([param, list(param)]);
  expect(first).not.toEqual(second);
  expect(third).toEqual(list(second!));
});
