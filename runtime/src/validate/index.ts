// Exports for generated `_rules.ts`; loaded only if requests have rules.
export { isEmail } from "./formats/email.ts";
export { isAddress, isHostAndPort, isHostname } from "./formats/host.ts";
export { isAnyIpPrefix, isIp, isIpPrefix } from "./formats/ip.ts";
export * from "./formats/names.ts";
export { isUri, isUriRef } from "./formats/uri.ts";
export { bytesContain, bytesEndWith, bytesStartWith, isInf, unique, violationText } from "./functions.ts";
export { pattern } from "./pattern.ts";
export { compareTimes, isOneOfTimes, isWithin, type Time } from "./times.ts";
export * from "./values.ts";
export type { Rule, RuleStep } from "./violation.ts";
export { Violations } from "./violations.ts";
