import { once } from "node:events";
import * as http2 from "node:http2";
import { create } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { type Listenable, type Listening, listen } from "../listen.ts";
import { KindService, kindEndpoint, PATH } from "../testing/test-kinds.ts";

async function serving(endpoint: Listenable): Promise<{ server: Listening; faults: string[] }> {
  const faults: string[] = [];
  const server = await listen([endpoint], { fault: (what, cause) => void faults.push(`${what}: ${String(cause)}`) });
  onTestFinished(() => server.close(0));
  return { server, faults };
}
const JSON_POST = { method: "POST", headers: { "content-type": "application/json" } };
const big = JSON.stringify({ fileName: "big:30000000" });

test("a client that disconnects during its answer is not a server fault", async () => {
  const { server, faults } = await serving(kindEndpoint(true));
  for (let i = 0; i < 5; i++) {
    const client = http2.connect(server.url);
    const stream = client.request({ ":method": "POST", ":path": PATH, "content-type": "application/json" });
    stream.on("error", () => {});
    stream.end(big);
    await once(stream, "response");
    client.destroy();
    const gone = new AbortController();
    const answer = await fetch(server.url + PATH, { ...JSON_POST, body: big, signal: gone.signal });
    expect(answer.status).toBe(200);
    gone.abort();
  }
  await server.close(0);
  expect(faults).toEqual([]);
});

test("an answer with invalid headers ends its request, and is reported", async () => {
  const method = KindService.method.get;
  const { server, faults } = await serving({
    method,
    route: (router) =>
      void router.rpc(method, (_, context) => {
        context.responseHeader.set("x-odd", "a\u0001b");
        return create(SourceContextSchema);
      }),
  });
  await expect(fetch(server.url + PATH, { ...JSON_POST, body: "{}" })).rejects.toThrow("fetch failed");
  expect(faults).toEqual([expect.stringContaining(`cannot answer ${PATH}: ConnectError`)]);
});
