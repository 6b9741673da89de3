import type { DescFile } from "@bufbuild/protobuf";
import { upperFirst } from "../../plan/names/name-scope.ts";

/** Returns the type of the object that the user supplies: `WebResolvers`, `WebFunctions`, for web.proto. */
export function suppliedType(file: DescFile, kind: "Resolvers" | "Functions"): string {
  const base = file.name.slice(file.name.lastIndexOf("/") + 1);
  return `${base
    .split(/[^A-Za-z0-9]+/)
    .map(upperFirst)
    .join("")
    .replace(/^(?=\d)/, "_")}${kind}`;
}
