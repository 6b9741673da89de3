// A process without Redis: it fetches by itself, and its closed limit refuses. The others go on.
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import type { Robots } from "./callers.ts";
import { type Findings, type Items, report } from "./checks.ts";
import { type Answered, Client } from "./client.ts";
import type { Place } from "./processes.ts";

const CALLS = 20;
/** Clusters have elected primaries after the last fault. */
const SETTLED_MS = 60_000;

/** Disconnects the first process from Redis for some requests. */
export async function isolate(
  [place, other]: readonly Place[],
  robots: Robots,
  items: Items,
  findings: Findings,
): Promise<void> {
  if (place === undefined || other === undefined) throw new Error("two processes");
  const [alone, beside] = [place, other].map(({ port }) => new Client(`http://127.0.0.1:${port}`));
  const credential = robots.valid();
  const send = (client: Client | undefined, rpc: string, id: string): Promise<Answered> =>
    client?.post(rpc, id, credential) ?? Promise.reject(new Error("no client"));
  const expected = async (what: string, status: number, answer: Promise<Answered>): Promise<Answered> => {
    const found = await answer;
    if (found.status !== status) report(findings, "isolation", `${what}: ${found.status} in place of ${status}`);
    return found;
  };
  const isBack = (client: Client | undefined, key: string) => async (): Promise<boolean> =>
    (await send(client, "Buy", key)).status === 200;
  await until(isBack(alone, "before"), SETTLED_MS);
  // A purge takes up to 2 s to the other processes, and none arrives after the cut.
  const ids = Array.from({ length: CALLS }, (_, i) => items.ids[i] ?? "");
  const isCurrent = async (id: string): Promise<boolean> =>
    Number((await send(alone, "GetItem", id)).body?.version) === items.version(id);
  for (const id of ids) await until(() => isCurrent(id), SETTLED_MS);
  place.passages.cut(true, "redis");
  for (const [i, id] of ids.entries()) {
    const { body } = await expected(`GetItem ${id}`, 200, send(alone, "GetItem", id));
    if (Number(body?.version) !== items.version(id)) report(findings, "isolation", `${id}: version ${body?.version}`);
    await expected(`Buy at ${i}`, 503, send(alone, "Buy", `alone-${i}`));
  }
  await until(isBack(beside, "beside"), SETTLED_MS);
  place.passages.cut(false, "redis");
  await until(isBack(alone, "after"), SETTLED_MS);
  for (const client of [alone, beside]) client?.close();
}
