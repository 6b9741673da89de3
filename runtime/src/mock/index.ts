// Mocks: what tests of a BFF run on, and servers that are told to. Upstreams in the process, time that a test moves, samples of messages.
// It may know every room below the server; only generated mocks, and tests, load it.

export { sample } from "@protobff/samples/sample.js";
export type { Clock } from "../clock.ts";
export { systemClock } from "../clock.ts";
export { Code } from "../failure.ts";
export { TestBed, type TestCall, type TestOptions, type TestRpc, type TestStreamRpc } from "./bed.ts";
export type { Behaviour } from "./behaviour.ts";
export { FakeClock } from "./fake-clock.ts";
export {
  type Ask,
  type FaultableBff,
  type FaultCell,
  type MockFault,
  type MockLaterFault,
  runFaultCell,
  runFaultTest,
} from "./fault-cell.ts";
export { TestFollow } from "./followed.ts";
export { type BatchFields, forEachKey } from "./for-each-key.ts";
export { type TestCaller, TestIdentity } from "./identity.ts";
export { type MockCall, MockUpstream, type MockUpstreamOptions } from "./mock-upstream.ts";
export type { Mocked, MockHandler, MockItems, MockRpc, MockStreamRpc } from "./mocked.ts";
export { type RecordedExample, recordedExamples } from "./recorded.ts";
