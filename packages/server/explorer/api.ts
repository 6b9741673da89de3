// Requests of the page to its server, and the events that it receives.
import type {
  Callers,
  Live,
  Overview,
  ReplayOrder,
  ShownDetail,
  ShownReplay,
  Switch,
  Tried,
  Try,
} from "../src/explorer/page-data.ts";

let word = document.querySelector<HTMLMetaElement>('meta[name="word"]')?.content ?? "";

async function json<T>(response: Response): Promise<T> {
  const value: unknown = await response.json();
  if (response.ok) return value as T;
  const { error } = value as { readonly error?: string };
  throw new Error(error ?? `the server answered ${response.status}`);
}

export async function overview(): Promise<Overview> {
  return json(await fetch("/explorer/overview"));
}
/** @throws if the server cannot list its callers */
export async function callers(): Promise<readonly string[]> {
  return (await json<Callers>(await fetch("/explorer/callers"))).names;
}
/** @throws if the server no longer keeps the request */
export async function detail(id: number): Promise<ShownDetail> {
  return json(await fetch(`/explorer/request?id=${id}`));
}
export async function tryIt(request: Try): Promise<Tried> {
  return json(await post("/explorer/try", request));
}
/** @throws if the order is invalid */
export async function replay(order: ReplayOrder): Promise<ShownReplay> {
  return json(await post("/explorer/replay", order));
}
export async function flip(request: Switch): Promise<void> {
  await json(await post("/explorer/switch", request));
}
async function post(path: string, body: unknown): Promise<Response> {
  const send = () => {
    const headers = { "content-type": "application/json", "x-bff-explorer": word };
    return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  };
  const response = await send();
  if (response.status !== 403) return response;
  // A server that has started again has another word.
  const page = await (await fetch("/")).text();
  word = /name="word" content="([\w-]+)"/.exec(page)?.[1] ?? word;
  return send();
}

export type Connection = "up" | "lost" | "refused";

/**
 * Opens the stream of live events.
 *
 * @param onEvent `first`: true for the first event of a connection; earlier events may be those of a previous server
 * @param onConnection `lost`: the browser reconnects; `refused`: it does not
 */
export function follow(onEvent: (live: Live, first: boolean) => void, onConnection: (state: Connection) => void): void {
  const events = new EventSource("/explorer/events");
  let first = true;
  events.onmessage = ({ data }) => {
    onEvent(JSON.parse(String(data)) as Live, first);
    first = false;
  };
  events.onopen = () => {
    first = true;
    onConnection("up");
  };
  events.onerror = () => onConnection(events.readyState === EventSource.CLOSED ? "refused" : "lost");
}
