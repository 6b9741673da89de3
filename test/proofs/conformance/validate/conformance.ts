// The official cases, held against what our plugin makes of their messages.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Executor } from "./executor.ts";
import { writeResults } from "./harness.ts";
import type { Samples } from "./samples.ts";
import { runner } from "./tools.ts";

const FOLDER = fileURLToPath(new URL(".generated", import.meta.url));
const RELAY = fileURLToPath(new URL("relay.ts", import.meta.url));
const FAILING = fileURLToPath(new URL("failing.yaml", import.meta.url));

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
  readonly samples: readonly Samples[];
}

/** @param args further arguments of the runner: `--suite`, `--case`, `--verbose` */
export async function runConformance(args: readonly string[] = []): Promise<Outcome> {
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(FOLDER, "run-"));
  const sockets = mkdtempSync(join(tmpdir(), "protobff-"));
  const path = join(sockets, "socket");
  const executor = new Executor(folder);
  // One suite after another: what two of them need is compiled once.
  let last: Promise<void> = Promise.resolve();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on("error", () => {}); // the runner has given up
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => {
      last = last
        .then(() => executor.answer(Buffer.concat(chunks)))
        .then((results) => void socket.end(writeResults(results)))
        .catch((thrown: unknown) => {
          process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
          socket.destroy();
        });
    });
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  try {
    const all = [
      "--timeout",
      "5m",
      "--strict_error",
      "--strict_message",
      "--expected_failures",
      FAILING,
      ...args,
      process.execPath,
      RELAY,
      path,
    ];
    const text = await new Promise<string>((resolve) => {
      execFile(runner(), all, { maxBuffer: 2 ** 26 }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    const [, failed = "1", passed = "0"] = /^\w+ \(failed: (\d+), skipped: \d+, passed: (\d+)/m.exec(text) ?? [];
    return { passed: Number(passed), failed: Number(failed), text, samples: executor.samples };
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(sockets, { recursive: true, force: true });
  }
}
