// Replaces @protobff/server while a generated server is loaded: keeps its declaration, and serves nothing.
import type { DescService } from "@bufbuild/protobuf";
import type { ServeOptions } from "@protobff/server";

/** Declaration of a generated server. */
export type Declaration = ServeOptions<Readonly<Record<string, DescService>>, unknown>;

let collected: Declaration | undefined;

/** Keeps the declaration, in place of `serve` of @protobff/server. */
export async function serve(declaration: Declaration): Promise<void> {
  collected = declaration;
}

/** Loads the server, in place of `start` of @protobff/server. */
export async function start(_name: string, load: () => Promise<unknown>): Promise<void> {
  await load();
}

/** Returns the last declaration that `serve` has received, once. */
export function taken(): Declaration | undefined {
  const declaration = collected;
  collected = undefined;
  return declaration;
}
