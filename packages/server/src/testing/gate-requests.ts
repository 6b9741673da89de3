// For tests only: raw requests to an rpc behind a gate.
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { BEARER, GATE_PATH, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import type { Served } from "./all-protocols.ts";

const KEY = { kind: "header", name: "x-api-key", scheme: undefined } as const;
export const SOURCES = [
  sourceOf("user", BEARER),
  sourceOf("robot", BEARER),
  sourceOf("key", KEY),
  sourceOf("browser", { kind: "cookie", name: "sid" }),
];

export const bytes = (fileName: string): Buffer =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName })));

export async function sendH2(
  { url }: Served,
  headers: http2.OutgoingHttpHeaders | string[],
  body: Uint8Array | string,
): Promise<{ headers: http2.IncomingHttpHeaders; body: string; status: string }> {
  const session = http2.connect(url, { strictSingleValueFields: false } as http2.ClientSessionOptions); // node's types lag
  try {
    const stream = session.request(headers as http2.OutgoingHttpHeaders);
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on("trailers", (fields) => {
      trailers = fields;
    });
    if (!stream.writableEnded) stream.end(body);
    const [responseHeaders] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    const chunks: Buffer[] = await stream.toArray();
    const status = String(trailers["grpc-status"] ?? responseHeaders["grpc-status"] ?? responseHeaders[":status"]);
    return { headers: responseHeaders, body: Buffer.concat(chunks).toString(), status };
  } finally {
    session.destroy();
  }
}
/** The status line and body of what a connection answers. */
export async function sendRaw({ port }: Served, text: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(text);
  const chunks: Buffer[] = await socket.toArray();
  return Buffer.concat(chunks).toString("latin1");
}
export const post = (headers: readonly string[], body = "{}"): string =>
  [`POST ${GATE_PATH} HTTP/1.1`, "Host: a", "Content-Type: application/json", "Connection: close", ...headers]
    .concat(`Content-Length: ${body.length}`, "", body)
    .join("\r\n");
