import { Code } from "@connectrpc/connect";

/** Codes by their names in Connect's protocol: `unavailable`, `resource_exhausted`. */
const CODES = new Map(
  Object.entries(Code).flatMap(([name, code]) =>
    typeof code === "number" ? [[name.replace(/(?<=.)[A-Z]/g, "_$&").toLowerCase(), code]] : [],
  ),
);

export function codeFromString(name: string): Code | undefined {
  return CODES.get(name);
}
