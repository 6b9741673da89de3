// `protobff dev`: from a save to the response. Files are generated in this process; servers whose files have changed
// restart on their ports.
import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseParameter } from "protoc-gen-bff/compiler";
import type { Terminal } from "../terminal.ts";
import { Callers, type CallersSetup } from "./callers/callers.ts";
import type { Up } from "./child.ts";
import { claim } from "./claim.ts";
import { Trailing } from "./debounce.ts";
import { type Generated, Generation } from "./generation.ts";
import { Places } from "./places.ts";
import { Server } from "./server.ts";
import { isEmptied, isInput, isSource, type Watching, watchProject } from "./watch-project.ts";

interface DevOptions {
  /** The servers to run, by their names; empty: all. */
  readonly only: readonly string[];
  /** False: it generates alone. */
  readonly server: boolean;
  /** Port of the first server; the others have the next ports. 0: free ports. */
  readonly port: number;
  /** True to also mock upstreams that have an address. */
  readonly mockAll: boolean;
  /** Called after each start of a server, when it is up. */
  readonly up?: ((name: string, url: string) => void) | undefined;
  /** Called after each run, with the servers that have started. */
  readonly settled?: ((started: ReadonlyMap<string, Up>) => void) | undefined;
}

/**
 * Time without another save after which a failure or an empty file counts, in milliseconds. An editor may truncate a
 * file before it writes, so that the file is wrong or empty for a moment.
 */
const SETTLE_MS = 100;
type Project = Extract<Generated, { readonly kind: "generated" }>;

/**
 * Runs until `ended` is aborted, and has ended all its servers when it resolves. Throws a `Refusal` if the folder
 * cannot be watched, or if another process runs in it.
 */
export async function runDev(terminal: Terminal, options: DevOptions, ended: AbortSignal): Promise<void> {
  const release = await claim(terminal.cwd);
  const session = new Session(terminal, options);
  try {
    await session.begin();
    if (!ended.aborted)
      await new Promise<void>((resolve) => ended.addEventListener("abort", () => resolve(), { once: true }));
  } finally {
    await session.end();
    await release();
  }
}

class Session {
  /** Seal page tokens, cached answers and confirmations until `dev` ends. */
  readonly #sealingKeys = Object.fromEntries(
    ["BFF_PAGE_KEYS", "BFF_CACHE_KEYS", "BFF_TOOL_KEYS"].map((variable) => [
      variable,
      randomBytes(32).toString("base64"),
    ]),
  );
  readonly #terminal: Terminal;
  readonly #options: DevOptions;
  readonly #generation: Generation;
  readonly #trailing: Trailing;
  readonly #callers: Callers;
  readonly #servers = new Map<string, Server>();
  readonly #started = new Map<string, Up>();
  readonly #places: Places;
  #watching: Watching | undefined;
  #project: Project | undefined;
  #lastWarnings = "";
  #hasMocksHint = false;
  /** By server. */
  readonly #callerLines = new Map<string, string>();

  constructor(terminal: Terminal, options: DevOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#places = new Places(options.port);
    this.#generation = new Generation(terminal.cwd, (service) => options.server && this.#isMocked(service));
    this.#trailing = new Trailing(async (changed) => {
      await this.#look(changed);
      this.#options.settled?.(this.#started);
    });
    this.#callers = new Callers(terminal.cwd, terminal.env);
  }

  async begin(): Promise<void> {
    const { cwd } = this.#terminal;
    const changed = (path: string): void => {
      if (this.#generation.outputs.isAsWritten(path)) return;
      if (isInput(path)) this.#generation.startBuild();
      this.#trailing.changed(path);
    };
    this.#watching = await watchProject(cwd, changed, (message) => this.#print(message));
    // The first run is like any other: a save during the run belongs to the next one.
    this.#trailing.changed("buf.gen.yaml");
  }

  async end(): Promise<void> {
    await this.#watching?.close();
    await this.#trailing.close();
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
    await this.#callers.close();
  }

  async #look(changed: ReadonlySet<string>): Promise<void> {
    const began = performance.now();
    const { outputs } = this.#generation;
    const isBuilt = [...changed].some((path) => isInput(path) || outputs.has(path));
    let project: Project | undefined;
    if (isBuilt) {
      if ([...changed].some(isEmptied) && (await this.#isDueSoon(changed))) return;
      const generated = await this.#generation.generate();
      if (generated.kind === "refused") {
        if (await this.#isDueSoon(changed)) return;
        this.#print(
          `${this.#cause(changed)} is not generated${this.#isAnyUp() ? ", the running server is unchanged" : ""}:\n${generated.why}`,
        );
        // The generated files are as before: a server that did not start would not start now.
        if (![...changed].some(isSource)) return;
      } else {
        project = generated;
        await this.#take(generated, changed);
      }
    }
    await this.#restart(new Set([...changed, ...(project?.touched ?? [])]), began);
    for (const line of project?.changes() ?? []) this.#terminal.write(`  ${line}\n`);
  }

  /** Returns true if another save follows at once, and hands the changed paths to the run for that save. */
  async #isDueSoon(changed: ReadonlySet<string>): Promise<boolean> {
    await sleep(SETTLE_MS);
    if (!this.#trailing.isDue) return false;
    for (const path of changed) this.#trailing.changed(path);
    return true;
  }

  /** Reports a generation and updates its servers. */
  async #take(generated: Project, changed: ReadonlySet<string>): Promise<void> {
    const isFirst = this.#project === undefined;
    this.#project = generated;
    const { touched, warnings, project } = generated;
    if (warnings !== "" && warnings !== this.#lastWarnings) this.#print(warnings);
    this.#lastWarnings = warnings;
    const files = `${touched.length} ${touched.length === 1 ? "file" : "files"}`;
    if (isFirst)
      this.#print(
        `generated into ${project.config.out} (${touched.length === 0 ? "no differences" : `${files} differ`})`,
      );
    else if (touched.length > 0) this.#print(`${this.#cause(changed)}: ${files}`);
    else if ([...changed].some(isInput)) this.#print(`${this.#cause(changed)}: the generated code is unchanged`);
    if (generated.addsMocksFor !== undefined && !this.#hasMocksHint) {
      this.#hasMocksHint = true;
      this.#print(
        `mocks are also generated, because ${generated.addsMocksFor} has no address. Write mock=true into the plugin's \`opt\` in buf.gen.yaml, so that buf generate does the same`,
      );
    }
    await this.#watching?.add(project.config.inputs.map(({ input }) => input));
    await this.#updateServers(generated);
  }

  async #updateServers({ servers, project }: Project): Promise<void> {
    for (const [name, server] of this.#servers) {
      if (servers.has(name)) continue;
      this.#servers.delete(name);
      this.#print(`${name} is removed`);
      await server.stop();
      this.#places.leave(name, server.port);
    }
    if (!this.#options.server) return;
    const { parameter } = parseParameter(project.config.parameter);
    const problem = unable(servers, parameter.importExtension, this.#options.only);
    if (problem !== undefined) return this.#print(problem);
    const { only } = this.#options;
    for (const [name, file] of [...servers].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (this.#servers.has(name) || (only.length > 0 && !only.includes(name))) continue;
      this.#servers.set(name, this.#server(name, file));
    }
  }

  #server(name: string, file: string): Server {
    const { cwd, env } = this.#terminal;
    const { index, port } = this.#places.take(name);
    return new Server({
      cwd,
      name,
      file,
      port,
      adminPort: shownAt(env, index),
      env: {
        BFF_EXPLORER_TOKEN: isShown(env) ? "none" : undefined,
        BFF_AUDIT: "stderr",
        BFF_SHED_DELAY: "0s",
        BFF_REFLECTION: "true",
        ...this.#sealingKeys,
        ...env,
        ...DEV_ENV,
        HOST: env.HOST || "127.0.0.1",
      },
      print: (line) => this.#terminal.write(`${this.#servers.size > 1 ? `${name} | ` : ""}${line}\n`),
      lost: (of, how) => this.#print(`${of} has ${how}; it restarts on the next save`),
    });
  }

  async #restart(changed: ReadonlySet<string>, began: number): Promise<void> {
    const all = [...this.#servers].filter(([, server]) => server.rests(changed));
    await Promise.all(all.map(([name, server]) => this.#restartOne(name, server, changed, began)));
    // Later, so that it takes nothing from the first answer.
    for (const [, server] of all) server.standBy();
  }

  async #restartOne(name: string, server: Server, changed: ReadonlySet<string>, began: number): Promise<void> {
    const wasUp = server.isUp;
    const around = await this.#around(name, server);
    const restarted = await server.restart(changed, this.#args(), around?.env ?? {});
    const ms = Math.round(performance.now() - began);
    switch (restarted.kind) {
      case "up":
        this.#started.set(name, restarted.up);
        this.#options.up?.(name, restarted.up.url);
        this.#print(wasUp ? `${name} runs the new code (${ms} ms)` : `${name} ${begun(restarted.up)}`);
        return this.#printCallers(name, around, restarted.up.url);
      case "kept":
        return this.#print(`${name} cannot be loaded, the running server is unchanged:\n${restarted.why}`);
      case "down":
        return this.#print(`${name} did not start: ${restarted.why}\nit restarts on the next save`);
    }
  }

  /** Returns the settings with which the server authenticates callers; undefined: it authenticates none. */
  async #around(name: string, server: Server): Promise<CallersSetup | undefined> {
    const { compilation, config } = this.#project?.project ?? {};
    const report = compilation?.callers.find(
      (caller) => join(this.#terminal.cwd, config?.out ?? "", caller.server) === server.file,
    );
    if (report === undefined) return undefined;
    const serverUrl = await server.place();
    return this.#callers.around({ name, file: server.file, serverUrl, isShown: isShown(this.#terminal.env) }, report);
  }

  /** Prints the lines about callers once, and again when they change. */
  #printCallers(name: string, around: CallersSetup | undefined, url: string): void {
    const text = (around?.linesFor(url) ?? []).map((line) => `  ${line}\n`).join("");
    if (text !== "" && text !== this.#callerLines.get(name)) this.#terminal.write(text);
    this.#callerLines.set(name, text);
  }

  #args(): readonly string[] {
    if (this.#options.mockAll) return ["--mock=all"];
    const { parameter } = parseParameter(this.#project?.project.config.parameter ?? "");
    return parameter.mock || this.#project?.addsMocksFor !== undefined ? ["--mock"] : [];
  }

  /** An upstream without an address, as `server.ts --mock` decides it. */
  #isMocked(service: string): boolean {
    const prefix = service.toUpperCase().replaceAll(".", "_");
    const addresses = [`${prefix}_URL`, `${prefix}_SHARDS`];
    return this.#options.mockAll || addresses.every((name) => (this.#terminal.env[name] ?? "") === "");
  }

  #isAnyUp(): boolean {
    return [...this.#servers.values()].some(({ isUp }) => isUp);
  }

  /** Returns the saved files as one name. */
  #cause(changed: ReadonlySet<string>): string {
    const [first = "", ...more] = [...changed].map((path) => relative(this.#terminal.cwd, path) || path);
    return more.length === 0 ? first : `${first} and ${more.length} more`;
  }

  #print(text: string): void {
    this.#terminal.write(`${new Date().toTimeString().slice(0, 8)} ${text}\n`);
  }
}

/** One process, for it is the one that is restarted. */
const DEV_ENV = { BFF_WORKERS: "1", BFF_DRAIN_DELAY: "0s" };

/**
 * Returns true if the servers have live pages by default: not with an empty token, an address of the user's, or
 * BFF_EXPLORER, which is read until 1.0.
 */
function isShown({ BFF_EXPLORER, BFF_EXPLORER_TOKEN, BFF_ADMIN_HOST }: Terminal["env"]): boolean {
  return BFF_EXPLORER === undefined && BFF_EXPLORER_TOKEN !== "" && BFF_ADMIN_HOST === undefined;
}

/**
 * Returns the port of a live page; 0: any, undefined: as the user's variables set it.
 *
 * @param index of the server, by which several servers have separate ports
 */
function shownAt(env: Terminal["env"], index: number): number | undefined {
  const port = Number(env.BFF_ADMIN_PORT || "0");
  if (port > 0) return port + index;
  return isShown(env) || env.BFF_ADMIN_PORT === "0" ? 0 : undefined;
}

/** Describes a started server: its URL, its live page, its mocks, and the configuration of a client of its tools. */
function begun({ url, explorer, tools, mocked }: Up): string {
  const page = explorer === undefined ? "" : `, its live page is ${explorer}`;
  const mocks = mocked.length === 0 ? "" : `; mocked: ${mocked.join(", ")}`;
  const client = tools && JSON.stringify({ mcpServers: { bff: { type: "http", url: tools } } });
  return `listens on ${url}${page}${mocks}${client === undefined ? "" : `\n  tools for agents, by .mcp.json: ${client}`}`;
}

/** Returns the reason why none of the servers can run, and the remedy. */
function unable(servers: ReadonlyMap<string, string>, extension: string, only: readonly string[]): string | undefined {
  const opt = "the plugin's `opt` in buf.gen.yaml";
  if (servers.size === 0) return `no server is generated: add server=true to ${opt}, or run it with --no-server`;
  if (extension !== "ts")
    return `Node runs generated code directly only if import_extension=ts is in ${opt} (and in that of protoc-gen-es); or run it with --no-server`;
  const unknown = only.filter((name) => !servers.has(name));
  if (unknown.length === 0) return undefined;
  return `there is no server ${unknown.join(", ")}: there is ${[...servers.keys()].join(", ")}`;
}
