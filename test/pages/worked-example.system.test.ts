// The worked example to clients that come from system packages: curl, grpcurl, h2load. A missing one is a failure, with one exception:
// grpcurl is built by Go, and PROTOBFF_WITHOUT_GRPCURL=1 says that there is none.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GetDashboardRequestSchema } from "../../generated/web/v1/web_pb.ts";
import { type Example, type Generated, generateWorkedExample, startExample } from "../bffs/worked-example/example.ts";
import { expectedDashboard } from "../bffs/worked-example/expected-answers.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const METHOD = "web.v1.DashboardService/GetDashboard";
const JSON_BODY = ["-H", "content-type: application/json", "-d", '{"workspaceId":"atlas","userId":"u-ada"}'];
const expected = expectedDashboard("atlas", "u-ada");

let generated: Generated;
let example: Example;
let url: string;
let host: string;

beforeAll(async () => {
  generated = generateWorkedExample();
  example = await startExample(generated.server, { env: { BFF_REFLECTION: "true" } });
  url = example.bff.url;
  host = new URL(url).host;
});
afterAll(async () => {
  await example.close();
  generated.remove();
});

/** Gives standard output; throws with both outputs when the program fails or is missing. Not synchronous: upstreams answer from here. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], { cwd: root, timeout: 20_000, encoding: "utf8" });
  return stdout;
}

function curl(...args: readonly string[]): Promise<string> {
  return run("curl", "--silent", "--show-error", "--fail-with-body", ...args);
}

describe("curl", () => {
  test.each([
    { over: "HTTP/1.1", version: "1.1", flags: ["--http1.1"] },
    { over: "HTTP/2 with prior knowledge", version: "2", flags: ["--http2-prior-knowledge"] },
  ])("calls Connect JSON over $over", async ({ version, flags }) => {
    const writeOut = ["-w", "\n%{http_version} %{http_code}"];
    const lines = (await curl(...flags, ...JSON_BODY, ...writeOut, `${url}/${METHOD}`)).split("\n");
    expect(lines[1]).toBe(`${version} 200`);
    expect(JSON.parse(lines[0] ?? "")).toEqual(expected);
  });

  test.each(["--http1.1", "--http2-prior-knowledge"])("calls Connect GET, %s", async (flag) => {
    const query = ["connect=v1", "encoding=json", 'message={"workspaceId":"atlas","userId":"u-ada"}'];
    const data = query.flatMap((parameter) => ["--data-urlencode", parameter]);
    expect(JSON.parse(await curl(flag, "--get", ...data, `${url}/${METHOD}`))).toEqual(expected);
  });

  test("reads that the server is alive and ready", async () => {
    for (const path of ["healthz", "readyz"]) {
      expect(await curl("-o", "/dev/null", "-w", "%{http_code}", `${url}/${path}`)).toBe("200");
    }
  });
});

describe.skipIf(process.env.PROTOBFF_WITHOUT_GRPCURL === "1")("grpcurl, by reflection", () => {
  test("lists the services", async () => {
    expect((await run("grpcurl", "-plaintext", host, "list")).trim().split("\n")).toContain("web.v1.DashboardService");
  });

  test("calls GetDashboard", async () => {
    const answer = await run("grpcurl", "-plaintext", "-d", '{"workspace_id":"atlas","user_id":"u-ada"}', host, METHOD);
    expect(JSON.parse(answer)).toEqual(expected);
  });

  test("prints the reason of a refusal", async () => {
    const refused = run("grpcurl", "-plaintext", host, METHOD);
    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringMatching(/Code: InvalidArgument\s+Message: workspace_id is missing/),
    });
  });

  test("reads the health of the server", async () => {
    // health is not among what reflection tells of
    const health = ["-import-path", "packages/server/proto", "-proto", "grpc/health/v1/health.proto"];
    const answer = await run("grpcurl", "-plaintext", ...health, host, "grpc.health.v1.Health/Check");
    expect(JSON.parse(answer)).toEqual({ status: "SERVING" });
  });
});

test("h2load sends gRPC over many streams of few connections", async () => {
  const folder = mkdtempSync(join(tmpdir(), "protobff-h2load-"));
  try {
    const message = toBinary(
      GetDashboardRequestSchema,
      create(GetDashboardRequestSchema, { workspaceId: "atlas", userId: "u-ada" }),
    );
    const body = join(folder, "request");
    writeFileSync(body, Buffer.concat([Uint8Array.of(0, 0, 0, 0, message.length), message]));
    const grpc = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
    const report = await run("h2load", "-n", "200", "-c", "2", "-m", "8", "-d", body, ...grpc, `${url}/${METHOD}`);
    expect(report).toMatch(/^requests: .* 200 succeeded, 0 failed, 0 errored, 0 timeout$/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
