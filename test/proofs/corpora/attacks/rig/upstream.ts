// The upstream of the attacked BFF, as a separate process: node upstream.ts <folder of the generated code>
// LATENCY_MS: time that each answer takes, in milliseconds. On a message it returns the number of calls: { calls,
// cancelled }.
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

/** Fields of the requests of up/v1/up.proto that the methods read. */
interface EchoRequest {
  readonly key: string;
  readonly size: number;
  readonly ids: readonly string[];
  readonly tree?: object;
  readonly after: bigint;
}

const { EchoService } = (await import(pathToFileURL(join(process.argv[2] ?? "", "up/v1/up_pb.ts")).href)) as {
  readonly EchoService: DescService;
};
const latencyMs = Number(process.env.LATENCY_MS ?? 0);
let calls = 0;
let cancelled = 0;

async function begun(context: HandlerContext): Promise<void> {
  calls++;
  context.signal.addEventListener("abort", () => {
    cancelled++;
  });
  if (latencyMs > 0) await pause(latencyMs);
}
async function echo({ key, size }: EchoRequest, context: HandlerContext) {
  await begun(context);
  const header = (name: string) => context.requestHeader.get(name) ?? "";
  const [auth, tenant, baggage] = ["authorization", "x-tenant", "baggage"].map(header);
  return { auth, tenant, baggage, key, filler: "x".repeat(size), n: calls };
}
/** One item, and then nothing more until the caller leaves. */
async function* watch({ key, after }: EchoRequest, context: HandlerContext) {
  await begun(context);
  yield { seq: after + 1n, key };
  if (!context.signal.aborted) await once(context.signal, "abort");
}
const handler = connectNodeAdapter({
  readMaxBytes: 64 << 20,
  routes: (router) => {
    router.service(EchoService, {
      whoAmI: echo,
      plain: echo,
      batchGet: async ({ ids }: EchoRequest, context: HandlerContext) => {
        await begun(context);
        return { items: ids.map((id) => ({ id, auth: context.requestHeader.get("authorization") ?? "" })) };
      },
      getTree: async ({ tree }: EchoRequest, context: HandlerContext) => {
        await begun(context);
        return tree ?? {};
      },
      watch,
    } as unknown as ServiceImpl<DescService>);
  },
});
// Calls that are cancelled come as resets: it is not this process that is to notice.
// Node refuses streams of a connection that holds 10 MB by default: three requests of 4 MB at once.
const server = createServer({ streamResetBurst: 1e6, streamResetRate: 1e6, maxSessionMemory: 1_000 }, handler);
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.on("message", () => process.send?.({ calls, cancelled }));
process.on("disconnect", () => process.exit(1));
