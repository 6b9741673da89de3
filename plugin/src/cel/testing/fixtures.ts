// For tests: names in scope over the messages of cel-spec.

import { getTestRegistry } from "@bufbuild/cel-spec/testdata/registry.js";
import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { CelType, Names, Proto, Scope, Variable } from "../index.ts";
import { scopeOf, variable } from "./harness.ts";

export const registry = getTestRegistry();
export const PACKAGE = "cel.expr.conformance.proto3";

function message(name: string): DescMessage {
  const desc = registry.getMessage(name);
  if (desc === undefined) throw new Error(`no ${name}`);
  return desc;
}

const desc = message(`${PACKAGE}.TestAllTypes`);
export const MESSAGE = { kind: "message", desc } as const;
export const NESTED = { kind: "message", desc: message(`${PACKAGE}.TestAllTypes.NestedMessage`) } as const;
export const STRING: Proto = { kind: "scalar", scalar: ScalarType.STRING };
export const INT32: Proto = { kind: "scalar", scalar: ScalarType.INT32 };
export const INT64: Proto = { kind: "scalar", scalar: ScalarType.INT64 };
export const UINT32: Proto = { kind: "scalar", scalar: ScalarType.UINT32 };
export const DOUBLE: Proto = { kind: "scalar", scalar: ScalarType.DOUBLE };

const TIMESTAMP = { kind: "message", desc: TimestampSchema } as const;
const TEXTS: CelType = { kind: "map", key: { kind: "string" }, value: { kind: "string" } };

/** Steps: `s` is always there, `a` and `b` may be absent. */
export const s = variable("s", MESSAGE, { proto: MESSAGE });
export const a = variable("a", MESSAGE, { proto: MESSAGE, absent: true });
export const b = variable("b", MESSAGE, { proto: MESSAGE, absent: true });
const list = variable("list", { kind: "list", element: MESSAGE }, { proto: { kind: "list", of: MESSAGE } });
const count = variable("count", { kind: "int" });
const id = variable("id", { kind: "string" }, { role: "arg", proto: STRING });
export const stock = variable("stock", MESSAGE, { role: "arg", proto: MESSAGE, absent: true });
const limit = variable("LIMIT", { kind: "int" }, { role: "env" });
const group = (name: string, role: Variable["role"], members: readonly Variable[]): Variable =>
  variable(name, { kind: "struct", members: new Map(members.map((member) => [member.name, member])) }, { role });
const args = group("args", "args", [id, stock]);
const env = group("env", "env", [limit]);
const headers = variable("headers", TEXTS, { role: "headers" });
const now = variable("now", TIMESTAMP, { role: "now", proto: TIMESTAMP });

export const scope: Scope = scopeOf([s, a, b, list, count, args, env, headers, now], PACKAGE);

const PATHS: ReadonlyMap<Variable, string> = new Map([
  [id, "args.id"],
  [stock, "args.stock"],
  [limit, "env.LIMIT"],
  [headers, "cx"],
  [now, "cx.now()"],
]);

/** Returns names as in a generated file. `used` collects the names that it would import from the runtime. */
export function namesFor(used: Set<string> = new Set()): Names {
  const generated = (typeName: string) =>
    typeName.replace(`${PACKAGE}.`, "").replace("google.protobuf.", "").replaceAll(".", "_");
  return {
    variable: (variable) => PATHS.get(variable) ?? variable.name,
    runtime: (name) => {
      used.add(name);
      return name;
    },
    schema: (desc) => `${generated(desc.typeName)}Schema`,
    shape: (desc) => generated(desc.typeName),
    random: (what, place) => `cx.random${what}(${JSON.stringify(place)})`,
    registry: () => "MESSAGES",
    local: (name) => name,
  };
}

/** The parameters of a function around such code. */
export const PARAMETERS =
  "cx: Context, s: TestAllTypes, a: TestAllTypes | undefined, b: TestAllTypes | undefined, list: TestAllTypes[], count: bigint, " +
  "args: { readonly id: string; readonly stock: TestAllTypes | undefined }, env: { readonly LIMIT: bigint }";
