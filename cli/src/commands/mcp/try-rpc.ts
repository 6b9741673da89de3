// One request to the project's server as `dev` starts it, by the server's live page.
import type { Up } from "../../dev/child.ts";
import { runDev } from "../../dev/session.ts";
import { readGenConfig } from "../../project/gen-config.ts";
import { isInside } from "../../project/inside.ts";
import { Refusal } from "../../terminal.ts";
import { keptTerminal, type Output, type Workplace } from "./output.ts";
import type { Json } from "./protocol.ts";

/** Behaviours of mocks, as the live page switches them. */
export const FAULTS = ["answers", "slow", "silent", "unavailable", "down", "garbage", "oversize"];

interface Trial {
  readonly rpc: string;
  readonly request?: Json;
  readonly caller?: string;
  readonly faults?: Readonly<Record<string, string>>;
}

/** Time for all of it, in milliseconds. */
const MAX_MS = 60_000;
/** Maximum number of lines of logs in a result. */
const MAX_LOGS = 100;

/** Sends one request. All that it has started has ended when it resolves. */
export async function tryRpc(trial: Trial, { root, env, ended }: Workplace): Promise<Output> {
  const { out } = readGenConfig(root);
  if (!isInside(root, out)) throw new Refusal(`the code is generated into ${out}, outside of the project`);
  const stop = new AbortController();
  const logs: string[] = [];
  const keep = (text: string): void => void logs.push(...text.split("\n").filter((line) => line !== ""));
  const terminal = keptTerminal(root, withPages(env), keep);
  const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, Up>>();
  const signal = AbortSignal.any([ended, stop.signal, AbortSignal.timeout(MAX_MS)]);
  const running = runDev(terminal, { only: [], server: true, port: 0, mockAll: true, settled: resolve }, signal);
  try {
    const servers = await Promise.race([promise, running.then(() => new Map<string, Up>())]);
    const found = servers.size === 0 ? undefined : await sent(trial, servers, signal);
    const shown = logs.slice(-MAX_LOGS);
    if (found === undefined) return { isError: true, text: shown.join("\n") || "no server has started" };
    return { isError: false, text: JSON.stringify({ ...found, logs: shown }, undefined, 1) };
  } finally {
    stop.abort();
    await running;
  }
}

/** Variables by which a server would have no live page on this machine. */
const PAGES = ["BFF_EXPLORER", "BFF_EXPLORER_TOKEN", "BFF_ADMIN_HOST", "BFF_ADMIN_PORT", "HOST"];
const withPages = (env: Workplace["env"]): Workplace["env"] =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !PAGES.includes(name)));

/** @throws Refusal for an unknown rpc, caller or mock */
async function sent(
  { rpc, request = {}, caller, faults = {} }: Trial,
  servers: ReadonlyMap<string, Up>,
  signal: AbortSignal,
) {
  const pages = [...servers.values()].flatMap(({ explorer }) =>
    explorer === undefined ? [] : new Page(explorer, signal),
  );
  const rpcs = await Promise.all(pages.map(async (page) => (await page.rpcs()).map((name) => ({ page, name }))));
  const all = rpcs.flat();
  const exact = all.filter(({ name }) => name === rpc);
  const found =
    exact.length > 0 ? exact : all.filter(({ name }) => name.endsWith(`/${rpc}`) || name.endsWith(`.${rpc}`));
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new Refusal(
      `${found.length === 0 ? "no rpc is" : "several rpcs are"} called "${rpc}": there is ${all.map(({ name }) => name).join(", ")}`,
    );
  const { page, name } = first;
  for (const [service, behaviour] of Object.entries(faults)) await page.turn(service, behaviour);
  return page.send(name, JSON.stringify(request), caller);
}

/** The live page of a server. */
class Page {
  readonly #url: string;
  readonly #signal: AbortSignal;
  #word: Promise<string> | undefined;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }
  async rpcs(): Promise<readonly string[]> {
    const { rpcs } = (await this.#get("explorer/overview")) as { readonly rpcs: readonly { readonly rpc: string }[] };
    return rpcs.map(({ rpc }) => rpc);
  }
  /** @throws Refusal if the upstream is no mock */
  async turn(service: string, behaviour: string): Promise<void> {
    const { mocks } = await this.#live();
    const mock = mocks.find((other) => other.service === service || other.name === service);
    if (mock === undefined)
      throw new Refusal(`no mock is called "${service}": there is ${mocks.map((other) => other.service).join(", ")}`);
    await this.#post("explorer/switch", { name: mock.name, behaviour });
  }
  /** Returns the answer, and what the page has recorded of the request. */
  async send(rpc: string, body: string, caller: string | undefined): Promise<Json> {
    const { names } = (await this.#get("explorer/callers")) as { readonly names: readonly string[] };
    const as = caller === "" ? undefined : (caller ?? names[0]);
    const { status, body: answer } = await this.#post("explorer/try", {
      rpc,
      body,
      headers: [],
      ...(as !== undefined && { as }),
    });
    const id = (await this.#live()).requests.findLast((request) => request.rpc === rpc)?.id;
    const { degradation, spans, failure } = id === undefined ? {} : await this.#get(`explorer/request?id=${id}`);
    return { status, answer: parsed(String(answer)), caller: as, failure, degradation, spans };
  }

  /** Returns the first event of the page: mocks, and the last requests. */
  async #live(): Promise<Live> {
    const { body } = await fetch(new URL("explorer/events", this.#url), { signal: this.#signal });
    let text = "";
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.includes("\n\n")) break;
    }
    return JSON.parse(text.slice(text.indexOf("{"))) as Live;
  }
  async #get(path: string): Promise<Json> {
    return jsonOf(await fetch(new URL(path, this.#url), { signal: this.#signal }));
  }
  async #post(path: string, body: Json): Promise<Json> {
    this.#word ??= fetch(this.#url, { signal: this.#signal }).then(async (page) => wordIn(await page.text()));
    const headers = { "content-type": "application/json", "x-bff-explorer": await this.#word };
    const init = { method: "POST", headers, body: JSON.stringify(body), signal: this.#signal };
    return jsonOf(await fetch(new URL(path, this.#url), init));
  }
}
interface Live {
  readonly mocks: readonly { readonly name: string; readonly service: string }[];
  readonly requests: readonly { readonly id: number; readonly rpc: string }[];
}

const wordIn = (page: string): string => /<meta name="word" content="([\w-]+)">/.exec(page)?.[1] ?? "";

/** @throws Refusal with the error of the page */
async function jsonOf(answer: Response): Promise<Json> {
  const json = (await answer.json()) as Json;
  if (!answer.ok) throw new Refusal(String(json.error));
  return json;
}
/** Several messages of a stream are no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
