// The protos that declare the options. Packing copies them beside the compiled files; a checkout has them in its folder
// of protos.
import { existsSync, readdirSync, readFileSync } from "node:fs";

const packed = new URL("../proto/", import.meta.url);
const root = existsSync(packed) ? packed : new URL("../../../proto/", import.meta.url);
const folder = "bff/v1/";

/** Texts of the protos that files with options import, by their names in imports. */
export const PROTOS: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(new URL(folder, root))
    .sort()
    .map((name) => [`${folder}${name}`, readFileSync(new URL(`${folder}${name}`, root), "utf8")]),
);
