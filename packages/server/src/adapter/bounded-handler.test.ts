import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { createRegistry } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { addBounded } from "@protobff/runtime/internal/routes/bounded-handler";
import { maskNames } from "@protobff/runtime/internal/routes/mask-names";
import { expect, onTestFinished, test } from "vitest";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";

test("with a custom server, pieces of a body that other code keeps stay intact", async () => {
  const json = { registry: createRegistry(), compresses: true };
  const bounds = { maxBytes: 1 << 20, maxElements: 10_000, masks: maskNames(createRegistry()), json };
  const serve = connectNodeAdapter({
    routes: (router) => void addBounded(router, bounds, () => kindEndpoint(true).route(router)),
  });
  const kept: Buffer[] = [];
  const server = http.createServer((request, response) => {
    const push = request.push.bind(request);
    request.push = (piece: Buffer | null) => {
      if (piece !== null) kept.push(piece);
      return push(piece);
    };
    serve(request, response);
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");

  const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), Buffer.from(`{"fileName":"${"n".repeat(400_000)}"}`)]);
  message.writeUInt32BE(message.length - 5, 1);
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`, {
    method: "POST",
    headers: { "content-type": "application/grpc-web+json" },
    body: message,
  });
  expect(await response.text()).toContain("n".repeat(400_000));
  expect(Buffer.concat(kept).equals(message)).toBe(true);
});
