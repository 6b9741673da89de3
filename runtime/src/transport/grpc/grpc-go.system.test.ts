// Holds docs/runtime.md#upstream-connections
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, test } from "vitest";
import { INTEROP } from "../../testing/interop.ts";
import { INTEROP_STREAMS } from "../../testing/interop-streams.ts";
import { freePort, listens } from "../../testing/ports.ts";
import { GrpcClient } from "./grpc-client.ts";

// grpc-go's own interop server, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.

const VERSION = "v1.84.0";
const FOLDER = fileURLToPath(new URL(`../../../../test/.generated/grpc-go-${VERSION}`, import.meta.url));

function built(): string {
  const server = join(FOLDER, "server");
  if (!existsSync(server)) {
    const env = { ...process.env, GOBIN: FOLDER, GOFLAGS: "" };
    execFileSync("go", ["install", `google.golang.org/grpc/interop/server@${VERSION}`], { env, stdio: "inherit" });
  }
  return server;
}

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("grpc-go serves", () => {
  let server: ChildProcess;
  let client: GrpcClient;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    server = spawn(built(), [`--port=${port}`], { stdio: "ignore" });
    await listens(port, server);
    client = new GrpcClient(`http://127.0.0.1:${port}`, { http2: "own" });
  }, 600_000);
  afterAll(async () => {
    await client.close();
    server.kill();
  });
  test.each(Object.entries(INTEROP))("calls over our HTTP/2 client: %s", (_, run) => run(client));
  describe.each(["own", "node"] as const)("over HTTP/2 of %s", (http2) => {
    test.each(Object.entries(INTEROP_STREAMS))("streams: %s", (_, run) => run(port, http2));
  });
});
