// The table of docs/edge.md: which protocol carries which kind of rpc.
import { readFileSync } from "node:fs";
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

const page = readFileSync(new URL("../../../docs/edge.md", import.meta.url), "utf8");
/** The cells by protocol: unary, with side effects, stream with side effects, stream. */
export const CELLS: ReadonlyMap<string, readonly string[]> = new Map(
  page
    .slice(page.indexOf("\n## Protocols\n"))
    .split("\n## ")[1]
    ?.split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| protocol"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name = "", ...rest]) => [name, rest.slice(0, 4)] as const),
);

/** A status with which a protocol refuses an rpc. */
export const isRefusal = (cell: string): boolean => /^(?:[0-9]{3}|[A-Z_]+)$/.test(cell) && cell !== "JSON";

/** Returns the cell of a protocol for an rpc. */
export function cellOf(row: string, { methodKind, idempotency }: DescMethod): string {
  const reads = idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  const column = methodKind === "unary" ? (reads ? 0 : 1) : reads ? 3 : 2;
  return CELLS.get(row)?.[column] ?? "";
}
