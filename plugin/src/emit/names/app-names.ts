import type { Names, Variable } from "../../cel/index.ts";
import type { FileNames } from "./file-names.ts";

/** Code of the client's address. */
export const PEER = "cx.peer.address";

/** Code of the variables that the request holds. */
const OF_REQUEST: Partial<Readonly<Record<Variable["role"], string>>> = {
  headers: "cx",
  now: "cx.now()",
  principal: "cx.principal",
  peer: PEER,
};

/** Returns true if an expression reads the request itself, so that it needs `cx`. */
export const readsRequest = (variable: Variable): boolean => OF_REQUEST[variable.role] !== undefined;

/** Returns names for the place that creates the app object: `env` and `functions` exist, and `cx` is a parameter. */
export function appNames(names: FileNames): Names {
  return {
    variable: ({ role, name }) => OF_REQUEST[role] ?? name,
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => names.shape(desc),
    convertEnum: (from, to) => names.convertEnum(from, to),
    userFunction: (fn) => `functions.${names.userFunction(fn)}`,
    random: (what, place) => `cx.random${what}(${JSON.stringify(place)})`,
    counted: (again) => names.cel(again ? "counted" : "countedAlone"),
    registry: () => names.messages(),
    local: (name) => (name === "functions" ? "functions_" : name),
  };
}
