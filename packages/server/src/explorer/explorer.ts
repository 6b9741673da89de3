// The live page of the admin port: the plan as a graph, the last requests as waterfalls, the state of upstreams, a form
// for requests. It is an observer, and serves only its own paths. Besides the lowest rooms it imports the behaviours of
// mocks.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRegistry, type DescFile, type DescMethod, type DescService, type Registry } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { Access, isSameOrigin } from "./access.ts";
import { KnownCallers } from "./known-callers.ts";
import { BEHAVIOURS, LivePages, type Mock, shownMocks, Upstreams } from "./live.ts";
import { holdsRedacted, shownMessage } from "./masks.ts";
import type { Callers, Overview, ShownReplay, ShownRequest, Switch } from "./page-data.ts";
import { LOGIN_PAGE, PAGE, pageWith } from "./pages.ts";
import { Recorder, type ShowMessage } from "./recorder.ts";
import { fieldPaths, skeletonOf } from "./skeleton.ts";
import { TryIt, Unsendable } from "./try-it.ts";

export interface ExplorerOptions {
  /** The proto package. */
  readonly name: string;
  /** Token that viewers must show; undefined: none is required. */
  readonly token: string | undefined;
  /** Services of the server. */
  readonly services: readonly DescService[];
  /** Services of the upstreams. */
  readonly upstreams: readonly DescService[];
  /** Further files whose messages a google.protobuf.Any may hold. */
  readonly types?: readonly DescFile[] | undefined;
  /** Returns the plan of each file. Called once, at a page's first request for the plan. */
  readonly plan?: (() => Promise<readonly unknown[]>) | undefined;
  /** Upstreams that are mocks, by name. */
  readonly mocks?: ReadonlyMap<string, Mock> | undefined;
  /** Returns the server's address; undefined until the server listens. */
  readonly serverUrl: () => string | undefined;
  /** URL of a list of callers, each with a credential, on this machine. */
  readonly callers?: string | undefined;
  /** Captured requests that the page replays, in place of the requests of a server. */
  readonly replays?: Replays | undefined;
  readonly clock?: Clock | undefined;
}

/** Replays of captured requests. */
export interface Replays {
  /** Newest first. */
  readonly requests: readonly ShownRequest[];
  /** Runs what the page orders, or returns why that is impossible. */
  run(order: unknown, show: ShowMessage): Promise<ShownReplay | { readonly error: string }>;
}

const MAX_BODY_BYTES = 1 << 20;
/**
 * Allows resources and connections only from this origin. Forbids inline scripts, framing, and turning text into
 * markup.
 */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

interface Answer {
  readonly status?: number;
  /** Default JSON. */
  readonly type?: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}
type Route = (request: IncomingMessage, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>;

/** The live page of a server, or of captured requests. It answers the paths that it owns. */
export class Explorer {
  readonly recorder: Recorder;
  readonly upstreams: Upstreams;
  readonly #options: ExplorerOptions;
  readonly #access: Access;
  readonly #registry: Registry;
  readonly #methods: ReadonlyMap<string, DescMethod>;
  readonly #pages: LivePages;
  readonly #callers: KnownCallers;
  readonly #tryIt: TryIt;
  readonly #mocks: ReadonlyMap<string, Mock>;
  #made: Promise<string> | undefined;

  constructor(options: ExplorerOptions) {
    const { services, upstreams, types = [], clock = systemClock, mocks = new Map(), serverUrl, token } = options;
    this.#options = options;
    this.#access = new Access(token);
    this.#registry = registryOf([...services, ...upstreams].map(({ file }) => file).concat(types));
    this.#methods = methodsOf([...upstreams, ...services]);
    this.#mocks = mocks;
    this.recorder = new Recorder(clock);
    this.upstreams = new Upstreams(() => clock.now());
    this.#pages = new LivePages(this.recorder, () => ({
      upstreams: this.upstreams.shown(),
      mocks: shownMocks(this.#mocks),
    }));
    this.#callers = new KnownCallers(options.callers);
    this.#tryIt = new TryIt(methodsOf(services), this.#registry, serverUrl, this.#callers);
  }

  /** Routes by path: those that only read, and those that change something. */
  readonly #get: Readonly<Record<string, Route>> = {
    "/": async (request) =>
      this.#access.mayLook(request)
        ? { type: HTML, body: pageWith(PAGE, this.#access.word) }
        : { type: HTML, body: LOGIN_PAGE(false), status: 401 },
    "/explorer.js": async () => ({ type: "text/javascript; charset=utf-8", body: (await assets()).SCRIPT }),
    "/explorer.css": async () => ({ type: "text/css; charset=utf-8", body: (await assets()).STYLE }),
    "/explorer.svg": async () => ({ type: "image/svg+xml", body: (await assets()).ICON }),
    "/explorer/overview": async () => ({ body: await this.#overview() }),
    "/explorer/callers": async () => {
      try {
        return { body: JSON.stringify({ names: await this.#callers.names() } satisfies Callers) };
      } catch (thrown) {
        return refused(502, `it is not known who may call: ${thrown instanceof Error ? thrown.message : thrown}`);
      }
    },
    "/explorer/request": (request) => this.#detail(request),
    "/explorer/events": (_, response) => {
      if (!this.#pages.hasRoom) return refused(503, "too many pages are open");
      this.#pages.add(response);
      return undefined;
    },
  };
  readonly #post: Readonly<Record<string, Route>> = {
    "/explorer/login": (request) => this.#login(request),
    "/explorer/try": async (request) => {
      try {
        return { body: JSON.stringify(await this.#tryIt.send(JSON.parse(await textOf(request)))) };
      } catch (thrown) {
        if (thrown instanceof Unsendable) throw thrown;
        // The message of the engine quotes the text.
        if (thrown instanceof SyntaxError) return refused(400, "the body is no JSON");
        return refused(502, `no answer: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      }
    },
    "/explorer/replay": async (request) => {
      const found = await this.#options.replays?.run(await jsonOf(request), this.#show);
      if (found === undefined)
        return refused(404, "this page shows a running server: `protobff replay --page` replays");
      return "error" in found ? refused(400, found.error) : { body: JSON.stringify(found) };
    },
    "/explorer/switch": async (request) => this.#switch((await jsonOf(request)) as Partial<Switch> | null),
  };

  /** Returns true if this path belongs to the page. */
  owns(path: string): boolean {
    return Object.hasOwn(this.#get, path) || Object.hasOwn(this.#post, path);
  }

  /** Answers a request for a path that is the page's. */
  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const found = this.#refusal(path, request) ?? (await this.#answered(path, request, response));
    if (found === undefined || response.destroyed) return;
    const { status = 200, type = "application/json", body, headers = {} } = found;
    // The unread rest of a body ends with the connection.
    if (!request.complete) response.setHeader("connection", "close");
    response.writeHead(status, { ...headers, "content-type": type, "content-length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #answered(path: string, request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const routes = request.method === "POST" ? this.#post : this.#get;
    try {
      return await routes[path]?.(request, response);
    } catch (thrown) {
      if (thrown instanceof Unsendable) return refused(400, thrown.message);
      throw thrown;
    }
  }

  #refusal(path: string, request: IncomingMessage): Answer | undefined {
    const posts = Object.hasOwn(this.#post, path);
    const reads = path === "/explorer/events" ? ["GET"] : ["GET", "HEAD"];
    const allowed = posts ? ["POST"] : reads;
    if (!allowed.includes(request.method ?? ""))
      return { ...refused(405, `${allowed.join(" and ")} only`), headers: { allow: allowed.join(", ") } };
    if (!path.startsWith("/explorer/")) return undefined; // the page itself, for whoever follows a link to it
    if (!isSameOrigin(request)) return refused(403, "this is for the page that is served here");
    if (path === "/explorer/login") return undefined;
    if (!this.#access.mayLook(request)) return refused(401, "show the token of BFF_EXPLORER_TOKEN first");
    if (posts && !this.#access.isOurs(request)) return refused(403, "this is for the page that is served here");
    return undefined;
  }

  async #login(request: IncomingMessage): Promise<Answer> {
    const token = new URLSearchParams(await textOf(request)).get("token") ?? "";
    if (!this.#access.shows(token)) return { status: 401, type: HTML, body: LOGIN_PAGE(true) };
    return { status: 303, type: "text/plain", body: "", headers: { location: "/", "set-cookie": this.#access.cookie } };
  }

  #overview(): Promise<string> {
    this.#made ??= this.#makeOverview();
    return this.#made;
  }

  async #makeOverview(): Promise<string> {
    const { name, services, plan, replays } = this.#options;
    const rpcs = services.flatMap((service) =>
      service.methods.map((method) => ({
        rpc: `${service.typeName}/${method.name}`,
        skeleton: skeletonOf(method.input),
        fields: fieldPaths(method.output),
      })),
    );
    return JSON.stringify({ name, rpcs, plan: await plan?.(), replays: replays?.requests } satisfies Overview);
  }

  readonly #show: ShowMessage = (method, direction, bytes) => {
    const desc = this.#methods.get(method)?.[direction];
    return desc === undefined ? "cannot be shown: unknown rpc" : shownMessage(desc, bytes, this.#registry);
  };

  #detail(request: IncomingMessage): Answer {
    const id = Number(new URLSearchParams((request.url ?? "").split("?")[1]).get("id"));
    const found = this.recorder.detail(id, this.#show, (rpc) => {
      const desc = this.#methods.get(rpc)?.input;
      return desc === undefined || holdsRedacted(desc);
    });
    return found === undefined ? refused(404, "it is none of the last requests") : { body: JSON.stringify(found) };
  }

  #switch(change: Partial<Switch> | null): Answer {
    const mock = this.#mocks.get(String(change?.name));
    const word = String(change?.behaviour);
    const behaviour = Object.hasOwn(BEHAVIOURS, word) ? BEHAVIOURS[word] : undefined;
    if (mock === undefined || behaviour === undefined)
      return refused(400, `there has to be a mock's name, and one of ${Object.keys(BEHAVIOURS).join(", ")}`);
    mock.behaviour = behaviour;
    return { body: "{}" };
  }

  /** Lets go of pages that are open. */
  close(): void {
    this.#pages.close();
  }
}

const HTML = "text/html; charset=utf-8";

/** Imports the assets only when a page is first viewed. */
const assets = () => import("./gen/assets.ts");

function refused(status: number, error: string): Answer {
  return { status, body: JSON.stringify({ error }) };
}

function registryOf(files: readonly DescFile[]): Registry {
  const all = new Set<DescFile>(files);
  for (const { dependencies } of all) for (const file of dependencies) all.add(file);
  return createRegistry(...all);
}

function methodsOf(services: readonly DescService[]): ReadonlyMap<string, DescMethod> {
  return new Map(
    services.flatMap((service) =>
      service.methods.map((method) => [`${service.typeName}/${method.name}`, method] as const),
    ),
  );
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse(await textOf(request));
  } catch {
    return null;
  }
}

/**
 * Reads the whole body, but keeps only what fits: a client that is still sending would not see the answer.
 *
 * @throws Unsendable when it is too long
 */
async function textOf(request: IncomingMessage): Promise<string> {
  const read = Promise.withResolvers<string>();
  let chunks: Buffer[] = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) return void chunks.push(chunk);
    chunks = [];
    read.reject(new Unsendable(`there may be ${MAX_BODY_BYTES} bytes`));
  });
  request.on("end", () => read.resolve(Buffer.concat(chunks).toString()));
  request.on("error", read.reject);
  request.on("close", () => read.reject(new Error("the caller has disconnected")));
  return read.promise;
}
