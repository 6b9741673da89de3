// Functions of a request: their parameters, and values that may be absent.
import { type Expression, emitValue, type Names } from "../../cel/index.ts";
import { lowerCamel, NameScope } from "../../plan/names/name-scope.ts";
import { appNames, type FileNames } from "../names/file-names.ts";
import { type Line, mentions } from "../text/lines.ts";
import { absentTest, joinedBy, presentTest } from "./absence.ts";

/** A parameter with its type, if TypeScript takes the type from here. */
export interface Typed {
  readonly name: string;
  readonly type: Line;
}

/** Parameters up to the last one that is read, at least `atLeast`; the unread ones among them get a `_`. */
export function readParameters(
  parameters: readonly (string | Typed)[],
  reads: (name: string) => boolean,
  atLeast = 0,
): Line {
  const all = parameters.map((parameter) =>
    typeof parameter === "string" ? { name: parameter, type: undefined } : parameter,
  );
  const count = Math.max(atLeast, all.findLastIndex(({ name }) => reads(name)) + 1);
  return all
    .slice(0, count)
    .flatMap(
      ({ name, type }, i): Line => [
        i === 0 ? "" : ", ",
        reads(name) ? name : `_${name}`,
        ...(type === undefined ? [] : [": ", ...type]),
      ],
    );
}

/** `(cx, args) => …`; a `cx` with a type stays even if nothing is read. */
export function lambda([, ...type]: Line, others: readonly (string | Typed)[], body: Line): Line {
  const cx = type.length === 0 ? "cx" : { name: "cx", type };
  const reads = (name: string): boolean => mentions([body], name);
  return ["(", ...readParameters([cx, ...others], reads, type.length === 0 ? 0 : 1), ") => ", ...body];
}

export function absentAs(value: string, { unsafe, safe }: Expression, names: Names, print: Line): Line {
  // TypeScript does not carry the narrowing of the condition to this place.
  const missing = joinedBy(
    " || ",
    [...unsafe, ...safe].map((variable) => absentTest(variable, names)),
  );
  return missing.length === 0 ? print : [...missing, ` ? ${value} : `, ...print];
}
export function applies(condition: Expression, names: Names): Line {
  const { print, precedence } = emitValue(condition, names);
  const there = condition.unsafe.flatMap((variable): Line => [...presentTest(variable, names), " && "]);
  if (there.length === 0) return print;
  return precedence === "atom" ? [...there, ...print] : [...there, "(", ...print, ")"];
}

/** Local name of a stream's item. */
export const STREAM_ITEM = "streamItem";

/** Returns names for a place with a request under `cx`, as itself or as it arrives. */
export function requestNames(names: FileNames, functions: NameScope): Names {
  const within = appNames(names);
  const scope = new NameScope(functions, ["result", STREAM_ITEM, "deps", "app"]);
  return {
    ...within,
    variable: (variable) => {
      const name = within.variable(variable);
      return variable.role === "var" || variable.role === "env" ? ["cx.app.", name] : name;
    },
    counted: () => "cx.counted",
    userFunction: (fn) => `cx.app.functions.${names.userFunction(fn)}`,
    local: (name) => {
      let free = lowerCamel(name);
      while (scope.has(free)) free += "_";
      return free;
    },
  };
}
