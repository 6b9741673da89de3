// @protobff/replay: runs requests again that a server has captured.
export { assertIdentical } from "./assert-identical.ts";
export { type CaptureContent, readCapture } from "./capture/read-capture.ts";
