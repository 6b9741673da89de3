/// <reference lib="dom" />
// Loads a page in Chromium that repeats one request over TLS; its fetches continue through a replacement of the server.
// Chromium may choose a connection for a request, and then receive GOAWAY before it sends the request. SpdySession
// takes no streams then, so Chromium fails the request with ERR_FAILED and does not retry. These failures are not the
// server's, and are not counted.
import { chromium } from "playwright-core";
import { type Load, type Loaded, REQUEST_JSON, SIZE, UNARY, urlOf } from "./loads.ts";

const FAILED = "TypeError: Failed to fetch";

export const browserLoad: Load = async (target, stop) => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    const unsent: string[] = [];
    page.on("requestfailed", (request) => {
      if (request.failure()?.errorText === "net::ERR_FAILED") unsent.push(request.url());
    });
    await page.goto(`${urlOf(target)}/healthz`);
    const loading = page.evaluate(again, { path: UNARY, body: REQUEST_JSON, size: SIZE });
    const end = () => page.evaluate(() => Object.assign(globalThis, { over: true }));
    if (stop.aborted) await end();
    else stop.addEventListener("abort", () => void end());
    const { requestCount, failed } = await loading;
    const { [FAILED]: all = 0, ...others } = failed;
    const failures = all - unsent.length;
    return {
      requestCount: requestCount - unsent.length,
      failed: failures > 0 ? { ...others, [FAILED]: failures } : others,
    };
  } finally {
    await browser.close();
  }
};

/** In the browser. */
async function again({ path, body, size }: { path: string; body: string; size: number }): Promise<Loaded> {
  const failed: Record<string, number> = {};
  let requestCount = 0;
  const send = async (): Promise<string | undefined> => {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body });
    const { length } = await answer.text();
    return answer.ok && length >= size ? undefined : `${answer.status}, ${length} bytes`;
  };
  const loop = async () => {
    while (!("over" in globalThis)) {
      requestCount++;
      const fault = await send().catch(String);
      if (fault !== undefined) failed[fault] = (failed[fault] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, loop));
  const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  const others = entries.filter(({ nextHopProtocol }) => nextHopProtocol !== "h2" && nextHopProtocol !== "");
  if (others.length > 0) failed[`not over HTTP/2: ${others[0]?.nextHopProtocol}`] = others.length;
  return { requestCount, failed };
}
