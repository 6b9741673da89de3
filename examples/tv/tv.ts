// A television: an HTTP cache keeps pages as long as their Cache-Control allows. The pages that may be opened next are fetched in advance.
// `node examples/tv/tv.ts http://127.0.0.1:8080 atlas` shows the home page of a workspace.
import { Agent, type Dispatcher, interceptors, request } from "undici";

/** Content of a page, as the BFF answers it over HTTP with JSON. */
export interface TvPage {
  readonly title?: string;
  readonly name?: string;
  readonly runs?: readonly string[];
  /** Paths of the pages that may be opened next. */
  readonly prefetch?: readonly string[];
}

/**
 * A television at one BFF.
 *
 * @example
 * const tv = new Television("http://127.0.0.1:8080");
 * const home = await tv.open("/v1/tv/workspaces/atlas");
 * await tv.prefetch(home);
 */
export class Television {
  readonly #baseUrl: string;
  readonly #cached: Dispatcher;

  /** @param network sends the requests that the cache does not answer */
  constructor(baseUrl: string, network: Dispatcher = new Agent()) {
    this.#baseUrl = baseUrl;
    // The cache belongs to one household, so it may also keep answers that are private.
    this.#cached = network.compose(interceptors.cache({ type: "private" }));
  }
  /** Returns a page, from the cache if its Cache-Control allows. Throws for any status but 200. */
  async open(path: string): Promise<TvPage> {
    const { statusCode, body } = await request(this.#baseUrl + path, { dispatcher: this.#cached });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${path}: HTTP ${statusCode} ${text}`);
    return JSON.parse(text) as TvPage;
  }
  /** Fetches the pages that may be opened next. One at a time: they must not delay a page that the viewer opens. */
  async prefetch({ prefetch = [] }: TvPage): Promise<void> {
    // A page that cannot be fetched now may still open later.
    for (const path of new Set(prefetch)) await this.open(path).catch(() => {});
  }
}

if (import.meta.main) {
  const [baseUrl, workspace] = process.argv.slice(2);
  if (baseUrl === undefined || workspace === undefined) throw new Error("usage: tv.ts <url> <workspace>");
  const network = new Agent();
  const tv = new Television(baseUrl, network);
  const home = await tv.open(`/v1/tv/workspaces/${workspace}`);
  console.log([home.title, ...(home.runs ?? []).map((run) => `  ${run}`)].join("\n"));
  await tv.prefetch(home);
  for (const path of new Set(home.prefetch)) console.log(`${(await tv.open(path)).name} ${path}`);
  await network.close();
}
