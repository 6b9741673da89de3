// The fields that an expression reads of the values under its names: language.md, "Degradation".
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { expression } from "../cel/expression.ts";
import { once } from "../once.ts";

/** Fields down to what is read: everything in it, or (`how`) only whether it is there, or what others read of it. */
export interface FieldRead {
  readonly path: readonly string[];
  readonly how: "all" | "presence" | "passed";
}
type Reads = ReadonlyMap<string, readonly FieldRead[]>;

const all: readonly FieldRead[] = [{ path: [], how: "all" }];
const presence: readonly FieldRead[] = [{ path: [], how: "presence" }];

/** The reads of each name, an argument as "args.x". */
export const fieldReads = once(
  ({ root }: Pick<ReturnType<typeof expression>, "root">): Reads => readsIn(root, [{ path: [], how: "passed" }]),
);

/** Operands that a function gives as they are, or items of them. */
const GIVES: Readonly<Record<string, readonly number[]>> = {
  "_?_:_": [1, 2],
  "_+_": [0, 1],
  orValue: [0, 1],
  or: [0, 1],
  ...Object.fromEntries(
    [
      ...["_[_]", "_[?_]", "value", "first", "last", "reverse", "take", "slice", "flatten", "of"],
      ...["@first", "@sortBy", "@sortDesc", "@pairs", "@collected", "@one", "optional_of"],
    ].map((name) => [name, [0]]),
  ),
  "@entry": [1],
};
const COUNTS: ReadonlySet<string> = new Set(["size", "hasValue", "ok", "@okIn"]);

function readsIn(expr: Expr | undefined, demand: readonly FieldRead[]): Reads {
  if (expr === undefined) return new Map();
  const { case: kind, value } = expr.exprKind;
  switch (kind) {
    case "identExpr":
      return new Map([[value.name, demand]]);
    case "selectExpr":
      return selected(value.operand, value.field, value.testOnly ? presence : demand);
    case "callExpr": {
      const operands = [...(value.target ? [value.target] : []), ...value.args];
      const name = value.args[1]?.exprKind.case === "constExpr" ? value.args[1].exprKind.value.constantKind : undefined;
      if (value.function === "@optionalField") return selected(value.args[0], String(name?.value), demand);
      if (value.function === "failure" || value.function === "header" || value.function === "trailer") return new Map();
      return joined(
        operands.map((operand, at) => {
          if (GIVES[value.function]?.includes(at)) return readsIn(operand, demand);
          return readsIn(operand, at === 0 && COUNTS.has(value.function) ? presence : all);
        }),
      );
    }
    case "structExpr": {
      const isMessage = value.messageName !== "";
      return joined(
        value.entries.flatMap(({ keyKind, value: of }) => {
          if (keyKind.case === "mapKey") return [readsIn(keyKind.value, all), readsIn(of, demand)];
          const inside = demand.flatMap(({ path, how }): FieldRead[] => {
            const [first, ...rest] = path;
            return first === undefined || first === keyKind.value ? [{ path: rest, how }] : [];
          });
          // A field that nothing takes out of the message decides still whether there is a message.
          return [readsIn(of, !isMessage ? demand : inside.length === 0 ? presence : inside)];
        }),
      );
    }
    case "listExpr":
      return joined(value.elements.map((element) => readsIn(element, demand)));
    case "comprehensionExpr": {
      const { iterVar, iterRange, accuVar, accuInit, loopCondition, loopStep, result } = value;
      const outcome = readsIn(result, demand);
      const collected = outcome.get(accuVar) ?? presence;
      const body = joined([outcome, readsIn(loopStep, collected), readsIn(loopCondition, all)]);
      const items = body.get(iterVar) ?? [];
      const outside = new Map([...body].filter(([name]) => name !== iterVar && name !== accuVar));
      return joined([
        outside,
        readsIn(accuInit, collectedBy(body.get(accuVar), collected)),
        readsIn(iterRange, [...presence, ...items]),
      ]);
    }
    default:
      return new Map();
  }
}
const collectedBy = (inBody: readonly FieldRead[] | undefined, collected: readonly FieldRead[]) => [
  ...collected,
  ...(inBody ?? []),
];

function selected(operand: Expr | undefined, field: string, demand: readonly FieldRead[]): Reads {
  const of = operand?.exprKind;
  if (of?.case === "identExpr" && of.value.name === "args") return new Map([[`args.${field}`, demand]]);
  return readsIn(
    operand,
    demand.map((read) => ({ ...read, path: [field, ...read.path] })),
  );
}
function joined(parts: readonly Reads[]): Reads {
  const found = new Map<string, readonly FieldRead[]>();
  for (const [name, reads] of parts.flatMap((part) => [...part]))
    found.set(name, [...(found.get(name) ?? []), ...reads]);
  return found;
}
