// grpc-java, whose artifacts Maven brings: it takes a moment, and the network.
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Load, Loaded } from "./loads.ts";

const FOLDER = fileURLToPath(new URL("grpc-java", import.meta.url));
const JARS = fileURLToPath(new URL(".generated/grpc-java", import.meta.url));
const run = promisify(execFile);

/** Arguments of `java`. @throws when there is no Maven, or when it cannot have the artifacts */
function client(): readonly string[] {
  if (!existsSync(JARS)) {
    const copy = ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${JARS}`];
    execFileSync("mvn", copy, { cwd: FOLDER, stdio: ["ignore", "ignore", "inherit"] });
  }
  return ["-cp", `${JARS}/*`, `${FOLDER}/Client.java`];
}
/** Returns the result of each of its cases: "ok", or the error. */
export async function javaCases(port: number, ca: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await run("java", [...client(), "all", `127.0.0.1:${port}`, ...ca]);
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(": ")) as [string, string][],
  );
}
/** Runs under load until `stop` aborts. */
export const grpcJava: Load = async ({ port, ca }, stop) => {
  const where = [`127.0.0.1:${port}`, ...(ca === undefined ? [] : [ca])];
  const child = spawn("java", [...client(), "load", ...where], { stdio: ["pipe", "pipe", "inherit"] });
  stop.addEventListener("abort", () => child.stdin.end());
  return JSON.parse(await text(child.stdout)) as Loaded;
};
