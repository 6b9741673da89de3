// @protobff/replay: runs requests again that a server has captured.
export { assertIdentical } from "./assert-identical.ts";
export { type CaptureContent, CaptureError, readCapture } from "./capture/read-capture.ts";
export { type ExactReplay, type Outcome, replayExactly } from "./tape/replay-exactly.ts";
export { openWorld, type World } from "./world/create-endpoints.ts";
export { loadServer } from "./world/load-server.ts";
