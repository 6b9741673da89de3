import { describe, vi } from "vitest";

// What a server does over Node's HTTP/2 it does over our own, too. Each file has hooks of its own.
vi.mock("./client-http2.ts", async (original) => ({
  ...(await original<typeof import("./client-http2.ts")>()),
  DEFAULT_SERVER_HTTP2: "own",
}));
describe("over our own HTTP/2", () => {
  describe("fast-path", async () => void (await import("./fast-path.test.ts")));
});
