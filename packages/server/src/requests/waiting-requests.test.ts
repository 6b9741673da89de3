// Requests that wait for their answers: each one counts, on every path, and a caller with too many loses them before
// another one does.
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Listening, type ListenOptions, listen } from "../listen.ts";
import { type Kept, kindEndpoint, PATH } from "../testing/test-kinds.ts";

const ROOM = { maxPendingBytes: 2 << 20 };
/** More than the room holds of the lightest requests. */
const MANY = 600;
const CONNECTIONS = 3;

async function serving(slow: boolean, kept: Kept, options: ListenOptions): Promise<Listening> {
  const rest = [{ method: "POST", segments: ["kinds", "*"], body: "*" }];
  const server = await listen([{ ...kindEndpoint(slow, kept), rest }], { fault: () => {}, ...options });
  onTestFinished(() => server.close(0));
  return server;
}
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const json = (fileName: string): Uint8Array => Buffer.from(JSON.stringify({ fileName }));
const framed = (fileName: string): Uint8Array =>
  frame(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName })));

describe("unanswered requests over HTTP/2", () => {
  test.each<[string, boolean, string, string, (fileName: string) => Uint8Array]>([
    ["gRPC", false, PATH, "application/grpc", framed],
    ["Connect", false, PATH, "application/json", json],
    ["REST", false, "/kinds/x", "application/json", json],
    ["gRPC-Web, by Connect's adapter", true, PATH, "application/grpc-web+proto", framed],
  ])("%s: those of one caller are limited, and another caller's stay", async (_, slow, path, type, body) => {
    const kept: Kept = { running: 0, cancelled: 0 };
    const server = await serving(slow, kept, ROOM);
    const connect = (localAddress: string) => {
      const createConnection = () => net.connect({ port: server.port, host: "127.0.0.1", localAddress });
      const session = http2.connect(server.url, { createConnection }).on("error", () => {});
      onTestFinished(() => session.destroy());
      return session;
    };
    const send = (session: http2.ClientHttp2Session, fileName: string) => {
      const stream = session.request({ ":method": "POST", ":path": path, "content-type": type }).on("error", () => {});
      stream.end(body(fileName));
      return stream.resume();
    };
    const normal = send(connect("127.0.0.2"), "wait");
    let normalEnded = false;
    normal.on("close", () => {
      normalEnded = true;
    });
    await until(() => kept.running === 1);
    const sessions = Array.from({ length: CONNECTIONS }, () => connect("127.0.0.1"));
    let [ended, most] = [0, 0];
    for (let i = 0; i < MANY; i++)
      send(sessions[i % CONNECTIONS] as http2.ClientHttp2Session, "wait").on("close", () => {
        ended++;
      });
    await until(() => {
      most = Math.max(most, kept.running);
      return ended + kept.running > MANY;
    });
    expect(ended).toBeGreaterThan(MANY / 2);
    expect(most).toBeLessThan(MANY / 2);
    expect(normalEnded).toBe(false);
    const [answer] = await once(send(connect("127.0.0.2"), "x"), "response");
    expect(answer[":status"]).toBe(200);
  });
});

describe("unanswered requests over one connection of HTTP/1.1", () => {
  const post = (fileName: string, more = ""): string => {
    const body = JSON.stringify({ fileName });
    return `POST ${PATH} HTTP/1.1\r\nHost: a\r\n${more}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  test.each([
    ["on the fast path", false],
    ["by Connect's adapter", true],
  ])("%s: at most as many start as over HTTP/2, and all are answered finally", async (_, slow) => {
    const kept: Kept = { running: 0, cancelled: 0 };
    const server = await serving(slow, kept, { maxStreams: 40, maxPendingBytes: 40 << 20 });
    const socket = net.connect(server.port, "127.0.0.1").on("error", () => {});
    onTestFinished(() => void socket.destroy());
    socket.resume();
    socket.write(post("wait").repeat(500));
    await until(() => kept.running >= 40);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(kept.running).toBeLessThan(40 + 20); // those of a slice that was parsed already
    socket.destroy();
    await until(() => server.open === 0);

    let text = "";
    const other = net.connect(server.port, "127.0.0.1").setEncoding("latin1");
    onTestFinished(() => void other.destroy());
    other.on("data", (chunk: string) => {
      text += chunk;
    });
    other.write(post("x").repeat(300) + post("x", "Connection: close\r\n"));
    await once(other, "close");
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(301);
  });
});
