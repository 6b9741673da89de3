// What the page asks its server, and is told by it.
import type { Live, Overview, ShownDetail, Switch, Tried, Try } from "../src/explorer/shown.ts";

const word = document.querySelector<HTMLMetaElement>('meta[name="word"]')?.content ?? "";

async function json<T>(response: Response): Promise<T> {
  const value: unknown = await response.json();
  if (response.ok) return value as T;
  const { error } = value as { readonly error?: string };
  throw new Error(error ?? `the server says ${response.status}`);
}

export async function overview(): Promise<Overview> {
  return json(await fetch("/explorer/overview"));
}
/** @throws when it is none of the last ones any more */
export async function detail(id: number): Promise<ShownDetail> {
  return json(await fetch(`/explorer/request?id=${id}`));
}
export async function tryIt(wanted: Try): Promise<Tried> {
  return json(await post("/explorer/try", wanted));
}
export async function flip(wanted: Switch): Promise<void> {
  await json(await post("/explorer/switch", wanted));
}
function post(path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json", "x-bff-explorer": word };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** @param lost whether there is no connection at the moment; the browser tries again by itself */
export function follow(told: (live: Live) => void, lost: (is: boolean) => void): void {
  const events = new EventSource("/explorer/events");
  events.onmessage = ({ data }) => told(JSON.parse(String(data)) as Live);
  events.onopen = () => lost(false);
  events.onerror = () => lost(true);
}
