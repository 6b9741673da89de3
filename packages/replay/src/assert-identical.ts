import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Maximum size of the output, in bytes. */
const MAX_BYTES = 16 << 20;

/**
 * Replays a capture in a separate process: for tests, whose runner would load the server itself.
 *
 * @param file path or URL of the capture
 * @param server path or URL of the generated `server.ts`
 * @throws Error with the differences, unless every request has the captured answer and order of events
 * @example
 * assertIdentical(new URL("request-7.jsonl", import.meta.url), new URL("../gen/web/v1/server.ts", import.meta.url));
 */
export function assertIdentical(file: string | URL, server: string | URL): void {
  const [capture, entry] = [file, server].map((of) => (of instanceof URL ? fileURLToPath(of) : of));
  const source = import.meta.url.endsWith(".ts");
  const program = fileURLToPath(new URL(source ? "./main.ts" : "./main.js", import.meta.url));
  const args = [program, JSON.stringify({ file: capture, server: entry })];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    maxBuffer: MAX_BYTES,
  });
  if (status !== 0) throw new Error(`${stdout ?? ""}${stderr ?? ""}` || `the replay cannot run: ${error?.message}`);
}
