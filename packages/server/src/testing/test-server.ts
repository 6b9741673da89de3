// For tests only: what a generated server.ts looks like. It asks the upstream to echo, and says it again.
import { create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Upstream } from "@protobff/runtime/internal/call/upstream";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { serve } from "../serve.ts";
import { EchoService } from "./test-echo.ts";

const method = EchoService.method.echo;

await serve({
  name: "echo.v1",
  services: [EchoService],
  upstreams: { echo: EchoService },
  env: (read) => ({
    GREETING: read.string("GREETING", "hi "),
    TIMES: read.int("TIMES", "1"),
    TTL_MS: read.int("TTL_MS", "0"),
  }),
  create: ({ clients, env, cache, observer }) => {
    const echo = new Upstream(EchoService.typeName, clients.echo, {}, { cache, observer }).unary(method, {
      timeoutMs: 30_000,
      cache: { ttlMs: Number(env.TTL_MS) },
    });
    return [
      endpoint(
        method,
        { echo },
        {
          timeoutMs: 60_000,
          observer,
          telemetry: {
            meters: [
              {
                name: "letters",
                by: (_cx, _args, { value }) => value.length,
                labels: [{ name: "long", by: (_cx, _args, { value }) => value.length > 20 }],
              },
            ],
          },
          compose: async (cx, args) => {
            const { value } = await cx.call(cx.app.echo, { value: args.value });
            return create(StringValueSchema, { value: env.GREETING + value.repeat(Number(env.TIMES)) });
          },
        },
      ),
    ];
  },
});
