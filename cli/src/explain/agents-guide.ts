// AGENTS.md of a new package: what an agent needs to write it without other pages.
import { readFileSync } from "node:fs";
import { signatureLines } from "./explain.ts";

const GUIDE = new URL("../../guide/AGENTS.md", import.meta.url);

/** Returns the guide with the functions of this version. A block's file name is for tests alone. */
export function agentsGuide(): string {
  return readFileSync(GUIDE, "utf8")
    .replace(/^```(\w+) \S+$/gm, "```$1")
    .replace("<!-- functions -->", signatureLines());
}
