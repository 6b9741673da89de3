// Clients of other makers for a service `page.v1.PageService` of a generated server, which show the headers of answers.
import type { DescService } from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { expect, onTestFinished } from "vitest";

/** Name of a protocol, connect-node's transport, and options of it. */
export const TRANSPORTS = [
  ["Connect", createConnectTransport, { useBinaryFormat: true }],
  ["Connect's JSON", createConnectTransport, {}],
  ["Connect's GET", createConnectTransport, { useHttpGet: true }],
  ["gRPC", createGrpcTransport, {}],
  ["gRPC-Web", createGrpcWebTransport, {}],
] as const;
type Rpcs = Readonly<Record<string, ((request: object) => unknown) | undefined>>;
type Make = (typeof TRANSPORTS)[number][1];

/** A client of connect-node, and the headers of the last answer. */
export class PageClient {
  headers: Headers | undefined;
  readonly #rpcs: Rpcs;

  /** @param sent headers of each request */
  constructor(
    service: DescService,
    baseUrl: string,
    [make, more]: readonly [Make, object],
    sent: Readonly<Record<string, string>> = {},
  ) {
    const seeing: Interceptor = (next) => async (request) => {
      for (const [name, value] of Object.entries(sent)) request.header.set(name, value);
      const response = await next(request);
      this.headers = response.header;
      return response;
    };
    const transport = make({ baseUrl, httpVersion: "2", interceptors: [seeing], ...more });
    this.#rpcs = createClient(service, transport) as unknown as Rpcs;
  }
  /** Calls an rpc by its name in TypeScript. */
  call(name: string, request: object): unknown {
    return this.#rpcs[name]?.(request);
  }
}

/** Returns the metadata of grpc-js for the answer to a request in bytes. */
export async function metadataOfGrpcJs(url: string, request: Uint8Array): Promise<grpc.Metadata> {
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const headers = Promise.withResolvers<grpc.Metadata>();
  const ended = Promise.withResolvers<grpc.ServiceError | null>();
  client
    .makeUnaryRequest(
      "/page.v1.PageService/Get",
      () => Buffer.from(request),
      (answer) => answer,
      {},
      (error) => ended.resolve(error),
    )
    .on("metadata", headers.resolve);
  expect(await ended.promise).toBeNull();
  return headers.promise;
}

/** Returns the headers of an answer to a page of another origin. */
export async function headersForPage(url: string, accept = "*/*"): Promise<Headers> {
  const answer = await fetch(url, { headers: { accept, origin: "https://app.example" } });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/page 7|two/)]);
  return answer.headers;
}
