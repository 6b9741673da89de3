/** A browser, as far as a login needs one: cookies by host, and redirects that it follows. */
export class LoginBrowser {
  /** Header `set-cookie` of all answers of the site, in order. */
  readonly set: string[] = [];
  readonly #site: string;
  readonly #answer: (request: Request) => Promise<Response>;
  /** By host and name. */
  readonly #cookies = new Map<string, string>();

  /** @param answer answers requests to the site */
  constructor(site: string, answer: (request: Request) => Promise<Response>) {
    this.#site = site;
    this.#answer = answer;
  }
  /** The header `cookie` of a request to the site. */
  get cookie(): string {
    return this.#cookieOf(new URL(this.#site).host);
  }
  async send(address: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const url = new URL(address, this.#site);
    const all = new Headers(headers);
    const cookie = this.#cookieOf(url.host);
    if (cookie !== "") all.set("cookie", cookie);
    const request = new Request(url, { ...init, headers: all, redirect: "manual" });
    const answer = await (url.origin === this.#site ? this.#answer(request) : fetch(request));
    for (const line of answer.headers.getSetCookie()) {
      if (url.origin === this.#site) this.set.push(line);
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; max-age=0|; expires=thu, 01 jan 1970/i.test(line)) this.#cookies.delete(`${url.host} ${name}`);
      else this.#cookies.set(`${url.host} ${name}`, value);
    }
    return answer;
  }
  /** Returns the address at which the redirects end: a page that is not served here, or an answer without one. */
  async visit(address: string): Promise<string> {
    let url = new URL(address, this.#site);
    for (let hop = 0; hop < 20; hop++) {
      const answer = await this.send(url.href);
      const location = answer.headers.get("location");
      if (location === null) return url.href;
      url = new URL(location, url);
    }
    throw new Error("redirected for ever");
  }
  #cookieOf(host: string): string {
    const ofHost = [...this.#cookies].filter(([key]) => key.startsWith(`${host} `));
    return ofHost.map(([key, value]) => `${key.slice(host.length + 1)}=${value}`).join("; ");
  }
}
