import { describe } from "vitest";

// What the client does it does over our own HTTP/2, too. Each file has hooks of its own.
(globalThis as { testedHttp2?: string }).testedHttp2 = "own";
describe("over our own HTTP/2", () => {
  describe("grpc-client", async () => void (await import("../transport/grpc-client.test.ts")));
  describe("grpc-attempt", async () => void (await import("../transport/grpc-attempt.test.ts")));
  describe("connections", async () => void (await import("../transport/connections.test.ts")));
  describe("connect-transport", async () => void (await import("../transport/connect-transport.test.ts")));
  describe("grpc-fuzz", async () => void (await import("../transport/grpc-fuzz.test.ts")));
});
