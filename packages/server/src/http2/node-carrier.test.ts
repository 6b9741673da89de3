import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { NodeCarrier } from "./node-carrier.ts";

/** Returns the events of a request after `leave` has ended it, in the middle or at its end. */
async function eventsOf(leave: (request: http2.ClientHttp2Stream) => void): Promise<readonly string[]> {
  const all: string[] = [];
  const server = http2.createServer();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.on("stream", (stream) => {
    const carrier = new NodeCarrier(stream);
    carrier.listen({
      data: (chunk) => all.push(`data ${chunk.length}`),
      end() {
        all.push("end");
        carrier.answer(200, [], undefined, undefined, false);
      },
      close() {
        all.push("close");
        resolve();
      },
    });
    carrier.continue();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on("error", () => {});
  const request = client.request({ ":method": "POST" });
  request.on("error", () => {});
  await once(request, "continue");
  leave(request);
  await closed;
  client.destroy();
  server.close();
  return all;
}

test("a request whose connection is lost during its body is incomplete", async () => {
  expect(await eventsOf((request) => request.session?.socket?.destroy())).toEqual(["close"]);
  expect(await eventsOf((request) => request.end("abc"))).toEqual(["data 3", "end", "close"]);
});
