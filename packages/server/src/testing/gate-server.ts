// For tests only: what a generated server.ts of a package with an identity looks like.
import { create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { Upstream } from "@protobff/runtime/internal/call/upstream";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { identity } from "@protobff/runtime/internal/identity/identity-spec";
import { peer } from "@protobff/runtime/internal/identity/network/peer";
import { trusted } from "@protobff/runtime/internal/identity/network/trusted-source";
import { BEARER, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { serve } from "../serve.ts";
import { EchoService } from "./test-echo.ts";

const method = EchoService.method.echo;
const { promise: opened, resolve: open } = Promise.withResolvers<void>();

await serve({
  name: "gate.v1",
  services: [EchoService],
  upstreams: { echo: EchoService },
  env: (read) => ({ ISSUER: read.string("ISSUER") }),
  identity: ({ ISSUER }) => {
    const user = sourceOf("user", BEARER);
    return identity(PrincipalSchema, [
      {
        ...user,
        configure: (settings) => {
          if (!ISSUER.startsWith("https://")) settings.fault("ISSUER", "is no address", "https://…");
        },
        open: async (parts) => {
          const source = await user.open(parts);
          const routes = new Map([
            [
              "/open",
              () => {
                open();
                return { status: 200 };
              },
            ],
          ]);
          const close = async (): Promise<void> => void process.stdout.write("identity closed\n");
          return { ...source, opened, routes, close };
        },
      },
      trusted({ name: "gateway", header: "x-gateway" }),
      ...(process.env.BROWSER === "1"
        ? [{ ...sourceOf("browser", { kind: "cookie", name: "__Host-session" } as const), byCookie: true }]
        : []),
      ...(process.env.MESH === "1" ? [peer({ name: "mesh" })] : []),
    ]);
  },
  create: ({ clients, identity: judging, observer }) => {
    const echo = new Upstream(EchoService.typeName, clients.echo, {}, { observer }).unary(method, { timeoutMs: 5_000 });
    return [
      endpoint(
        method,
        { echo },
        {
          timeoutMs: 10_000,
          observer,
          identity: judging,
          permit: { scopes: ["read"] },
          compose: async (cx, args) => {
            const { value } = await cx.call(cx.app.echo, { value: args.value });
            return create(StringValueSchema, { value });
          },
        },
      ),
    ];
  },
});
