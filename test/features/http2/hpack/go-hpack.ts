import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Result of one block: its fields, or the reason why it is invalid. */
export type Outcome = readonly (readonly [name: string, value: string])[] | string;

const latin1 = (hex: string): string => Buffer.from(hex, "hex").toString("latin1");

/**
 * Decodes sequences of header blocks with golang.org/x/net, each with a separate dynamic table; Go builds the program
 * first. Blocks after an invalid one get no answer.
 *
 * @throws when Go is not installed, or when the module is not available
 */
export function goDecoded(sequences: readonly (readonly Buffer[])[]): readonly (readonly Outcome[])[] {
  const folder = mkdtempSync(join(tmpdir(), "protobff-hpack-"));
  try {
    const program = join(folder, "hpack");
    const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOWORK: "off" };
    const cwd = fileURLToPath(new URL("./go", import.meta.url));
    run("go", ["build", "-o", program, "."], { cwd, env });
    const input = sequences.map((blocks) => `${blocks.map((block) => block.toString("hex")).join(" ")}\n`).join("");
    const lines = run(program, [], { input }).split("\n").slice(0, sequences.length);
    return lines.map((line) =>
      (JSON.parse(line) as (string | [string, string][])[]).map((result) =>
        typeof result === "string" ? result : result.map(([name, value]) => [latin1(name), latin1(value)] as const),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, args: readonly string[], options: object): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 2 ** 30,
    ...options,
  });
  if (status !== 0) throw new Error(`${command}: ${stderr}${error ?? ""}`);
  return stdout;
}
