// The hooks in a browser: through a restart of the server, with another input, and after the component has left.
import { fileURLToPath } from "node:url";
import { OVER } from "@protobff/runtime/internal/failure";
import { type TestFollower, testStream } from "@protobff/runtime/internal/testing/test-streams";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { listen } from "../../packages/server/src/listen.ts";
import { StreamService } from "../../runtime/src/testing/test-streams.ts";
import { useFollow } from "./react.ts";

let browser: Browser;
let code: string;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("testing/react-page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    define: { "process.env.NODE_ENV": '"development"' },
  });
  code = outputFiles[0]?.text ?? "";
}, 60_000);
afterAll(() => browser?.close());

async function serve(answer: (follower: TestFollower) => void, port = 0) {
  const server = await listen([testStream(answer)], { port });
  onTestFinished(() => server.close(0));
  return server;
}
function item({ follower }: TestFollower, text: string, token: string): void {
  follower.item({ $typeName: "google.protobuf.SourceContext", fileName: text } as never, token);
}

async function open(url: string): Promise<Page> {
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(`${url}/healthz`);
  await page.evaluate(code);
  return page;
}
const shows = (page: Page, id: string, text: string) =>
  page.waitForFunction(([name, expected]) => document.getElementById(name ?? "")?.textContent === expected, [id, text]);

test("a stream continues after a restart, begins anew for another input, and ends with its component", async () => {
  const first = await serve((follower) => {
    item(follower, "1", "1");
    item(follower, "2", "2");
  });
  const page = await open(first.url);
  await shows(page, "items", "1,2 open ");
  await first.close(0);

  const left = Promise.withResolvers<void>();
  await serve((follower) => {
    const { text, resume = "0" } = follower;
    const number = Number(resume) + 1;
    item(follower, text === "a" ? String(number) : `${text}${number}`, String(number));
    if (text === "a") follower.follower.ended(undefined);
    else void follower.cancelled.then(() => left.resolve());
  }, first.port);
  await shows(page, "items", "1,2,3 ended ");
  await page.click("#other");
  await shows(page, "items", "b1 open ");
  await page.click("#leave");
  await left.promise;
}, 60_000);

test("a live answer is the newest message", async () => {
  const { url } = await serve((follower) => {
    item(follower, "1", "1");
    if (follower.text === "newest") item(follower, "2", "2");
  });
  const page = await open(url);
  await page.click("#live");
  await shows(page, "newest", "2 open");
}, 60_000);

test("parts are merged as they arrive, and another input makes a new request", async () => {
  const { url } = await serve(({ follower }) => follower.failed(OVER, undefined, undefined));
  const page = await open(url);
  await shows(page, "run", "10 undefined [] open");
  await page.click("#next");
  await shows(page, "run", "10 Ada [actor_name] open");
  await page.click("#next");
  await shows(page, "run", "10 Ada [actor_name,others] ended");
  await page.click("#without");
  await shows(page, "run", "undefined undefined [] failed");
}, 60_000);

test("nothing is followed during rendering on a server", () => {
  function Items() {
    const over = {
      open: () => {
        throw new Error("opened");
      },
    };
    const { value, state } = useFollow(StreamService.method.follow, {}, { over, initial: "none", reduce: String });
    return createElement("p", undefined, `${value} ${state}`);
  }
  expect(renderToString(createElement(Items))).toBe("<p>none idle</p>");
});
