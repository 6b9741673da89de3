// Generates a BFF into a separate folder and creates its endpoints in this process.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Message } from "@bufbuild/protobuf";
import {
  type Cache,
  type Endpoint,
  type Observer,
  systemClock,
  type UnaryClient,
  type Upstream,
} from "@protobff/runtime";
import { type IdentitySpec, type OpenIdentity, openIdentity } from "@protobff/runtime/identity";
import { Limits } from "../../../runtime/src/limits/limits.ts";
import { compileCase } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";
import { requestFor } from "../../support/request.ts";
import type { Protos } from "./bff.ts";

// Below the repository, so that generated code finds the packages that it imports.
const folder = fileURLToPath(new URL(".generated", import.meta.url));

/** Whether the plugin emits code at all yet: an empty folder is all that a plugin that only checks leaves. */
export function emitted(bff: Protos, dir: string): string[] {
  return bff.targets
    .map((target) => join(dir, "gen", target.replace(/\.proto$/, "_bff.ts")))
    .filter((file) => readdirSync(dirname(file)).some((name) => file.endsWith(`/${name}`)));
}

/**
 * Generates the protos. Throws the errors of buf or the plugin. With `server` it also writes a server.ts. It runs in
 * this process, because dozens of BFFs in separate processes take minutes.
 * test/features/commands/buf-generate.processes.test.ts covers the plugin under buf.
 */
export function generate(bff: Protos, breakers: boolean, server = false): string {
  const protos = protosOf(bff, breakers);
  const request = requestFor(protos, bff.targets);
  const { response } = compileCase(request, protos, `import_extension=ts,server=${server}`);
  if (response.error) throw new Error(response.error);
  const emitted = response.file.map(({ name, content }) => [name, content] as const);
  const dir = join(folder, `${bff.name}-${breakers ? "on" : "off"}-${process.pid}`);
  rmSync(dir, { recursive: true, force: true });
  for (const [name, text] of [...Object.entries(messagesOf(request)), ...emitted]) {
    const file = join(dir, "gen", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return dir;
}

/** Adds one entry for every upstream if breakers are off; leaves merge, so it wins over thresholds elsewhere. */
export function protosOf(bff: Protos, breakers: boolean): Readonly<Record<string, string>> {
  if (breakers) return bff.protos;
  const off = "upstream: { breaker: { off: true } }";
  const protos = Object.entries(bff.protos).map(([name, text]) => {
    if (!bff.targets.includes(name)) return [name, text];
    const rule = /option \(bff\.v1\.file\) = \{/;
    if (rule.test(text)) return [name, text.replace(rule, (found) => `${found} ${off}`)];
    return [name, text.replace(/^package .*;$/m, (found) => `${found}\noption (bff.v1.file) = { ${off} };`)];
  });
  return Object.fromEntries(protos);
}

/** A separate BFF: breakers, limits and throttles as at the start of a process. */
export interface Instance {
  readonly endpoints: readonly Endpoint[];
  readonly upstreams: readonly Upstream[];
}

export async function modulesOf(bff: Protos, dir: string): Promise<Record<string, unknown>[]> {
  return Promise.all(
    emitted(bff, dir).map(async (file) => (await import(pathToFileURL(file).href)) as Record<string, unknown>),
  );
}

/** Opens the identity of a BFF, with trusted gateways on this machine; undefined: it has none. */
export async function identityOf(bff: Protos, dir: string): Promise<OpenIdentity | undefined> {
  const files = bff.targets.map((target) => join(dir, "gen", dirname(target), "identity.ts"));
  const file = files.find((name) => existsSync(name));
  if (file === undefined) return undefined;
  const { createIdentity } = (await import(pathToFileURL(file).href)) as Record<string, (env: object) => unknown>;
  const spec = createIdentity?.({}) as IdentitySpec<Message>;
  return openIdentity(spec, { environment: { BFF_TRUSTED_PROXIES: "127.0.0.0/8" } });
}

/**
 * All services: `create<Service>({ upstreams, env, … })` over `createUpstreams(clients, …)`, as emitted.md has them. One client serves
 * whatever names the upstreams go by: it looks at the path.
 */
export function instanceOf(
  modules: readonly Record<string, unknown>[],
  client: UnaryClient,
  observer: Observer,
  env: Readonly<Record<string, unknown>>,
  resolvers: object = {},
  cache?: Cache,
  identity?: OpenIdentity,
): Instance {
  const limits = new Limits({ clock: systemClock, fault: () => {} });
  const clients = new Proxy({}, { get: () => client });
  const made = modules.map((module) => {
    const makeUpstreams = module.createUpstreams;
    const upstreams = typeof makeUpstreams === "function" ? makeUpstreams(clients, { observer, cache }) : undefined;
    const services = Object.entries(module).filter(([name]) => /^create.*Service$/.test(name));
    const endpoints = services.flatMap(([, make]) => {
      if (typeof make !== "function") return [];
      return make({ upstreams, clients, env, observer, resolvers, identity, limits }) as Endpoint[];
    });
    return { endpoints, upstreams: Object.values((upstreams ?? {}) as Record<string, Upstream>) };
  });
  return {
    endpoints: made.flatMap((part) => part.endpoints),
    upstreams: made.flatMap((part) => part.upstreams),
  };
}

export async function endpoints(
  bff: Protos,
  dir: string,
  client: UnaryClient,
  observer: Observer,
  env: Readonly<Record<string, unknown>>,
  resolvers?: object,
): Promise<readonly Endpoint[]> {
  return instanceOf(await modulesOf(bff, dir), client, observer, env, resolvers).endpoints;
}
