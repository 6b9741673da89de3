// The BFF of this folder over an upstream that holds its calls. Messages go in and out as JSON.
import { rmSync } from "node:fs";
import {
  type DescMethod,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { GrpcClient } from "@protobff/runtime";
import { listen } from "../../../packages/server/src/listen.ts";
import { isUnary } from "../../bffs/second/registry.ts";
import { protosIn } from "../../proofs/load/bffs.ts";
import { generate, instanceOf, modulesOf } from "../../proofs/load/generate-bff.ts";
import { irOf } from "../../proofs/load/load.ts";
import { type Held, startGated } from "../../support/upstreams/gated-upstream.ts";

const bff = {
  name: "gather",
  protos: { ...protosIn("test/proofs/matrix/proto"), ...protosIn("test/features/composition/proto") },
  targets: ["gather/v1/gather.proto"],
};

/** A call that the upstream holds. */
export interface Call extends Pick<Held, "fail" | "gone"> {
  /** "NoteService/Get a": the method, and the id or the ids that it is about. */
  readonly name: string;
  readonly ids: readonly string[];
  answer(message: JsonValue): void;
}

export interface World {
  /** By its name: of GatherService, or as "OrderService/Name". */
  send(rpc: string, request: JsonValue): Promise<JsonObject>;
  /** Resolves when `count` calls have arrived in all; with those from `from` on. */
  calls(count: number, from?: number): Promise<readonly Call[]>;
  /** Number of calls that have arrived. */
  readonly count: number;
  close(): Promise<void>;
}

/** Generates once; each world has separate breakers, limits and connections, like a separate process. */
export async function gather(): Promise<{ start(): Promise<World>; remove(): void }> {
  const ir = irOf(bff, true);
  const dir = generate(bff, true);
  const modules = await modulesOf(bff, dir);
  const method = (service: string, name: string | undefined): DescMethodUnary => {
    const found: DescMethod | undefined = ir.registry
      .getService(service)
      ?.methods.find((candidate) => candidate.name === name);
    if (!isUnary(found)) throw new Error(`no rpc ${service}/${name}`);
    return found;
  };
  const call = (held: Held): Call => {
    const [service = "", name] = held.method.split("/");
    const { input, output } = method(service, name);
    const { id, ids } = toJson(input, fromBinary(input, held.request)) as { id?: string; ids?: string[] };
    const keys = ids ?? [id ?? ""];
    return {
      name: `${service.split(".").at(-1)}/${name} ${keys.join()}`,
      ids: keys,
      answer: (message) => held.answer(toBinary(output, fromJson(output, message))),
      fail: held.fail,
      gone: held.gone,
    };
  };
  return {
    remove: () => rmSync(dir, { recursive: true, force: true }),
    async start() {
      const upstream = await startGated();
      const client = new GrpcClient(upstream.url);
      const server = await listen(instanceOf(modules, client, {}, {}).endpoints);
      const sessionManager = new Http2SessionManager(server.url);
      const transport = createGrpcTransport({ baseUrl: server.url, sessionManager });
      return {
        async send(rpc, request) {
          const [service, name] = rpc.includes("/") ? rpc.split("/") : ["GatherService", rpc];
          const { input, output, ...rest } = method(`gather.v1.${service}`, name);
          const desc = { ...rest, input, output } as DescMethodUnary;
          const { message } = await transport.unary(desc, undefined, undefined, {}, fromJson(input, request));
          return toJson(output, message) as JsonObject;
        },
        calls: async (count, from = 0) => (await upstream.arrivals(count)).slice(from).map(call),
        get count() {
          return upstream.arrived.length;
        },
        async close() {
          sessionManager.abort();
          await server.close(0);
          await upstream.close();
          await client.close();
        },
      };
    },
  };
}
