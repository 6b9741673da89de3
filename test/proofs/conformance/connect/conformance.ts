import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Http2 } from "../../../../runtime/src/index.ts";
import { DEFAULT_HTTP2 } from "../../../../runtime/src/transport/grpc/grpc-client.ts";
import { tools } from "./tools.ts";

/** `connect`: the client of upstreams that are called by Connect. */
export type Side = "server" | "client" | "connect";

export interface Outcome {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  /**
   * Cases that failed at first, each with its error, and passed when they ran again alone: cases have limits of
   * milliseconds.
   */
  readonly passedAgain: readonly string[];
  /** All that the runner printed. */
  readonly text: string;
}

/** More cases than these do not fail by chance. */
const MAX_AGAIN = 10;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * Runs the official cases against one side of the runtime, and those that failed again, each alone; more arguments are for the runner
 * (`--run <pattern>`, `--trace`).
 *
 * @param http2 what the client uses, or what the server offers
 */
export async function runConformance(
  side: Side,
  more: readonly string[] = [],
  http2: Http2 = DEFAULT_HTTP2,
): Promise<Outcome> {
  const first = await run(side, more, http2);
  const failing = [...first.text.matchAll(/^FAILED: (.+):\n((?:\s+\S.*\n)*)/gm)];
  if (failing.length !== first.failed || failing.length > MAX_AGAIN) return first;
  const passedAgain: string[] = [];
  // For a client under test the runner refuses --parallel, since the client itself decides.
  const alone = side === "server" ? ["--max-servers", "1", "--parallel", "1"] : ["--max-servers", "1"];
  let { text } = first;
  for (const [, name = "", reason = ""] of failing) {
    const again = await run(side, ["--run", name, ...alone], http2);
    text += again.text;
    if (again.total === 1 && again.passed === 1) passedAgain.push(`${name}: ${reason.trim()}`);
  }
  const failed = first.failed - passedAgain.length;
  return { total: first.total, passed: first.passed + passedAgain.length, failed, passedAgain, text };
}

async function run(side: Side, more: readonly string[], http2: Http2): Promise<Outcome> {
  const { runner, descriptors } = tools();
  const mode = side === "server" ? "server" : "client";
  const args = ["--mode", mode, "--conf", here(`${side}.yaml`), ...more, "--", process.execPath, here(`${mode}.ts`)];
  const variables = { DESCRIPTORS: descriptors, BFF_HTTP2: http2, BFF_HTTP2_SERVER: http2, CONFORMANCE_SIDE: side };
  const env = { ...process.env, ...variables };
  const child = spawn(runner, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const add = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on("data", add);
  child.stderr.on("data", add);
  await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  const [, total, passed, failed] = /Total cases: (\d+)\n(\d+) passed, (\d+) failed/.exec(text) ?? [];
  return { total: Number(total ?? 0), passed: Number(passed ?? 0), failed: Number(failed ?? 1), passedAgain: [], text };
}
