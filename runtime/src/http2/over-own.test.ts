import { describe } from "vitest";

// What the client does over Node's HTTP/2 it does over ours, too. Each file has hooks of its own.
process.env.BFF_HTTP2 = "own";
process.env.RECONNECTS ??= "2000";
describe("over our own HTTP/2", () => {
  describe("grpc-client", async () => void (await import("../transport/grpc-client.test.ts")));
  describe("grpc-attempt", async () => void (await import("../transport/grpc-attempt.test.ts")));
  describe("connections", async () => void (await import("../transport/connections.test.ts")));
  describe("connect-transport", async () => void (await import("../transport/connect-transport.test.ts")));
  describe("grpc-fuzz", async () => void (await import("../transport/grpc-fuzz.test.ts")));
  describe("over-http2", async () => void (await import("../over-http2.test.ts")));
  describe("end-to-end", async () => void (await import("../end-to-end.test.ts")));
});
