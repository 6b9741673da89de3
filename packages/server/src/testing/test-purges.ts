// For tests only: a server with cached answers, each with a number and a tag.
import { create } from "@bufbuild/protobuf";
import { type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { serve } from "../serve.ts";
import { EchoService } from "./test-echo.ts";

let composed = 0;

await serve({
  name: "echo.v1",
  services: [EchoService],
  upstreams: {},
  env: () => ({}),
  tagged: true,
  purges: [
    {
      subject: "orders.*.events",
      jetstream: "ORDERS",
      digest: "1",
      type: StringValueSchema,
      tags: ({ value }: StringValue) => [["value:", value === "" ? undefined : value]],
    },
  ],
  create: ({ cache, observer }) => [
    endpoint(
      EchoService.method.echo,
      {},
      {
        timeoutMs: 60_000,
        ...(observer !== undefined && { observer }),
        cache: {
          answers: cache,
          ttlMs: 3_600_000,
          plan: "1",
          tags: (_, { value }: StringValue) => [["value:", value]],
        },
        compose: async () => create(StringValueSchema, { value: `${process.pid} ${++composed}` }),
      },
    ),
  ],
});
