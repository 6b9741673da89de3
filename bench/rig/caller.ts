// Runs one client library in a separate process, which calls one upstream method as often as requested: `GET
// /?calls=<n>`, 32 at a time. Every call has a deadline and two headers, encodes its request and decodes its answer.
import { createServer } from "node:http";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { GrpcClient } from "@protobff/runtime";
import { type Profile, ProfileSchema } from "../generated/bench/types/v1/types_pb.ts";
import { GetProfileRequestSchema, ProfileService } from "../generated/bench/up/v1/up_pb.ts";
import { RawClient, type Running } from "../peers/raw-http2/client.ts";
import { addressOf, host, port, ready } from "../peers/settings.ts";
import { framed, profile } from "./upstream-data.ts";

type Call = (userId: string) => Promise<Profile>;

const IN_FLIGHT = 32;
const TIMEOUT_MS = 5_000;
const HEADERS = { authorization: `Bearer ${"a".repeat(200)}`, "x-request-id": "0123456789abcdef0123456789abcdef" };
const PATH = `/${ProfileService.typeName}/GetProfile`;
const url = addressOf(ProfileService);

const CLIENTS: Readonly<Record<string, () => Call>> = {
  protobff: () => {
    const client = new GrpcClient(url.origin);
    return (userId) =>
      new Promise((resolve, reject) => {
        const frame = framed(toBinary(GetProfileRequestSchema, create(GetProfileRequestSchema, { userId })));
        const inFlight = client.send(PATH, frame, TIMEOUT_MS, HEADERS, 1, {
          replied: (message) => {
            clearTimeout(timer);
            resolve(fromBinary(ProfileSchema, message));
          },
          faulted: (fault) => {
            clearTimeout(timer);
            reject(new Error(fault.message));
          },
        });
        const timer = setTimeout(() => {
          inFlight.cancel();
          reject(new Error("late"));
        }, TIMEOUT_MS);
      });
  },
  "connect-node": () => {
    const client = createClient(ProfileService, createGrpcTransport({ baseUrl: url.origin }));
    return (userId) => client.getProfile({ userId }, { headers: HEADERS, timeoutMs: TIMEOUT_MS });
  },
  "grpc-js": () => {
    const client = new grpc.Client(url.host, grpc.credentials.createInsecure());
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(HEADERS)) metadata.set(name, value);
    const encode = (userId: string) => {
      const bytes = toBinary(GetProfileRequestSchema, create(GetProfileRequestSchema, { userId }));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    };
    const decode = (bytes: Buffer) => fromBinary(ProfileSchema, bytes);
    return (userId) =>
      new Promise((resolve, reject) => {
        const options = { deadline: Date.now() + TIMEOUT_MS };
        client.makeUnaryRequest(PATH, encode, decode, userId, metadata, options, (error, reply) => {
          if (reply === undefined) reject(error);
          else resolve(reply);
        });
      });
  },
  "raw-http2": () => {
    const client = new RawClient(url);
    const headers = Object.entries(HEADERS).flat();
    const running = new Set<Running>();
    return (userId) => client.call(ProfileService.method.getProfile, { userId }, TIMEOUT_MS, headers, running);
  },
};

async function run(call: Call, calls: number): Promise<void> {
  let begun = 0;
  const loop = async (): Promise<void> => {
    while (begun++ < calls) {
      const { about } = await call("user-0123456789");
      if (about !== profile.about) throw new Error("not the expected answer");
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
}

const name = process.argv[2] ?? "";
const client = CLIENTS[name];
if (client === undefined) throw new Error(`"${name}" is none of ${Object.keys(CLIENTS).join(", ")}`);
const call = client();
const server = createServer((request, response) => {
  const calls = Number(new URL(request.url ?? "", "http://localhost").searchParams.get("calls"));
  run(call, calls).then(
    () => response.end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(port, host, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") ready(address.port);
});
