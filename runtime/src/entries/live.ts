// `@protobff/runtime/live`: endpoints of live answers.
export { liveEndpoint } from "../live/live-endpoint.ts";
export type { LiveOptions, LiveTriggers } from "../live/live-options.ts";
