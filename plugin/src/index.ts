// What `protobff` uses of the compiler (`protoc-gen-bff/compiler`). No stage imports it.
export { getComments } from "@bufbuild/protoplugin";
export { isReservedName } from "./cel/index.ts";
export { type CommittedLock, type Compilation, compile } from "./compile.ts";
export type { Diagnostic } from "./diagnostic/diagnostic.ts";
export { didYouMean } from "./diagnostic/did-you-mean.ts";
export { renderDocument } from "./diagnostic/document.ts";
export { inOrder } from "./diagnostic/order.ts";
export { renderDiagnostics } from "./diagnostic/render.ts";
export type { Sources } from "./diagnostic/sources.ts";
export type { IdentityReport, IdentitySourceReport } from "./edge/identity-report.ts";
export type { LimitReport } from "./edge/limit-report.ts";
export { explain } from "./explain.ts";
export { PROTOS } from "./gen/protos.ts";
export { addedValues, type Change, changeInJson, changesOf } from "./lock/changes.ts";
export type { DriftCode } from "./lock/codes.ts";
export { type Lock, parseLock } from "./lock/document.ts";
export type { Exchange, Reliance } from "./lock/exchange.ts";
export { elementName, type Facts, factsOf, type UpstreamElement, withHttp } from "./lock/facts.ts";
export { findElement, findParent, findRenamed, parentName, shortName } from "./lock/find-element.ts";
export { describeUses, type NotUsed, type UpstreamUses, usesOf } from "./lock/uses.ts";
export { type Parameter, parseParameter } from "./parameter.ts";
export type { BindReport, CallReport, ErrorRuleReport } from "./plan/describe-call.ts";
export type {
  CallersReport,
  Claims,
  ClaimValue,
  RightsClaim,
  Setting,
  SourceOfCallers,
} from "./plan/describe-callers.ts";
export type { Degraded } from "./plan/describe-degraded.ts";
export type { MethodCallsReport } from "./plan/describe-method-calls.ts";
export type {
  Edge,
  FileReport,
  MessageReport,
  PermitReport,
  RpcReport,
  ServiceReport,
  StepReport,
} from "./plan/describe-report.ts";
export type { RuleReport, RulesReport } from "./plan/describe-rules.ts";
export type { FailReport, FieldReport } from "./plan/describe-source.ts";
export type { BreakerReport, UpstreamReport } from "./plan/describe-upstreams.ts";
export { asksExamples, EXAMPLES } from "./plan/told-faults.ts";
export { isKeyword, isLibraryName } from "./read/names.ts";
export { projectOf, sourcesIn, tryRead } from "./sources-in.ts";
export { VERSION } from "./version.ts";
