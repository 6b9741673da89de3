// Mocks: the runtime of a BFF's tests, and of servers with mocks. Upstreams in the process, time that a test moves,
// samples of messages. It may import every room below the server; only generated mocks, and tests, load it.

export type { Clock } from "@protobff/runtime/internal/clock";
export { systemClock } from "@protobff/runtime/internal/clock";
export { Code } from "@protobff/runtime/internal/failure";
export { sample } from "@protobff/runtime/internal/samples";
export { TestBed, type TestCall, type TestOptions, type TestRpc, type TestStreamRpc } from "./bed.ts";
export type { Behaviour } from "./behaviour.ts";
export { type RecordedExample, recordedExamples } from "./example.ts";
export { FakeClock } from "./fake-clock.ts";
export * from "./fault-cell.ts";
export { TestFollow } from "./follow.ts";
export { type BatchFields, forEachKey } from "./for-each-key.ts";
export { type TestCaller, TestIdentity } from "./identity.ts";
export type { MockCall, Mocked, MockHandler, MockItems, MockRpc, MockStreamRpc } from "./mock-rpc.ts";
export { MockUpstream, type MockUpstreamOptions } from "./mock-upstream.ts";
