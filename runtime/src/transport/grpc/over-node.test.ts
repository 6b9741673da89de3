import { describe } from "vitest";

// What the client does over our own HTTP/2 it does over Node's, too. Each file has hooks of its own.
process.env.BFF_HTTP2 = "node";
process.env.RECONNECTS ??= "2000";
describe("the client over Node's HTTP/2", () => {
  describe("grpc-client", async () => void (await import("./grpc-client.test.ts")));
  describe("grpc-attempt", async () => void (await import("./grpc-attempt.test.ts")));
  describe("connecting", async () => void (await import("./connection-setup.test.ts")));
  describe("connections", async () => void (await import("./connections.test.ts")));
  describe("spread", async () => void (await import("./spread.test.ts")));
  describe("connect-transport", async () => void (await import("../connect/connect-transport.test.ts")));
  describe("grpc-fuzz", async () => void (await import("./grpc-fuzz.test.ts")));
  describe("streams", async () => void (await import("./grpc-streams.test.ts")));
  describe("over-http2", async () => void (await import("../../compose/over-http2.test.ts")));
  describe("end-to-end", async () => void (await import("../../compose/end-to-end.test.ts")));
});
