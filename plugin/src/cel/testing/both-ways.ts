// For tests: an expression by @bufbuild/cel's interpreter, and as compiled code.
import {
  CelScalar,
  celEnv,
  isCelError,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
  listType,
  objectType,
  parse,
  plan,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import * as protobuf from "@bufbuild/protobuf";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import { type Expression, emitValue } from "../index.ts";
import { MESSAGE, PACKAGE, registry, scope } from "./fixtures.ts";
import * as rt from "./functions.ts";
import { asJavaScript, check, keyed, LOOKED_UP, printed } from "./harness.ts";

export const FAILED = Symbol("failed");

const env = celEnv({
  namespace: PACKAGE,
  registry,
  variables: { s: objectType(MESSAGE.desc), list: listType(objectType(MESSAGE.desc)), count: CelScalar.INT },
  funcs: strings,
});

/**
 * Result if the interpreter reports an overflow for a quotient of uints that no int holds. No expectation follows from
 * it.
 */
export const MISTAKEN = Symbol("mistaken");

/** Returns the interpreter's result, or FAILED, or MISTAKEN. */
export function interpreted(expression: string, variables: object): unknown {
  const result = plan(env, parse(expression))(variables as never);
  if (isCelError(result) && /^int overflow during divide/.test(result.message)) return MISTAKEN;
  return isCelError(result) ? FAILED : plain(result);
}

/** Returns a value in the form of compiled code. */
export function plain(value: unknown): unknown {
  if (isCelUint(value)) return rt.uint(value.value);
  if (isCelType(value)) return rt.typeNamed(value.name);
  if (isCelList(value)) return [...value].map(plain);
  if (isCelMap(value)) return new Map([...value].map(([key, item]) => [rt.keyOf(plain(key)), plain(item)]));
  return isReflectMessage(value) ? value.message : value;
}

export interface Compiled {
  readonly code: string;
  /** The value, or FAILED. */
  readonly value: unknown;
  /** True if the compiler announced that it can fail. */
  readonly fails: boolean;
}

/** Returns the result of compiled code. Undefined if the checker rejects the expression. */
export function compiled(
  expression: string,
  variables: object,
  as: (expression: Expression) => Expression = (expression) => expression,
): Compiled | undefined {
  const checked = check(expression, scope, registry);
  if (checked.expression === undefined) return undefined;
  const expected = as(checked.expression);
  const { fails } = expected;
  const code = printed(emitValue(expected, LOOKED_UP).print);
  const enums = keyed((name) =>
    Object.fromEntries((registry.getEnum(name)?.values ?? []).map((value) => [value.localName, value.number])),
  );
  const schemas = (name: string) => registry.getMessage(name) ?? registry.getEnum(name);
  const run = new Function("rt", "schemas", "enums", "vars", `return ${asJavaScript(code)};`);
  try {
    return { code, fails, value: run({ ...protobuf, ...rt }, schemas, enums, variables) };
  } catch (error) {
    if (!(error instanceof rt.ExpressionError)) throw new Error(`${expression}: ${code}: ${error}`);
    return { code, fails, value: FAILED };
  }
}

export function sameResult(a: unknown, b: unknown): boolean {
  return (Number.isNaN(a) && Number.isNaN(b)) || rt.equal(a, b);
}
