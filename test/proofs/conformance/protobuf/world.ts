// A generated BFF over the suite's messages, with its upstreams, in this process.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  create,
  createFileRegistry,
  type DescMethodUnary,
  type DescService,
  type FileRegistry,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Listenable, listen } from "../../../../packages/server/src/listen.ts";
import { GrpcClient } from "../../../../runtime/src/index.ts";
import { HttpJsonClient } from "../../../../runtime/src/transport/http-json/http-json-client.ts";
import type { HttpRule } from "../../../../runtime/src/transport/http-json/http-rule.ts";
import { compileCase } from "../../../support/golden.ts";
import { messagesOf } from "../../../support/messages.ts";
import { requestFor } from "../../../support/request.ts";
import { BFF_PROTOS } from "./bff-protos.ts";

export interface World {
  readonly url: string;
  /** Message that the upstream received last, with the header `x-case` of its request. */
  received(): Received;
  /** JSON body that the HTTP upstream received last, with its `x-case`. */
  receivedBody(): Received;
  /** Types of the suite. */
  readonly registry: FileRegistry;
  close(): Promise<void>;
}

export interface Received {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Generated code of the BFF, as far as the world uses it. */
interface Generated {
  readonly createUpstreams: (clients: object) => object;
  readonly createConfService: (deps: object) => Listenable[];
  readonly [name: string]: unknown;
}

export async function openWorld(): Promise<World> {
  const folder = fileURLToPath(new URL(`.generated/bff-${process.pid}`, import.meta.url));
  const wire = await wireUpstream();
  const json = await jsonUpstream();
  const generated = await generate(folder);
  const clients = { wire: new GrpcClient(wire.url), json: new HttpJsonClient(json.url, { rules: generated.rules }) };
  const upstreams = generated.bff.createUpstreams(clients);
  const bff = await listen(generated.bff.createConfService({ upstreams, env: {} }), { host: "127.0.0.1", port: 0 });
  return {
    url: bff.url,
    received: wire.received,
    receivedBody: json.received,
    registry: generated.registry,
    close: async () => {
      await bff.close(0);
      await Promise.all([clients.wire.close(), clients.json.close()]);
      wire.close();
      json.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function generate(folder: string) {
  const protos = BFF_PROTOS();
  const request = requestFor(protos, ["conf/v1/conf.proto", "conf/v1/copy.proto"]);
  const { response } = compileCase(request, protos, "import_extension=ts");
  if (response.error !== "") throw new Error(response.error);
  const files = [
    ...response.file.map(({ name, content }) => [name, content] as const),
    ...Object.entries(messagesOf(request)),
  ];
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const load = (name: string) => import(pathToFileURL(join(folder, name)).href) as Promise<Generated>;
  const bff = await load("conf/v1/conf_bff.ts");
  const { JsonService } = (await load("up/v1/up_pb.ts")) as unknown as { JsonService: DescService };
  const rules = JsonService.methods.map((rpc): HttpRule => {
    const [, word = "", n = ""] = /^([A-Z][a-z]+)(\d)$/.exec(rpc.name) ?? [];
    const segments = [word.toLowerCase(), n];
    return { rpc: rpc as DescMethodUnary, method: "POST", segments, variables: [], body: "*" };
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: request.protoFile }));
  return { bff, rules, registry };
}

/** Answers `Echo…` with the request, and `Answer…` with the payload of the request, over gRPC. */
async function wireUpstream() {
  let received: Received = { id: "", bytes: new Uint8Array() };
  const server = http2.createServer();
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const body = Buffer.concat(chunks).subarray(5);
      received = { id: String(headers["x-case"] ?? ""), bytes: body };
      const answer = String(headers[":path"]).includes("/Echo") ? body : payloadOf(body);
      const head = Buffer.alloc(5);
      head.writeUInt32BE(answer.length, 1);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat([head, answer]));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received: () => received, close: () => void server.close() };
}
/** Answers `Echo` with nothing, and `Answer…` with the payload of the request as JSON. */
async function jsonUpstream() {
  let received: Received = { id: "", bytes: new Uint8Array() };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      const body = Buffer.concat(chunks);
      if (request.url?.startsWith("/echo/") === true) {
        received = { id: String(request.headers["x-case"] ?? ""), bytes: body };
        response.end("{}");
        return;
      }
      const { payload = "" } = JSON.parse(body.toString()) as { payload?: string };
      response.end(Buffer.from(payload, "base64"));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received: () => received, close: () => void server.close() };
}
/** `Raw { bytes payload = 1 }` */
function payloadOf(raw: Buffer): Buffer {
  if (raw.length === 0) return raw;
  let at = 1;
  while ((raw[at++] ?? 0) >= 0x80);
  return raw.subarray(at);
}
