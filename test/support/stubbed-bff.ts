// A generated BFF over loopback, its upstreams stubbed: messages go in and out as JSON, on both sides.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRegistry, type DescFile, type DescService, fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type Endpoint, GrpcClient, type Observer, type UnaryClient } from "@protobff/runtime";
import type { Identity } from "@protobff/runtime/identity";
import { Sealer } from "@protobff/runtime/pages";
import { listen } from "../../packages/server/src/listen.ts";
import { systemClock } from "../../runtime/src/clock.ts";
import { Limits } from "../../runtime/src/limits/limits.ts";
import type { Protos } from "../proofs/load/bff.ts";
import { compileCase } from "./golden.ts";
import { messagesOf } from "./messages.ts";
import { requestFor } from "./request.ts";

/** Below the repository, so that generated code finds the packages that it imports. */
const generated = fileURLToPath(new URL("../.generated", import.meta.url));

/**
 * "pkg.Service/Method" → what it answers; a ConnectError that it throws is its status. One that has none is UNIMPLEMENTED. A
 * stream has `items`.
 */
export type Stubs = Readonly<
  Record<string, (request: JsonObject, context: HandlerContext) => JsonObject | Promise<JsonObject>>
>;

export interface Reply {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Headers;
}

export interface StubbedBff {
  readonly url: string;
  /** `rpc` is "pkg.Service/Method". */
  send(rpc: string, request?: JsonObject, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Calls of the upstreams, in order: "Service/Method". */
  readonly upstreamCalls: readonly string[];
  close(): Promise<void>;
}

export interface StubbedOptions {
  readonly stubs: Stubs;
  /** Creates the client for upstreams, at the address of the stubs or others. Default: a client of the stubs. */
  readonly connect?: (url: string) => UnaryClient;
  /** The environment of all services, or of each by its name. */
  readonly env?: Readonly<Record<string, unknown>> | ((service: string) => object);
  readonly resolvers?: object;
  readonly functions?: object;
  /** Identity of the caller, if the BFF has one. */
  readonly identity?: Identity;
  readonly observer?: Observer;
  /** Default: a key of this process. */
  readonly pages?: Sealer;
}

export interface Stubbed {
  /** Each call returns a server with separate breakers and caches, like a separate process. */
  serve(options: StubbedOptions): Promise<StubbedBff>;
  /** Loads the exports of one of the files in `beside`. */
  load(name: string): Promise<Exported>;
  remove(): void;
}

/**
 * Generates a BFF. Throws the errors that the plugin reports. `beside` are files of the user, relative to `./gen`: name
 * → text.
 */
export async function stubbed(bff: Protos, beside: Readonly<Record<string, string>> = {}): Promise<Stubbed> {
  const dir = join(generated, `stubbed-${bff.name}-${process.pid}`);
  const gen = Object.entries(emitted(bff)).map(([name, text]) => [`gen/${name}`, text]);
  const files: Readonly<Record<string, string>> = { ...Object.fromEntries(gen), ...beside };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const load = async (ending: string) => {
    const names = Object.keys(files).filter((name) => name.endsWith(ending));
    return Promise.all(names.map(async (name) => (await import(pathToFileURL(join(dir, name)).href)) as Exported));
  };
  const modules = await load("_bff.ts");
  const known = (await load("_pb.ts")).flatMap((module) => Object.values(module).filter(isFile));
  const services = known.filter(({ proto }) => !bff.targets.includes(proto.name)).flatMap((file) => file.services);
  return {
    remove: () => rmSync(dir, { recursive: true, force: true }),
    load: async (name) => (await import(pathToFileURL(join(dir, name)).href)) as Exported,
    async serve({ stubs, connect = (url): UnaryClient => new GrpcClient(url), ...options }) {
      const upstreamCalls: string[] = [];
      const upstream = await upstreamOf(services, known, stubs, upstreamCalls);
      const client = connect(upstream.url);
      const server = await listen(
        modules.flatMap((module) => endpointsOf(module, client, options)),
        { types: known },
      );
      return {
        url: server.url,
        upstreamCalls,
        async send(rpc, request = {}, headers = {}) {
          const reply = await fetch(`${server.url}/${rpc}`, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(request),
          });
          return { status: reply.status, body: (await reply.json()) as JsonObject, headers: reply.headers };
        },
        async close() {
          await server.close(0);
          await client.close?.();
          upstream.close();
        },
      };
    },
  };
}

const PAGES = new Sealer([randomBytes(32)]);

type Exported = Readonly<Record<string, unknown>>;
type Make = (...inputs: readonly object[]) => unknown;

/** The services of a `_bff.ts`; one client serves whatever names the upstreams go by, since it looks at the path. */
function endpointsOf(
  module: Exported,
  client: UnaryClient,
  { env = {}, ...options }: Omit<StubbedOptions, "stubs" | "connect">,
): Endpoint[] {
  const makeUpstreams = module.createUpstreams as Make | undefined;
  const upstreams = makeUpstreams?.(new Proxy({}, { get: () => client }), {});
  const services = Object.entries(module).filter(([name]) => /^create.*Service$/.test(name));
  const envOf = (name: string) => (typeof env === "function" ? env(name.slice("create".length)) : env);
  // Counted here, as without Redis.
  const limits = module.LIMITS === undefined ? undefined : new Limits({ clock: systemClock, fault: () => {} });
  return services.flatMap(
    ([name, make]) => (make as Make)({ pages: PAGES, ...options, env: envOf(name), upstreams, limits }) as Endpoint[],
  );
}
const isFile = (value: unknown): value is DescFile => (value as { kind?: unknown } | null)?.kind === "file";

/** Runs protoc-gen-es and protoc-gen-bff on the protos; returns the files by name. */
function emitted(bff: Protos): Readonly<Record<string, string>> {
  const request = requestFor(bff.protos, bff.targets);
  const { response } = compileCase(request, bff.protos, "import_extension=ts");
  if (response.error !== "") throw new Error(response.error);
  return { ...messagesOf(request), ...Object.fromEntries(response.file.map(({ name, content }) => [name, content])) };
}

async function upstreamOf(
  services: readonly DescService[],
  known: readonly DescFile[],
  stubs: Stubs,
  upstreamCalls: string[],
): Promise<{ readonly url: string; close(): void }> {
  const registry = createRegistry(...known);
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => {
        for (const service of services) {
          const methods = service.methods.flatMap((method) => {
            const stub = stubs[`${service.typeName}/${method.name}`];
            if (stub === undefined) return [];
            const answer = async (request: never, context: HandlerContext) => {
              upstreamCalls.push(`${service.name}/${method.name}`);
              const json = toJson(method.input, request, { registry }) as JsonObject;
              return fromJson(method.output, await stub(json, context), { registry });
            };
            const streamed = async function* (request: never, context: HandlerContext) {
              upstreamCalls.push(`${service.name}/${method.name}`);
              const json = toJson(method.input, request, { registry }) as JsonObject;
              const { items } = await stub(json, context);
              for (const item of items as JsonObject[]) yield fromJson(method.output, item, { registry });
            };
            return [[method.localName, method.methodKind === "unary" ? answer : streamed]];
          });
          router.service(service, Object.fromEntries(methods) as Partial<ServiceImpl<DescService>>);
        }
      },
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}
