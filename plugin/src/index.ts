// Exports of the compiler for `protobff` (`protoc-gen-bff/compiler`). No stage imports this file.
export { getComments } from "@bufbuild/protoplugin";
export {
  addedValues,
  type Change,
  changeInJson,
  changesOf,
  elementName,
  type Facts,
  factsOf,
  findElement,
  findParent,
  findRenamed,
  lostReliances,
  parentName,
  type Reliance,
  shortName,
  type UpstreamElement,
  unsetRequired,
  withHttp,
} from "@protobff/messages/upstream-facts.js";
export { isReservedName } from "./cel/index.ts";
export { decodeFile } from "./command/decode-file.ts";
export { projectOf, sourcesIn, tryRead } from "./command/file-sources.ts";
export { type CommittedLock, type Compilation, compile } from "./compile.ts";
export { covers, mayTake, type PathMatch, rankOf } from "./deploy/routes/path-match.ts";
export { webSocketName } from "./deploy/routes/print-routes.ts";
export type { ServedPath, ServedRpc, ServedServer } from "./deploy/routes/served-server.ts";
export type { Diagnostic } from "./diagnostic/diagnostic.ts";
export { didYouMean, originAt } from "./diagnostic/diagnostic.ts";
export { renderDocument } from "./diagnostic/document.ts";
export { inOrder } from "./diagnostic/order.ts";
export { renderDiagnostics } from "./diagnostic/render.ts";
export type { Sources } from "./diagnostic/sources.ts";
export { type BehaviourReport, codeName, outageOf, type Prediction } from "./faults/index.ts";
export type { DriftCode } from "./lock/codes.ts";
export { isFacts, LOCK_VERSION, type Lock, parseLock, readLock } from "./lock/document.ts";
export type { Exchange } from "./lock/exchange.ts";
export type {
  IdentityFacts as IdentityReport,
  IdentitySourceFacts as IdentitySourceReport,
} from "./lock/identity-facts.ts";
export type { LimitFacts as LimitReport } from "./lock/limit-facts.ts";
export { describeUses, type NotUsed, type UpstreamUses, usesOf } from "./lock/uses.ts";
export { type Parameter, parseParameter } from "./options/parameter.ts";
export { PROTOS } from "./package/protos.ts";
export { VERSION } from "./package/version.ts";
export type { PlanEdit, SettingReport } from "./plan/edits/edit-plan.ts";
export { WORLD_KEYS } from "./plan/edits/edit-plan.ts";
export { parseProto } from "./read/source/parse-proto.ts";
export { amountOf } from "./read/values/env-value.ts";
export { isKeyword, isLibraryName } from "./read/values/names.ts";
export type { BindReport, CallReport, ErrorRuleReport } from "./report/calls/describe-call.ts";
export type { MethodCallsReport } from "./report/calls/describe-method-calls.ts";
export type { FailReport, FieldReport } from "./report/calls/describe-source.ts";
export type { BreakerReport, UpstreamReport } from "./report/calls/describe-upstreams.ts";
export type { VariableReport } from "./report/describe-file.ts";
export type {
  Edge,
  FileReport,
  MessageReport,
  PermitReport,
  RpcReport,
  ServiceReport,
  StepReport,
} from "./report/describe-report.ts";
export type {
  CallersReport,
  Claims,
  ClaimValue,
  RightsClaim,
  SourceOfCallers,
  SourceSetting,
} from "./report/faults/describe-callers.ts";
export { EXAMPLES, readsExamples } from "./report/faults/predictions.ts";
export type { Degraded } from "./report/rpcs/describe-degraded.ts";
export type { RuleReport, RulesReport } from "./report/rpcs/describe-rules.ts";
export { jsonFaultAt } from "./text/json-fault.ts";
