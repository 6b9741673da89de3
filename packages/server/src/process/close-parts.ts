import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { Limits } from "@protobff/runtime/internal/limits/limits";
import type { Topics } from "@protobff/runtime/internal/topic/topic";
import type { Observers } from "./open-observers.ts";

interface Closable {
  readonly identity: Pick<OpenIdentity, "close"> | undefined;
  readonly limits: Pick<Limits, "close"> | undefined;
  readonly topics: Pick<Topics, "close">;
  readonly observers: Pick<Observers, "close">;
}

/** Closes the parts of a process that endpoints used, the observers last. */
export async function closeParts(
  { identity, limits, topics, observers }: Closable,
  leftMs: () => number,
): Promise<void> {
  await identity?.close();
  await limits?.close();
  await topics.close();
  await observers.close(leftMs());
}
