// Runs protobuf's official suite through a generated BFF.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCase, writeResult } from "./harness.ts";
import { RPCS, Testee, type Way } from "./testee.ts";
import { runner } from "./tools.ts";
import type { World } from "./world.ts";

const RELAY = fileURLToPath(new URL("relay.ts", import.meta.url));
const listed = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8");
/**
 * Returns the names of the cases that are known to fail; a listed case that passes fails the run. Copies have no
 * unknown fields and no extensions. JSON has no unknown fields and no MessageSet. The types without Struct are those of
 * proto3 alone.
 */
function failingIn(way: Way): string {
  const all = listed("failing.txt");
  if (!(way in RPCS) && !way.endsWith("without Struct")) return all;
  if (way === "HTTP_JSON bodies") return all + listed("failing-bodies.txt");
  if (way in RPCS) return all + listed("failing-copies.txt");
  return all.replaceAll(/^.*\.(?:Proto2|Editions_\w+)\..*\n/gm, "") + listed("failing-plain.txt");
}
const GENERATED = fileURLToPath(new URL(".generated", import.meta.url));

export interface Outcome {
  readonly passed: number;
  /** Number of cases that fail and are listed in failing.txt. */
  readonly known: number;
  /** Names of the failed cases, with the reasons. */
  readonly failed: readonly string[];
  readonly text: string;
}

export async function runConformance(world: World, way: Way): Promise<Outcome> {
  const sockets = mkdtempSync(join(tmpdir(), "protobff-"));
  const path = join(sockets, "socket");
  const failing = join(sockets, "failing.txt");
  writeFileSync(failing, failingIn(way));
  const testee = new Testee(world, way);
  const server = createServer((socket) => void serve(socket, testee));
  await new Promise<void>((listening) => server.listen(path, listening));
  mkdirSync(GENERATED, { recursive: true });
  const [command = "", ...args] = runner();
  const all = [
    ...args,
    "--enforce_recommended",
    "--maximum_edition",
    "2023",
    "--failure_list",
    failing,
    "--output_dir",
    sockets,
    process.execPath,
    RELAY,
    path,
  ];
  try {
    const text = await new Promise<string>((resolve) => {
      execFile(command, all, { maxBuffer: 2 ** 28, cwd: GENERATED }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    return outcomeIn(text);
  } finally {
    server.close();
    rmSync(sockets, { recursive: true, force: true });
  }
}

async function serve(socket: Socket, testee: Testee): Promise<void> {
  socket.on("error", () => {}); // the runner has ended
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE()) {
      const end = 4 + bytes.readUInt32LE();
      const result = writeResult(await testee.result(readCase(bytes.subarray(4, end))));
      const head = Buffer.alloc(4);
      head.writeUInt32LE(result.length);
      socket.write(Buffer.concat([head, result]));
      bytes = bytes.subarray(end);
    }
  }
}

/** The runner sums up its two suites, of binary and JSON, and of text. */
function outcomeIn(text: string): Outcome {
  const sums = [
    ...text.matchAll(/(\d+) successes, (\d+) skipped, (\d+) expected failures, (\d+) unexpected failures/g),
  ];
  const sum = (group: number): number => sums.reduce((total, match) => total + Number(match[group]), 0);
  const failed = [...text.matchAll(/^ERROR, test=([^:\s]+): (.*)$/gm)].map(([, name, why]) => `${name}: ${why}`);
  const others = [...text.matchAll(/^.*(?:succeeded|not match any).*$/gim)].map(([line]) => line);
  const isWhole = sums.length > 0 && sum(4) <= failed.length;
  return {
    passed: sum(1),
    known: sum(3),
    failed: isWhole ? [...failed, ...others] : [...failed, text.slice(-2_000)],
    text,
  };
}
