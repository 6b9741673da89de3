// Generates a BFF into a folder of its own and makes its endpoints in this process.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Cache, Endpoint, Observer, UnaryClient, Upstream } from "@protobff/runtime";
import type { Protos } from "./bff.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Below the repository, so that generated code finds the packages that it imports.
const folder = fileURLToPath(new URL(".generated", import.meta.url));

/** Whether the plugin emits code at all yet: an empty folder is all that a plugin that only checks leaves. */
export function emitted(bff: Protos, dir: string): string[] {
  return bff.targets
    .map((target) => join(dir, "gen", target.replace(/\.proto$/, "_bff.ts")))
    .filter((file) => readdirSync(dirname(file)).some((name) => file.endsWith(`/${name}`)));
}

/** Throws what buf printed when the protos do not generate. With `server` there is a server.ts, too. */
export function generate(bff: Protos, breakers: boolean, server = false): string {
  const dir = join(folder, `${bff.name}-${breakers ? "on" : "off"}-${process.pid}`);
  rmSync(dir, { recursive: true, force: true });
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  for (const [name, text] of Object.entries(protosOf(bff, breakers))) write(join("app", name), text);
  for (const name of ["options.proto", "degradation.proto", "stream.proto"]) {
    mkdirSync(join(dir, "bff/bff/v1"), { recursive: true });
    copyFileSync(join(root, "proto/bff/v1", name), join(dir, "bff/bff/v1", name));
  }
  write("buf.yaml", "version: v2\nmodules:\n  - path: app\n  - path: bff\n");
  const plugin = (name: string, opt: string) =>
    `  - local: ${name}\n    out: gen\n    strategy: all\n    opt: [${opt}]\n`;
  const es = plugin("protoc-gen-es", "target=ts, import_extension=ts, erasable_syntax=true");
  write(
    "buf.gen.yaml",
    `version: v2\nplugins:\n${es}    include_imports: true\n${plugin("protoc-gen-bff", `import_extension=ts, server=${server}`)}`,
  );
  const bin = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` };
  try {
    execFileSync(join(bin, "buf"), ["generate"], {
      cwd: dir,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error instanceof Error && "stderr" in error ? new Error(String(error.stderr)) : error;
  }
  return dir;
}

/** With breakers off, one more entry for every upstream; leaves merge, so it wins over thresholds said elsewhere. */
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

/** A BFF of its own: breakers, limits and throttles as at the start of a process. */
export interface Instance {
  readonly endpoints: readonly Endpoint[];
  readonly upstreams: readonly Upstream[];
}

export async function modulesOf(bff: Protos, dir: string): Promise<Record<string, unknown>[]> {
  return Promise.all(
    emitted(bff, dir).map(async (file) => (await import(pathToFileURL(file).href)) as Record<string, unknown>),
  );
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
): Instance {
  const clients = new Proxy({}, { get: () => client });
  const made = modules.map((module) => {
    const makeUpstreams = module.createUpstreams;
    const upstreams = typeof makeUpstreams === "function" ? makeUpstreams(clients, { observer, cache }) : undefined;
    const services = Object.entries(module).filter(([name]) => /^create.*Service$/.test(name));
    const endpoints = services.flatMap(([, make]) => {
      if (typeof make !== "function") return [];
      return make({ upstreams, clients, env, observer, resolvers }) as Endpoint[];
    });
    return { endpoints, upstreams: Object.values((upstreams ?? {}) as Record<string, Upstream>) };
  });
  return {
    endpoints: made.flatMap((one) => one.endpoints),
    upstreams: made.flatMap((one) => one.upstreams),
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
