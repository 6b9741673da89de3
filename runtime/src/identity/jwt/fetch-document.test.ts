// Holds docs/runtime.md#tokens
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { JwtRig } from "../../testing/jwt-rig.ts";
import { fetchDocument, isTrustworthy, MAX_DOCUMENT_BYTES } from "./fetch-document.ts";
import { problemOfIssuer } from "./locate-keys.ts";

// Against real servers on loopback.

let server: Server | undefined;
async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});
const patient = new AbortController().signal;

describe("a document", () => {
  test("a document is the server's answer, with its declared age", async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.url, request.headers.accept, request.headers["accept-encoding"], request.headers.cookie);
      response.writeHead(200, { "cache-control": "max-age=5" }).end('{"ok":true}');
    });
    expect(await fetchDocument(`${url}/a?b=c`, patient)).toEqual({ text: '{"ok":true}', cacheControl: "max-age=5" });
    expect(seen).toEqual(["/a?b=c", "application/json", "identity", undefined]);
  });

  test.each([301, 302, 303, 307, 308, 204, 206, 304, 404, 503])(
    "an answer with status %i is refused, without following redirects",
    async (status) => {
      let requests = 0;
      const url = await serve((_, response) => {
        requests++;
        response.writeHead(status, { location: "/elsewhere" }).end();
      });
      await expect(fetchDocument(url, patient)).rejects.toThrow(`answers with status ${status}`);
      expect(requests).toBe(1);
    },
  );

  test.each([MAX_DOCUMENT_BYTES, MAX_DOCUMENT_BYTES + 1])("a document has %i bytes", async (bytes) => {
    const url = await serve((_, response) => response.end("x".repeat(bytes)));
    const fetched = fetchDocument(url, patient);
    if (bytes <= MAX_DOCUMENT_BYTES) expect((await fetched).text).toHaveLength(bytes);
    else await expect(fetched).rejects.toThrow("answers with more than 262144 bytes");
  });

  test("an endless document is abandoned, and its connection closed", async () => {
    const closed = Promise.withResolvers<void>();
    const url = await serve((request, response) => {
      request.socket.on("close", () => closed.resolve());
      const more = (): void => {
        if (!response.destroyed && response.write("x".repeat(65_536))) setImmediate(more);
        else response.once("drain", more);
      };
      more();
    });
    await expect(fetchDocument(url, patient)).rejects.toThrow("answers with more than");
    await closed.promise;
  });

  test("a truncated document is refused", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => response.destroy());
    });
    await expect(fetchDocument(url, patient)).rejects.toThrow();
  });

  test("an answer that is not HTTP is refused", async () => {
    const url = await serve(() => {});
    server?.on("connection", (socket: Socket) => socket.end("nonsense\r\n\r\n"));
    await expect(fetchDocument(url, patient)).rejects.toThrow();
  });
});

test.each(["before its headers", "in its body"])(
  "an issuer that hangs %s is abandoned after 5 s of the clock",
  async (where) => {
    const arrival = Promise.withResolvers<Socket>();
    const url = await serve((request, response) => {
      if (where === "in its body") response.writeHead(200).write("{");
      arrival.resolve(request.socket);
    });
    const rig = await JwtRig.open({ keys: { place: { kind: "address", address: url }, fetch: fetchDocument } });
    const socket = await arrival.promise;
    const closed = once(socket, "close");
    await rig.issuer.clock.advance(4_999);
    expect(rig.faults).toEqual([]);
    await rig.issuer.clock.advance(1);
    expect(rig.faults).toEqual([expect.stringMatching(/^https?:\S+: does not answer within 5 s$/)]);
    await closed;
    await rig.source.close();
  },
);

test.each([
  ["https://issuer.example", true],
  ["https://issuer.example:8443/a?b=c", true],
  ["http://127.0.0.1:8080/keys", true],
  ["http://localhost/keys", true],
  ["http://[::1]:1/keys", true],
  ["http://issuer.example", false],
  ["http://127.0.0.1.issuer.example", false],
  ["http://localhost.issuer.example", false],
  ["http://0.0.0.0", false],
  ["https://user@issuer.example", false],
  ["https://:password@issuer.example", false],
  ["https://issuer.example/#", false],
  ["file:///etc/keys", false],
  ["data:application/json,{}", false],
  ["issuer.example", false],
  ["", false],
])("keys may come from %s: %j", (address, may) => {
  expect(isTrustworthy(address)).toBe(may);
});

test("an issuer with a query has no discovery document", () => {
  expect(problemOfIssuer("https://issuer.example/a?b")).toBe("has a query in it");
  expect(problemOfIssuer("issuer")).toBe("is neither an https address nor one on loopback");
  expect(problemOfIssuer("https://issuer.example/a")).toBeUndefined();
});
