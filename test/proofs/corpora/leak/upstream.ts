// The upstream of leak.corpora.test.ts, as a separate process: node upstream.ts <folder of the generated code>
// Each answer names the caller of its call. Latencies are shuffled, and some calls fail, so that answers overtake each
// other.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";

const load = async (file: string): Promise<Readonly<Record<string, DescMessage>>> =>
  (await import(pathToFileURL(join(process.argv[2] ?? "", file)).href)) as Readonly<Record<string, DescMessage>>;
const schemas = {
  ...(await load("leak/v1/leak_pb.ts")),
  ...(await load("lup/v1/lup_pb.ts")),
  ...(await load("bff/v1/identity_pb.ts")),
};
type Fields = Message & Readonly<Record<string, unknown>>;
function schemaOf(name: string): DescMessage {
  const found = schemas[`${name}Schema`];
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}
const decoded = (name: string, bytes: Uint8Array): Fields => fromBinary(schemaOf(name), bytes) as Fields;
const framed = (name: string, fields: Record<string, unknown>): Buffer => {
  const bytes = toBinary(schemaOf(name), create(schemaOf(name), fields));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};
const bytesOf = (header: unknown): Buffer => Buffer.from(String(header), "base64");

/** Reads the subject that a call carries, by the way in which its service receives it. */
const CALLERS: Readonly<Record<string, (headers: IncomingHttpHeaders) => unknown>> = {
  Plain: (headers) => decoded("Caller", bytesOf(headers["x-principal-bin"])).subject,
  Signed: (headers) => {
    const { assertion } = decoded("SignedPrincipal", bytesOf(headers["x-principal-signed-bin"]));
    const { principal } = decoded("PrincipalAssertion", assertion as Uint8Array);
    return decoded("Caller", principal as Uint8Array).subject;
  },
  Token: ({ authorization = "" }) =>
    (JSON.parse(bytesOf(authorization.split(".")[1]).toString()) as { readonly sub: unknown }).sub,
  Shared: (headers) => headers["x-tag"] ?? "",
};

/** Reports whether a caller may follow the key "c". */
const mayFollow = (subject: string): boolean => subject.endsWith("0");
let answers = 0;

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer): Promise<void> {
  const [, service = "", method = ""] = /^\/lup\.v1\.(\w+)Service\/(\w+)$/.exec(String(headers[":path"])) ?? [];
  await pause(Math.random() * (method === "Slow" ? 120 : Math.random() < 0.05 ? 96 : 8));
  if (stream.destroyed) return;
  const status = Math.random() < 0.03 ? (Math.random() < 0.5 ? "14" : "13") : "0";
  if (status !== "0" && Math.random() < 0.3) return stream.close(Math.random() < 0.5 ? 7 : 2);
  const began = { ":status": 200, "content-type": "application/grpc" };
  if (status !== "0") return stream.respond({ ...began, "grpc-status": status }, { endStream: true });
  if (Math.random() < 0.0003) return stream.session?.destroy();
  stream.respond(began, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  if (method === "Watch") return watch(stream, decoded("WatchRequest", body));
  const who = CALLERS[service]?.(headers);
  if (method === "Batch") {
    const { ids } = decoded("BatchRequest", body);
    stream.end(framed("BatchReply", { items: (ids as string[]).map((id) => ({ id, who })) }));
    return;
  }
  const request = decoded("WhoRequest", body);
  const allowed = request.key !== "live-c" || mayFollow(String(request.who));
  if (method === "Check") stream.end(framed("CheckReply", { allowed, who: request.who }));
  else stream.end(framed("WhoReply", { who, key: request.key, asked: request.who, n: ++answers }));
}
async function watch(stream: ServerHttp2Stream, { key, after }: Fields): Promise<void> {
  for (let seq = BigInt(String(after)) + 1n; !stream.destroyed; seq++) {
    stream.write(framed("Event", { seq, key }));
    await pause(60 + Math.random() * 120);
    if (Math.random() < 0.01) return stream.close(2);
  }
}

const server = createServer({ settings: { maxConcurrentStreams: 1000 }, streamResetBurst: 1e6, streamResetRate: 1e6 });
server.on("sessionError", () => {});
server.on("stream", (stream, headers) => {
  const chunks: Buffer[] = [];
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => void answer(stream, headers, Buffer.concat(chunks).subarray(5)).catch(() => stream.close(2)));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
