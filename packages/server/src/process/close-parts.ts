import type { OpenUsage } from "@protobff/runtime/internal/environment/open-usage";
import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { Limits } from "@protobff/runtime/internal/limits/limits";
import type { Topics } from "@protobff/runtime/internal/topic/topic";
import type { Observers } from "./open-observers.ts";

interface Closable {
  readonly overrides?: { close(): Promise<void> } | undefined;
  readonly identity: Pick<OpenIdentity, "close"> | undefined;
  readonly limits: Pick<Limits, "close"> | undefined;
  readonly topics: Pick<Topics, "close"> | undefined;
  readonly usage?: Pick<OpenUsage, "close"> | undefined;
  readonly observers: Pick<Observers, "close">;
  readonly capture?: { close(): Promise<void> } | undefined;
}

/** Closes the parts of a process that endpoints used, the observers last. */
export async function closeParts(
  { overrides, identity, limits, topics, usage, observers, capture }: Closable,
  leftMs: () => number,
): Promise<void> {
  await overrides?.close();
  await identity?.close();
  await limits?.close();
  await topics?.close();
  await usage?.close(leftMs());
  await capture?.close();
  await observers.close(leftMs());
}
