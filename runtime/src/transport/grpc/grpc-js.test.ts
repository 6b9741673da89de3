// Holds docs/runtime.md#upstream-connections
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Code } from "../../failure.ts";
import { INTEROP, readSimpleRequest, simpleResponse } from "../../testing/interop.ts";
import { GrpcClient } from "./grpc-client.ts";

const pass = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

const folder = mkdtempSync(join(tmpdir(), "bff-h2-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
let tls: { cert: Buffer; key: Buffer };
beforeAll(() => {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const who = ["-subj", "/CN=upstream", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", [...what, ...who, "-keyout", key, "-out", cert], { stdio: "ignore" });
  tls = { cert: readFileSync(cert), key: readFileSync(key) };
});

describe.each([false, true])("grpc-js serves our HTTP/2 client (TLS: %s):", (secure) => {
  let server: grpc.Server;
  let client: GrpcClient;
  beforeAll(async () => {
    server = new grpc.Server({ "grpc.max_concurrent_streams": 100, "grpc.max_receive_message_length": -1 });
    const method = {
      requestStream: false,
      responseStream: false,
      requestSerialize: pass,
      requestDeserialize: pass,
    } as const;
    const UnaryCall = {
      path: "/grpc.testing.TestService/UnaryCall",
      ...method,
      responseSerialize: pass,
      responseDeserialize: pass,
    };
    server.addService(
      { UnaryCall },
      {
        UnaryCall: ((call, reply) => {
          const { responseSize, status } = readSimpleRequest(call.request);
          const [headers, trailers] = [new grpc.Metadata(), new grpc.Metadata()];
          for (const value of call.metadata.get("x-grpc-test-echo-initial"))
            headers.add("x-grpc-test-echo-initial", value);
          for (const value of call.metadata.get("x-grpc-test-echo-trailing-bin"))
            trailers.add("x-grpc-test-echo-trailing-bin", value);
          call.sendMetadata(headers);
          if (status !== undefined) reply({ code: status.code, details: status.message });
          else reply(null, pass(simpleResponse(responseSize)), trailers);
        }) satisfies grpc.handleUnaryCall<Buffer, Buffer>,
      },
    );
    const credentials = secure
      ? grpc.ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
      : grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error === null ? resolve(port) : reject(error))),
    );
    const url = `${secure ? "https" : "http"}://127.0.0.1:${port}`;
    client = new GrpcClient(url, { http2: "own", ...(secure && { ca: tls.cert }) });
  });
  afterAll(async () => {
    await client.close();
    server.forceShutdown();
  });
  test.each(Object.entries(INTEROP))("%s", (_, run) => run(client));
});

test.each([undefined, ["http/1.1"]])("a TLS server that offers %s does not use HTTP/2", async (ALPNProtocols) => {
  const server = createServer({ ...tls, ...(ALPNProtocols && { ALPNProtocols }) }).listen(0, "127.0.0.1");
  await once(server, "listening");
  server.on("secureConnection", (socket) => socket.on("error", () => {})).on("tlsClientError", () => {});
  const client = new GrpcClient(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    http2: "own",
    ca: tls.cert,
  });
  const fault = await new Promise((resolve) =>
    client.send("/a.B/C", Buffer.alloc(5), 60_000, undefined, 1, { replied: resolve, faulted: resolve }),
  );
  expect(fault).toMatchObject({
    kind: "transport",
    code: Code.UNAVAILABLE,
    message: expect.stringMatching(/ALPN|alert/i),
  });
  await client.close();
  server.close();
});
