// The command-line client as a process, over a BFF that is restarted meanwhile.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startUpstreams } from "../dashboard/upstreams.ts";
import { startRuns } from "../runs/runs-bff.ts";

async function runs() {
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  const bff = await startRuns({ users: upstreams.urls.user, nats: undefined, origin: "http://x", onLog: () => {} });
  onTestFinished(() => bff.close());
  return bff;
}
function cli(...args: string[]) {
  const file = fileURLToPath(new URL("cli.ts", import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const printed: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => printed.push(text));
  const closed = once(child, "close");
  return { lines: createInterface({ input: child.stdout }), printed, child, closed };
}

test("the text of a run is printed once, in order, and alone, through a restart of the BFF", async () => {
  const bff = await runs();
  const { lines, printed, closed } = cli(bff.url, "mend the login");
  const seen: string[] = [];
  let restarting: Promise<void> | undefined;
  for await (const line of lines) {
    seen.push(line);
    if (seen.length === 3) restarting = bff.restart();
  }
  await restarting;
  const texts = ["reads the code", "writes a test", "sees it fail", "mends it", "runs all tests"];
  const expected = Array.from({ length: bff.events }, (_, i) => texts[i % texts.length]);
  expect(seen).toEqual([...expected.slice(0, -1), "is done"]);
  expect(await closed).toEqual([0, null]);
  expect(printed.join("")).toMatch(/; again in \d+ ms\n$/);
});

test("the client ends quietly when its reader has seen enough", async () => {
  const { child, lines, closed, printed } = cli((await runs()).url, "mend the login");
  await once(lines, "line");
  child.stdout.destroy();
  expect([await closed, printed]).toEqual([[0, null], []]);
});

test("an unreachable BFF ends the client with a message and code 1", async () => {
  const { printed, closed } = cli("http://127.0.0.1:1", "mend the login");
  expect(await closed).toEqual([1, null]);
  expect(printed.join("")).toContain("ECONNREFUSED");
});
