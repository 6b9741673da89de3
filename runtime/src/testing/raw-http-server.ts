// A server of HTTP/1.1 made of bytes: it reads requests without node:http, and a test writes the answers.
import { once } from "node:events";
import * as net from "node:net";
import { onTestFinished } from "vitest";

/** Parts of a received request. Bytes of the body are its characters. */
export interface RawRequest {
  readonly line: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
/** Writes to the socket of a request; connections, and requests of each, count from 1. */
export type RawAnswer = (socket: net.Socket, seen: RawRequest, connection: number, request: number) => void;

export interface RawServer {
  readonly url: string;
  readonly seen: RawRequest[];
  readonly connections: () => number;
  readonly close: () => void;
}

/** Listens on loopback until the test is over. */
export async function rawHttpServer(answer: RawAnswer): Promise<RawServer> {
  const seen: RawRequest[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const listening = net.createServer((socket) => {
    const connection = ++connections;
    let requests = 0;
    let text = "";
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (;;) {
        const found = requestIn(text);
        if (found === undefined) return;
        text = text.slice(found.length);
        seen.push(found.request);
        answer(socket, found.request, connection, ++requests);
      }
    });
  });
  const close = (): void => {
    listening.close();
    for (const socket of sockets) socket.destroy();
  };
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  onTestFinished(close);
  const { port } = listening.address() as net.AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, connections: () => connections, close };
}

/** Returns the request at the beginning of a text, once it is complete. */
function requestIn(text: string): { readonly request: RawRequest; readonly length: number } | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...rest] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    rest.map((header) => {
      const colon = header.indexOf(":");
      return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
    }),
  );
  const length = end + 4 + Number(headers["content-length"] ?? 0);
  return text.length < length ? undefined : { request: { line, headers, body: text.slice(end + 4, length) }, length };
}

/** Bytes of an answer. */
export const rawAnswer = (status: string, headers: readonly string[], body: string | Buffer = ""): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`),
    Buffer.from(body),
  ]);
