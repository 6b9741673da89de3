// Names for @protobff/replay, which runs captured requests again.
export { loadResolvers, type Supplied } from "../config/load-resolvers.ts";
export { Explorer, type Replays } from "../explorer/explorer.ts";
export { isSecretField, isSecretHeader } from "../explorer/masks.ts";
export type { ReplayedAttempt, ReplayedCall, ReplayOrder, ShownReplay, ShownRequest } from "../explorer/page-data.ts";
export type { ShowMessage } from "../explorer/recorder.ts";
export { openAdmin } from "../process/admin.ts";
export { connect as connectUpstreams } from "../process/upstream-clients.ts";
export { type CacheDecider, entryOf, failureOf, interceptCache, SPARE } from "./captured-cache.ts";
export { frameOf } from "./captured-topics.ts";
export { digestOf, filesOf } from "./digest.ts";
export {
  ARRIVALS,
  type ArrivalEvent,
  CAPTURE_FORMAT,
  type CapturedEntry,
  type CapturedFailure,
  type CapturedFault,
  type CapturedRequest,
  type CaptureHeader,
  EFFECTS,
  type EffectEvent,
  MEMBERS,
  type SharedAct,
  sealPurpose,
  type TapeEvent,
  WITHHELD,
} from "./format.ts";
export { type Decider, tapOf } from "./guards.ts";
export { maskOf } from "./secrets.ts";
