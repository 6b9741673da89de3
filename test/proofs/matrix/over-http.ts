// The matrix over HTTP/JSON: every rpc is POST /package.Service/Method with all of its request as the body.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import {
  createRegistry,
  type DescMethodUnary,
  fromBinary,
  fromJsonString,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { HttpJsonClient } from "../../../runtime/src/transport/http-json/index.ts";
import type { Fault } from "./faults.ts";
import type { Answer, FaultyUpstream } from "./faulty-upstream.ts";
import { type HttpPlay, type HttpResponse, httpFaults } from "./http-faults.ts";
import type { Over } from "./matrix.ts";

/** Largest reply, in bytes; small, so that a reply above it is cheap. */
const MAX_BYTES = 1 << 20;
/** Well within the shortest timeout of all BFFs, 60 ms. */
const SLOW_MS = 15;
const TRICKLE_MS = 5;
const JSON_TYPE = { "content-type": "application/json" };
const BOMB = gzipSync(Buffer.alloc(MAX_BYTES + 1, " "));

export const overHttp: Over = {
  faults: httpFaults,
  client(url, methods) {
    const rules = methods.map((rpc) => ({
      rpc,
      method: "POST",
      segments: [rpc.parent.typeName, rpc.name],
      body: "*",
    }));
    return new HttpJsonClient(url, { rules, maxReplyBytes: MAX_BYTES });
  },
  start: startHttp,
};

/** Every request meets `play`. */
async function startHttp(
  play: Fault["play"],
  answer: Answer,
  methods: readonly DescMethodUnary[],
): Promise<FaultyUpstream> {
  const plays = play === "answer" ? "answer" : typeof play === "object" && "http" in play ? play.http : undefined;
  if (plays === undefined) throw new Error(`${JSON.stringify(play)} is not played over HTTP`);
  const rpcs = new Map(methods.map((rpc) => [`/${rpc.parent.typeName}/${rpc.name}`, rpc]));
  const registry = createRegistry(...methods.map((rpc) => rpc.parent.file));
  const waiting = new Set<() => void>();
  let open = 0;
  const replyTo = (path: string, body: string): Buffer => {
    const rpc = rpcs.get(path);
    if (rpc === undefined) throw new Error(`no rpc ${path}`);
    const request = toBinary(rpc.input, fromJsonString(rpc.input, body, { registry }));
    return Buffer.from(toJsonString(rpc.output, fromBinary(rpc.output, answer(path, request)), { registry }));
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    open++;
    response.on("close", () => {
      if (--open === 0) for (const wake of waiting) wake();
    });
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () =>
      perform(plays, request, response, replyTo(request.url ?? "", Buffer.concat(chunks).toString())),
    );
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return open;
    },
    async idle() {
      if (open > 0) await new Promise<void>((resolve) => waiting.add(resolve));
      waiting.clear();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A table of what may be played. */
function perform(play: HttpPlay | "answer", request: IncomingMessage, response: ServerResponse, reply: Buffer): void {
  if (response.destroyed) return;
  if (typeof play === "object") {
    write(response, play, reply);
    return;
  }
  const { socket } = request;
  const half = reply.subarray(0, Math.max(1, reply.length >> 1));
  const whole = { ...JSON_TYPE, "content-length": reply.length };
  switch (play) {
    case "answer":
      response.writeHead(200, whole).end(reply);
      break;
    case "cut before the head":
      socket.end();
      break;
    case "cut in the head":
      socket.end("HTTP/1.1 200 OK\r\ncontent-ty");
      break;
    case "cut in the body":
      response.writeHead(200, whole).write(half, () => socket.end());
      break;
    case "cut between chunks":
      response.writeHead(200, JSON_TYPE).write(reply, () => socket.end());
      break;
    case "reset before the head":
      socket.resetAndDestroy();
      break;
    case "reset in the body":
      response.writeHead(200, whole).write(half, () => socket.resetAndDestroy());
      break;
    case "hang":
      break;
    case "hang in the body":
      response.writeHead(200, whole).write(half);
      break;
    case "trickle":
      trickle(response.writeHead(200, JSON_TYPE), reply);
      break;
    case "trickle for ever":
      response.writeHead(200, JSON_TYPE);
      every(response, TRICKLE_MS, () => response.write(" "));
      break;
    case "slow":
      setTimeout(() => response.destroyed || response.writeHead(200, whole).end(reply), SLOW_MS);
      break;
    case "half of the JSON":
      response.writeHead(200, { ...JSON_TYPE, "content-length": half.length }).end(half);
      break;
    case "no HTTP":
      socket.end("SSH-2.0-OpenSSH_9.6\r\n");
      break;
    case "another protocol":
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n");
      break;
    case "oversize":
      response.writeHead(200, { ...JSON_TYPE, "content-length": MAX_BYTES + 1 }).write(half);
      break;
    case "oversize, decompressed":
      response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end(BOMB);
      break;
    case "broken gzip":
      response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end(reply);
      break;
    case "gzip":
      response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end(gzipSync(reply));
      break;
  }
}

function write(response: ServerResponse, { status, headers, body }: HttpResponse, reply: Buffer): void {
  response.writeHead(status, { ...headers });
  if (body === undefined) response.end();
  else if (typeof body === "string") response.end(body);
  else response.end("good" in body ? reply : Buffer.from(body.base64, "base64"));
}

/** Writes the first bytes one by one, the rest in a few pieces, each in a separate chunk and turn. */
function trickle(response: ServerResponse, reply: Buffer): void {
  const piece = Math.max(1, Math.ceil(reply.length / 6));
  let at = 0;
  const next = (): void => {
    if (response.destroyed) return;
    if (at >= reply.length) {
      response.end();
      return;
    }
    const end = at < 8 ? at + 1 : at + piece;
    response.write(reply.subarray(at, end), () => setImmediate(next));
    at = end;
  };
  next();
}

function every(response: ServerResponse, ms: number, run: () => void): void {
  const timer = setInterval(run, ms);
  response.on("close", () => clearInterval(timer));
}
