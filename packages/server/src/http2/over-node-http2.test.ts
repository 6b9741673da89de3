import { describe, vi } from "vitest";

// Runs the server's test suites, which use our own HTTP/2 by default, over Node's as well. Each file has its own hooks.
vi.mock("./client-http2.ts", async (original) => ({
  ...(await original<typeof import("./client-http2.ts")>()),
  DEFAULT_SERVER_HTTP2: "node",
}));
describe("the server over Node's HTTP/2", () => {
  describe("fast-path", async () => void (await import("../fast/fast-path.test.ts")));
  describe("both-paths", async () => void (await import("../fast/both-paths.test.ts")));
  describe("raw-clients", async () => void (await import("../raw-clients.test.ts")));
  describe("streams", async () => void (await import("../streams/streams.test.ts")));
  describe("event-stream", async () => void (await import("../streams/server-event-stream.test.ts")));
  describe("listener", async () => void (await import("../listener/listener.test.ts")));
  describe("client-sessions", async () => void (await import("./client-sessions.test.ts")));
  describe("arrival", async () => void (await import("../listener/arrival.test.ts")));
  describe("every-request", async () => void (await import("../every-request.test.ts")));
  describe("client-certificates", async () => void (await import("../requests/client-certificates.test.ts")));
  describe("identity-attacks", async () => void (await import("../identity-attacks.test.ts")));
  describe("leaving", async () => void (await import("../server-shutdown.test.ts")));
  describe("hand-over", async () => void (await import("../hand-over.test.ts")));
  describe("followed", async () => void (await import("../streams/followed-rpcs.test.ts")));
  describe("listen", async () => void (await import("../listen.test.ts")));
});
