import type { Names } from "../cel/index.ts";
import type { FileNames } from "./file-names.ts";

/** Names where the app object is made: `env` and `functions` are there, and `cx` is a parameter. */
export function appNames(names: FileNames): Names {
  return {
    variable: (variable) => (variable.role === "headers" ? "cx" : variable.role === "now" ? "cx.now()" : variable.name),
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => names.shape(desc),
    convertEnum: (from, to) => names.convertEnum(from, to),
    own: (fn) => `functions.${names.own(fn)}`,
    random: (what, place) => `cx.random${what}(${JSON.stringify(place)})`,
    registry: () => names.messages(),
    local: (name) => (name === "functions" ? "functions_" : name),
  };
}
