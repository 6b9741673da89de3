// The server under test, and what it is told.
import { fileURLToPath } from "node:url";
import { Process } from "../corpora/attacks/processes.ts";

/** Whose HTTP/2 towards clients is judged. BFF_HTTP2_SERVER in the environment leaves one alone. */
export type Framing = "node" | "own";
export const FRAMINGS: readonly Framing[] = ["node"];

const SCRIPT = fileURLToPath(new URL("server.ts", import.meta.url));

export interface UnderTest {
  readonly framing: Framing;
  readonly process: Process;
  readonly url: string;
  readonly port: number;
}

/**
 * @param flags more for node, before the script
 * @throws when it does not listen
 */
export async function underTest(
  framing: Framing,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<UnderTest> {
  const process = new Process([...flags, SCRIPT], { HOST: "127.0.0.1", PORT: "0", BFF_HTTP2_SERVER: framing, ...env });
  const url = await process.url();
  return { framing, process, url, port: Number(new URL(url).port) };
}
