// One server of the project: the running process, the standby process, and the port that they use in turn.
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { Child, type Up } from "./child.ts";

interface ServerOptions {
  readonly cwd: string;
  /** Name of the package, or the common prefix of several packages: `web.v1`. */
  readonly name: string;
  /** Absolute path of its `server.ts`. */
  readonly file: string;
  /** 0: a free port, which then stays the server's port. */
  readonly port: number;
  /** Port of the pages for developers, likewise; undefined: none. */
  readonly adminPort: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints a line of its log. */
  readonly print: (line: string) => void;
  /** Called when the server has ended by itself. */
  readonly lost: (name: string, how: string) => void;
}

/** Result of a restart. */
type Restarted =
  | { readonly kind: "up"; readonly up: Up }
  /** The former server continues; `why` is the fault of the new modules. */
  | { readonly kind: "kept"; readonly why: string }
  /** No server answers. */
  | { readonly kind: "down"; readonly why: string };

const ERASABLE =
  "Node runs only TypeScript with erasable types: write erasable_syntax=true into `opt` of protoc-gen-es in buf.gen.yaml. Use no enum, namespace or parameter property in your sources";

export class Server {
  readonly #options: ServerOptions;
  #running: Child | undefined;
  #standby: Child | undefined;
  #port: number;
  #adminPort: number | undefined;
  /** True if the running server differs from the files on disk: any save may fix the fault. */
  #isOld = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#adminPort = options.adminPort;
  }

  /** Its `server.ts`; absolute. */
  get file(): string {
    return this.#options.file;
  }
  /** Current or planned port; 0: any. */
  get port(): number {
    return this.#port;
  }
  get isUp(): boolean {
    return this.#running !== undefined;
  }

  /** Returns true if any of these files is loaded by the running server. */
  rests(changed: ReadonlySet<string>): boolean {
    const running = this.#running;
    return running === undefined || this.#isOld || [...changed].some((path) => running.hasLoaded(path));
  }

  /** Has a process ready for the next restart. */
  standBy(): void {
    this.#standby ??= this.#child();
  }

  /** Returns the planned URL. A port that is chosen here stays the server's port. */
  async place(): Promise<string> {
    if (this.#port === 0) this.#port = await freePort();
    const { HOST = "", TLS_CERT_FILE } = this.#options.env;
    const host = /^(|0\.0\.0\.0|::|\[::\])$/.test(HOST) ? "127.0.0.1" : HOST;
    return `${TLS_CERT_FILE ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${this.#port}`;
  }

  /**
   * Replaces the running process by one that has loaded all modules again.
   *
   * @param args for server.ts
   * @param around variables besides those of all its processes
   */
  async restart(
    changed: ReadonlySet<string>,
    args: readonly string[],
    around: Readonly<Record<string, string>>,
  ): Promise<Restarted> {
    const next = await this.#next(changed);
    const fault = await next.prepare(this.#modules());
    if (fault !== undefined) {
      const isHopeless = fault.code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX";
      // Modules that hold a resource, such as a port, cannot be loaded twice at the same time.
      const isKept = this.#running !== undefined && fault.code !== "EADDRINUSE";
      if (isHopeless || isKept) {
        await next.stop();
        this.#isOld = true;
        const why = isHopeless ? `${firstLine(fault.message)}\n${ERASABLE}` : fault.message;
        return { kind: isKept ? "kept" : "down", why };
      }
    }
    await (fault === undefined ? this.#running?.stopListening() : this.#running?.stop());
    this.#running = undefined;
    const begun = await next.begin(this.#options.file, args, { ...around, ...this.#ports() });
    if ("ended" in begun) return { kind: "down", why: begun.ended };
    this.#port = portOf(begun.url);
    if (begun.explorer !== undefined) this.#adminPort = portOf(begun.explorer);
    this.#running = next;
    this.#isOld = false;
    void next.ended.then((how) => {
      if (this.#running !== next || next.isStopping) return;
      this.#running = undefined;
      this.#options.lost(this.#options.name, how);
    });
    return { kind: "up", up: begun };
  }

  async stop(): Promise<void> {
    const all = [this.#running, this.#standby];
    this.#running = undefined;
    this.#standby = undefined;
    await Promise.all(all.map((child) => child?.stop()));
  }

  async #next(changed: ReadonlySet<string>): Promise<Child> {
    const ready = this.#standby;
    this.#standby = undefined;
    if (ready === undefined) return this.#child();
    if (![...changed].some((path) => ready.hasLoaded(path))) return ready;
    await ready.stop();
    return this.#child();
  }

  #ports(): Readonly<Record<string, string>> {
    const admin = this.#adminPort;
    return { PORT: String(this.#port), ...(admin !== undefined && { BFF_ADMIN_PORT: String(admin) }) };
  }

  #child(): Child {
    const { cwd, file, env, print } = this.#options;
    return new Child({ cwd, from: file, env, preloaded: this.#running?.urls ?? [], print });
  }

  /**
   * Returns the imports of server_main.ts and the user's own modules, but not server_main.ts itself, which starts when
   * it is imported.
   */
  #modules(): readonly string[] {
    const { cwd, file, env } = this.#options;
    const imports = readFileSync(file.replace(/\.ts$/, "_main.ts"), "utf8").matchAll(
      /^import .*? from "(\.[^"]+)";$/gm,
    );
    const generated = [...imports].map(([, path = ""]) => join(dirname(file), path));
    const resolvers =
      env.BFF_RESOLVERS ||
      ["resolvers.ts", "resolvers.js", "resolvers.mjs"].find((name) => existsSync(join(cwd, name)));
    const userModules = [resolvers, env.BFF_OBSERVER].filter((path) => path !== undefined && /[\\/.]/.test(path));
    return [...generated, ...userModules.map((path) => resolve(cwd, path ?? ""))];
  }
}

/** Returns the place of an error, from its stack with an excerpt. */
function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === "https:" ? 443 : 80));
}
