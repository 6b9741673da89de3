/// <reference lib="dom" />
// Follows a stream in a browser, by EventSource and WebSocket, on a page of the server's origin, of a listed one and of
// another.
// Holds docs/runtime.md#streams
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";

const RPC = "streams.v1.StreamService/Follow";
let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
});
afterAll(() => browser?.close());

/** One item for each connection, until the third is the last. */
async function serve(origins: readonly string[]) {
  const messages: string[] = [];
  const stream = testStream(({ headers, resume = "0", ...it }) => {
    const protocol = headers.get(":protocol");
    messages.push(`${protocol} ${resume} ${headers.get("sec-fetch-site")}`);
    const token = String(Number(resume) + 1);
    it.follower.item({ $typeName: "google.protobuf.SourceContext", fileName: token } as never, token);
    const code = Code.UNAVAILABLE;
    const going = new Failure({ code, clientCode: code, reason: Reason.UNAVAILABLE, callee: "", message: "going" });
    if (token === "3") it.follower.ended(undefined);
    else it.follower.failed(going, token, undefined);
  });
  const server = await listen([stream], { corsOrigins: origins });
  onTestFinished(() => server.close(0));
  return { server, messages: messages };
}
/** Serves a page of a foreign origin. */
async function site(): Promise<string> {
  const other = createServer((_, response) => response.setHeader("content-type", "text/html").end("<p>a page</p>"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  return `http://localhost:${(other.address() as AddressInfo).port}`;
}
async function follow(url: string, at: string): Promise<readonly string[]> {
  const page = await browser.newPage();
  await page.goto(at);
  const reports = await page.evaluate(followInPage, { url, rpc: RPC });
  await page.close();
  return reports;
}
/** Runs in the browser. Returns all events of both, until they are closed for good. */
async function followInPage({ url, rpc }: { url: string; rpc: string }): Promise<string[]> {
  const reports: string[] = [];
  await new Promise<void>((resolve) => {
    const source = new EventSource(`${url}/${rpc}?encoding=json&message=%7B%7D`);
    source.onmessage = ({ lastEventId, data }) => reports.push(`${lastEventId} ${data}`);
    source.addEventListener("end", () => reports.push("end"));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) resolve();
    };
  });
  await new Promise<void>((resolve) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/bff.v1/follow`, "bff.v1.json");
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, follow: rpc, resume: "2" }));
    socket.onmessage = ({ data }) => {
      reports.push(data);
      if (JSON.parse(data).end === true) socket.close();
    };
    socket.onclose = () => resolve();
  });
  return reports;
}

const EVENTS = ['1 {"fileName":"1"}', '2 {"fileName":"2"}', '3 {"fileName":"3"}', "end"];
const MESSAGES = ['{"beat":15000}', '{"id":1,"token":"3","item":{"fileName":"3"}}', '{"id":1,"end":true}'];

test("a page of the server's origin resumes broken streams, and receives one end", async () => {
  const { server, messages } = await serve([]);
  expect(await follow(server.url, `${server.url}/healthz`)).toEqual([...EVENTS, ...MESSAGES]);
  expect(messages).toEqual(["sse 0 same-origin", "sse 1 same-origin", "sse 2 same-origin", "websocket 2 same-origin"]);
}, 60_000);

test("a page of a listed origin follows streams", async () => {
  const origin = await site();
  const { server, messages } = await serve([origin]);
  expect(await follow(server.url, origin)).toEqual([...EVENTS, ...MESSAGES]);
  expect(messages).toEqual(["sse 0 cross-site", "sse 1 cross-site", "sse 2 cross-site", "websocket 2 null"]);
}, 60_000);

test("a page of another origin reads nothing", async () => {
  const { server } = await serve([]);
  expect(await follow(server.url, await site())).toEqual([]);
}, 60_000);
