// For tests only: a server that does what the value of a request says, so that tests see which process answers, and what becomes of it.
import { existsSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { serve } from "../serve.ts";
import { EchoService } from "./test-echo.ts";

await serve({
  name: "echo.v1",
  services: [EchoService],
  upstreams: {},
  env: (read) => ({ BROKEN: read.string("BROKEN", "") }),
  create: ({ env, observer }) => {
    if (existsSync(env.BROKEN)) throw new Error("this version is broken");
    return [
      endpoint(
        EchoService.method.echo,
        {},
        {
          timeoutMs: 60_000,
          ...(observer !== undefined && { observer }),
          compose: async (_, args: StringValue) => create(StringValueSchema, { value: await obey(args.value) }),
        },
      ),
    ];
  },
});

async function obey(value: string): Promise<string> {
  const [what, of] = value.split(" ");
  switch (what) {
    case "pid":
      return String(process.pid);
    case "wait":
      await new Promise((resolve) => setTimeout(resolve, Number(of)));
      return String(process.pid);
    case "never":
      process.stderr.write("asked\n");
      return new Promise(() => {});
    case "die":
      process.exit(Number(of));
      return "";
    default:
      return value;
  }
}
