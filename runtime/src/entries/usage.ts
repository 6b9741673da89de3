// `@protobff/runtime/usage`: events of usage, and their queue.
export { type OpenUsage, openUsage } from "../environment/open-usage.ts";
export type { UsageEvent, UsageEvents, UsageValue } from "../usage/usage-event.ts";
