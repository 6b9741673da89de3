// The server under test, and its configuration.
import { fileURLToPath } from "node:url";
import { Process } from "../../proofs/corpora/attacks/rig/processes.ts";

/** HTTP/2 implementation towards clients that is tested. */
export type Framing = "node" | "own";
const ALL: readonly Framing[] = ["own", "node"];
const named = process.env.BFF_HTTP2_SERVER;
/** The implementation in BFF_HTTP2_SERVER alone, or both. */
export const FRAMINGS: readonly Framing[] = named === undefined ? ALL : ALL.filter((framing) => framing === named);
/** The same, but by default only our own, because both take too long. */
export const OWN_FIRST: readonly Framing[] = named === undefined ? ["own"] : FRAMINGS;

/** Clients are to send bodies of many windows. */
const LARGE_BYTES = String(4 << 20);
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
  const defaults = { HOST: "127.0.0.1", PORT: "0", BFF_HTTP2_SERVER: framing, BFF_MAX_REQUEST_BYTES: LARGE_BYTES };
  const process = new Process([...flags, SCRIPT], { ...defaults, ...env });
  const url = await process.url();
  return { framing, process, url, port: Number(new URL(url).port) };
}
