import { incomingOf, NOWHERE } from "@protobff/runtime/internal/identity/incoming-request";
import type { Route, RouteAnswer, Routes } from "@protobff/runtime/internal/identity/routes";

/** A browser, as far as a login needs one: cookies by host, redirects that are followed. Some addresses it gives to routes. */
export class TestBrowser {
  /** By `host name`. */
  readonly cookies = new Map<string, string>();
  readonly #site: string;
  readonly #routes: () => Routes;

  /** @param site the origin whose paths `routes` serve */
  constructor(site: string, routes: () => Routes) {
    this.#site = site;
    this.#routes = routes;
  }
  /** Goes there, and wherever it is sent from there; gives the last answer and its address. */
  async visit(address: string): Promise<{ readonly url: string; readonly status: number; readonly body: string }> {
    let url = new URL(address, this.#site);
    for (let hop = 0; hop < 20; hop++) {
      const answer = await this.get(url.href);
      const location = new Headers(pairsOf(answer.headers ?? [])).get("location");
      if (location === null) return { url: url.href, status: answer.status, body: String(answer.body ?? "") };
      url = new URL(location, url);
    }
    throw new Error("redirected for ever");
  }
  /** One request, with its cookies. */
  async get(address: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<RouteAnswer> {
    const url = new URL(address, this.#site);
    const cookie = this.cookieHeader(url.host);
    const sent = { ...(cookie !== "" && { cookie }), ...headers };
    const answer =
      url.origin === this.#site
        ? await answerOf(this.#routes().get(url.pathname) ?? page, url, sent, method)
        : await fetched(url, sent, method);
    for (const [name, value] of pairsOf(answer.headers ?? [])) if (name === "set-cookie") this.#keep(url.host, value);
    return answer;
  }
  cookieHeader(host: string): string {
    const ofHost = [...this.cookies].filter(([key]) => key.startsWith(`${host} `));
    return ofHost.map(([key, value]) => `${key.slice(host.length + 1)}=${value}`).join("; ");
  }
  #keep(host: string, header: string): void {
    const [pair = "", ...attributes] = header.split("; ");
    const at = pair.indexOf("=");
    const key = `${host} ${pair.slice(0, at)}`;
    const gone = attributes.some((attribute) => /^max-age=0$|^expires=Thu, 01 Jan 1970/i.test(attribute));
    if (gone) this.cookies.delete(key);
    else this.cookies.set(key, pair.slice(at + 1));
  }
}

export function pairsOf(headers: readonly string[]): [string, string][] {
  return headers.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, headers[i + 1] ?? ""]] : []));
}

/** Any other page of the site. */
const page: Route = () => ({ status: 200 });

async function answerOf(route: Route, url: URL, headers: Readonly<Record<string, string>>, method: string) {
  return route({
    method,
    query: url.searchParams,
    headers: { ...incomingOf(new Headers(headers)), peer: NOWHERE },
    signal: new AbortController().signal,
    body: async () => new Uint8Array(),
  });
}
async function fetched(url: URL, headers: Readonly<Record<string, string>>, method: string): Promise<RouteAnswer> {
  const response = await fetch(url, { method, headers, redirect: "manual" });
  const cookies = response.headers.getSetCookie().flatMap((value) => ["set-cookie", value]);
  const rest = [...response.headers].filter(([name]) => name !== "set-cookie").flat();
  return { status: response.status, headers: [...rest, ...cookies], body: await response.text() };
}
