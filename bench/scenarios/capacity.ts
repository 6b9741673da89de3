// Measures what TLS and the access log add to a request, and the CPU of Redis for limits: inputs of the table of capacity.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { startRedis } from "../rig/redis.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { startUpstream } from "../rig/upstream-process.ts";
import { generatedVariant } from "../rig/variant.ts";
import { charging } from "./edge-limits.ts";
import { measureAll, OK, type RequestKind } from "./request-kinds.ts";

const REDIS_PORT = 6397;
const PLAIN = "plain";

export async function runCapacity(options: RunOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-bench-"));
  const upstream = await startUpstream();
  const redis = await startRedis(REDIS_PORT);
  try {
    const { rounds, variants } = await measureAll(requestKinds(certificate(folder)), options.quick, upstream);
    const plain = variants.find(({ name }) => name === PLAIN)?.cpu_us_per_request ?? Number.NaN;
    const requests: VariantResult[] = variants.map(({ status: _, ...variant }) => ({
      ...variant,
      ratio_to_plain: (variant.cpu_us_per_request ?? Number.NaN) / plain,
    }));
    return scenarioResult(options, {
      scenario: "capacity",
      variants: [...requests, ...(await charging(redis?.url, options.quick))],
      left_out: redis === undefined ? [{ name: "Redis", reason: "redis-server is not installed" }] : [],
      failures: [],
      rounds,
    });
  } finally {
    redis?.stop();
    await upstream.stop();
    rmSync(folder, { recursive: true });
  }
}

function requestKinds(tls: Readonly<Record<string, string>>): readonly RequestKind[] {
  const withEnv = (name: string, env: Readonly<Record<string, string>>): RequestKind => {
    const variant = generatedVariant("fanout", HomeService.method.getHome, name);
    return {
      variant: { ...variant, launch: { ...variant.launch, env: { ...variant.launch.env, ...env } } },
      headers: {},
      status: OK,
    };
  };
  return [withEnv(PLAIN, {}), withEnv("TLS", tls), withEnv("access log", { BFF_ACCESS_LOG: "all" })];
}

/** Makes a certificate of this machine's loopback address. */
function certificate(folder: string): Readonly<Record<string, string>> {
  const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", TLS_KEY_FILE];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...key, ...name, "-out", TLS_CERT_FILE], { stdio: "ignore" });
  return { TLS_CERT_FILE, TLS_KEY_FILE };
}
