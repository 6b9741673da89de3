// The program of @protobff/replay in the project, as a separate process: it loads the server of the project.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Refusal, type Terminal } from "../terminal.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs it, and returns its exit code. Its errors go to the terminal.
 *
 * @param args as JSON
 * @param write receives its output
 * @param input on its standard input. Default: none
 */
export async function runReplayProgram(
  args: string,
  terminal: Terminal,
  write: (text: string) => void,
  input?: string,
): Promise<number | null> {
  const { cwd } = terminal;
  // Garbage of thousands of requests would fill a young generation of the default size. Code of Node's cache is not
  // counted by blocks.
  const env = { ...process.env, ...terminal.env, NODE_DISABLE_COMPILE_CACHE: "1" };
  const child = spawn(process.execPath, ["--max-semi-space-size=8", programIn(cwd), args], {
    cwd,
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A program that ends early reads no input.
  child.stdin.on("error", () => {}).end(input);
  child.stdout.setEncoding("utf8").on("data", write);
  child.stderr.setEncoding("utf8").on("data", (text: string) => terminal.error(text.trimEnd()));
  const stop = (): void => void child.kill();
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const [status] = await once(child, "close");
    return status;
  } catch (thrown) {
    throw new Refusal(`the replay cannot run: ${thrown instanceof Error ? thrown.message : thrown}`);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

function programIn(cwd: string): string {
  try {
    return createRequire(join(cwd, "package.json")).resolve("@protobff/replay/main");
  } catch {
    throw new Refusal("@protobff/replay is not installed in this project: npm install --save-dev @protobff/replay");
  }
}
