// Callers of `dev`'s servers: a local issuer, and the other needs of the servers' sources of callers.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { CallersReport, SourceOfCallers } from "protoc-gen-bff/compiler";
import { type CallerNeeds, callerNeeds, type Served, type Way } from "./caller-needs.ts";
import { gatewayHeader } from "./credentials.ts";
import type { Issuer } from "./issuer.ts";
import { madePrincipals } from "./principals.ts";
import { Secrets } from "./secrets.ts";

/** A server that wants to know who calls. */
interface Called {
  readonly name: string;
  /** Its `server.ts`; absolute. */
  readonly file: string;
  /** Planned URL of the server. */
  readonly serverUrl: string;
  /** True if it has a live page. */
  readonly isShown: boolean;
}

export interface CallersSetup {
  /** Variables that it is to have. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Returns lines for people that describe calls.
   *
   * @param url of the server
   */
  linesFor(url: string): readonly string[];
}

/** Placeholder for the issuer's address before the issuer starts. */
const NOWHERE = "http://127.0.0.1";

export class Callers {
  readonly #cwd: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #secrets = new Secrets();
  /** By server and source. */
  readonly #apiKeys = new Map<string, Promise<string>>();
  #issuer: Promise<Issuer> | undefined;

  /** @param env of the user, whose values take precedence */
  constructor(cwd: string, env: Readonly<Record<string, string | undefined>>) {
    this.#cwd = cwd;
    this.#env = env;
  }

  async around(server: Called, report: CallersReport): Promise<CallersSetup> {
    const { serverUrl, isShown, name } = server;
    const options = { env: this.#env, serverUrl, secrets: this.#secrets };
    // If all variables are set, no issuer is needed.
    const before = callerNeeds(report, { ...options, issuer: NOWHERE });
    if (before.ways.length === 0) return { env: before.env, linesFor: () => before.notes };
    // Loaded by those alone who need one.
    this.#issuer ??= import("./issuer.ts").then((module) => module.Issuer.start(this.#cwd));
    const issuer = await this.#issuer;
    const found = callerNeeds(report, { ...options, issuer: issuer.url });
    const { apiKeys, notes } = await this.#keysFor(server, found.ways);
    await issuer.serve(name, { ways: found.ways, apiKeys });
    const env = { ...found.env, ...(isShown && { BFF_EXPLORER_CALLERS: issuer.credentialsAt(name) }) };
    const faults = issuer.fault === undefined ? [] : [issuer.fault];
    const lines = (url: string) => [
      `dev supplies test callers: ${issuer.url}/ (set for it: ${Object.keys(found.env).join(", ")})`,
      ...found.ways.map((way) =>
        lineFor(way, report, url, issuer.tokenAt(name, tokenSource(way, found.ways)), apiKeys),
      ),
      ...[...found.notes, ...notes, ...faults],
    ];
    return { env, linesFor: lines };
  }

  async close(): Promise<void> {
    await (await this.#issuer)?.close();
    this.#secrets.forget();
  }

  async #keysFor(
    { name, file }: Called,
    ways: CallerNeeds["ways"],
  ): Promise<Pick<Served, "apiKeys"> & Pick<CallerNeeds, "notes">> {
    const apiKeys = new Map<string, string>();
    const notes: string[] = [];
    for (const way of ways) {
      if (way.kind !== "key") continue;
      const of = `${name} ${way.source.name}`;
      const made = this.#apiKeys.get(of) ?? makeApiKey(file, way.source, way.storeFile);
      this.#apiKeys.set(of, made);
      try {
        apiKeys.set(way.source.name, await made);
      } catch (error) {
        this.#apiKeys.delete(of);
        notes.push(`${way.source.name}: creating a key failed: ${error instanceof Error ? error.message : error}`);
      }
    }
    return { apiKeys, notes };
  }
}

/** Undefined where no other could be meant. */
function tokenSource({ source }: Way, ways: readonly Way[]): string | undefined {
  return ways.filter(({ kind }) => kind === "token").length > 1 ? source.name : undefined;
}

function lineFor(
  way: Way,
  { rpc = "", request = "{}" }: CallersReport,
  url: string,
  tokenAt: string,
  apiKeys: ReadonlyMap<string, string>,
): string {
  const { source } = way;
  const insecure = url.startsWith("https:") ? "-k " : "";
  const curl = (header: string): string =>
    `curl ${insecure}-H 'content-type: application/json' -H ${header} -d '${request.replaceAll("'", "'\\''")}' ${url}/${rpc}`;
  switch (way.kind) {
    case "login":
      return `${url}/auth/login in a browser (${source.name})`;
    case "token":
      return curl(`"${beforeToken(source)}$(curl -s '${tokenAt}')"`);
    case "key":
      return curl(`'${source.header ?? "x-api-key"}: ${apiKeys.get(source.name) ?? ""}'`);
    case "header":
      return curl(`'${way.header}: ${madePrincipals(source).slice(0, 1).map(gatewayHeader).join()}'`);
  }
}

function beforeToken({ cookie, header = "authorization" }: SourceOfCallers): string {
  if (cookie !== undefined) return `cookie: ${cookie}=`;
  return header === "authorization" ? "authorization: Bearer " : `${header}: `;
}

/**
 * Creates an API key of the principal `dev`, with `bff-key` of the project's server package.
 *
 * @param from a file from which the server package is resolved
 * @throws Error with the output of `bff-key` if it fails
 */
async function makeApiKey(from: string, source: SourceOfCallers, storeFile: string): Promise<string> {
  const program = join(dirname(createRequire(from).resolve("@protobff/server")), "../bin/bff-key.js");
  const [principal] = madePrincipals(source);
  const scopes = source.rights.find(({ path }) => path.join() === "scope")?.values ?? [];
  // Scopes are no claim of a key.
  const { scope: _, ...claims } = principal?.claims ?? {};
  const args = [
    ...["create", "--subject", principal?.subject ?? "dev", "--claims", JSON.stringify(claims)],
    ...scopes.flatMap((scope) => ["--scope", scope]),
    ...(source.prefix === undefined ? [] : ["--prefix", source.prefix]),
  ];
  const env = { ...process.env, BFF_STORE_FILE: storeFile, DATABASE_URL: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env, timeout: 60_000 });
  return stdout.trim().split(/\s+/).at(-1) ?? "";
}
