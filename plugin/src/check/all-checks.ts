import { distinctReport, type Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";
import type { Sliced } from "../slices/sliced.ts";
import { agedAnswers } from "./caching/aged-answers.ts";
import { agedPages } from "./caching/aged-pages.ts";
import { cacheKeys } from "./caching/cache-keys.ts";
import { cachedAnswers } from "./caching/cached-answers.ts";
import { cdnTags } from "./caching/cdn-tags.ts";
import { freshValues, idleFresh } from "./caching/fresh-values.ts";
import { liveTags } from "./caching/live-tags.ts";
import { purgedTags } from "./caching/purged-tags.ts";
import { randomPlaces } from "./caching/random-places.ts";
import { headerPermits } from "./callers/header-permits.ts";
import { identify } from "./callers/identify.ts";
import { identityHeaders } from "./callers/identity-headers.ts";
import { idleSources } from "./callers/idle-sources.ts";
import { limits } from "./callers/limits.ts";
import { secretAttributes } from "./callers/secret-attributes.ts";
import { toolCallers } from "./callers/tool-callers.ts";
import { uncheckedIds } from "./callers/unchecked-ids.ts";
import { untrustedHeaders } from "./callers/untrusted-headers.ts";
import { absentInputs, absentReads } from "./calls/absent-inputs.ts";
import { branchHeaders, branchVariables, oneSide } from "./calls/branches.ts";
import { breakers } from "./calls/breakers.ts";
import { criticalPath } from "./calls/critical-path.ts";
import { eachLimits } from "./calls/each-limits.ts";
import { effectsOrder } from "./calls/effects-order.ts";
import { errorExposure } from "./calls/error-exposure.ts";
import { expressionCosts } from "./calls/expression-costs.ts";
import { knownServices } from "./calls/known-services.ts";
import { metadataValues } from "./calls/metadata-values.ts";
import { idleMirrors, openMirrors } from "./calls/mirrors.ts";
import { nPlusOne } from "./calls/n-plus-one.ts";
import { quorums } from "./calls/quorums.ts";
import { requestMasks, unsetMasks } from "./calls/request-masks.ts";
import { shardsAlone } from "./calls/shards.ts";
import { unboundedPages } from "./calls/unbounded-pages.ts";
import { unordered } from "./calls/unordered.ts";
import { unseenPolicies } from "./calls/unseen-policies.ts";
import { vouchedWrites } from "./calls/vouched-writes.ts";
import type { Check } from "./check.ts";
import { pathFields } from "./exposure/path-fields.ts";
import { sensitiveValues } from "./exposure/sensitive-values.ts";
import { deferred } from "./streams/deferred-steps.ts";
import { followedKeys } from "./streams/followed-keys.ts";
import { parts, partsMeant } from "./streams/parts.ts";
import { streams, topics } from "./streams/streams.ts";
import { degradationField } from "./surface/degradation-field.ts";
import { fieldChoices, unmaskableNames } from "./surface/field-choices.ts";
import { idleOutputs } from "./surface/idle-outputs.ts";
import { openEnums } from "./surface/open-enums.ts";
import { publicSurface } from "./surface/public-surface.ts";
import { restPaths, restQueries } from "./surface/rest-paths.ts";
import { routePrefixes } from "./surface/route-prefixes.ts";
import { servedTogether } from "./surface/served-together.ts";
import { serverNames } from "./surface/server-names.ts";
import { toolDescriptions, toolNames, tools } from "./surface/tools.ts";
import { successors, versions } from "./surface/versions.ts";
import { brokenRules } from "./unused/broken-rules.ts";
import { constantConditions } from "./unused/constant-conditions.ts";
import { criticality } from "./unused/criticality.ts";
import { hiddenSteps } from "./unused/hidden-steps.ts";
import { idleAutobind } from "./unused/idle-autobind.ts";
import { idleFallbacks } from "./unused/idle-fallbacks.ts";
import { idleRules, uniqueMessages } from "./unused/idle-rules.ts";
import { incompleteLists } from "./unused/incomplete-lists.ts";
import { missingItems } from "./unused/missing-items.ts";
import { needlessAfter } from "./unused/needless-after.ts";
import { oneofMembers } from "./unused/oneof-members.ts";
import { shortLists } from "./unused/short-lists.ts";
import { switchCases } from "./unused/switch-cases.ts";
import { uncalledFunctions } from "./unused/uncalled-functions.ts";
import { unreadEnv } from "./unused/unread-env.ts";
import { unreadItems } from "./unused/unread-items.ts";
import { unsetComparisons } from "./unused/unset-comparisons.ts";
import { unusedSteps } from "./unused/unused-steps.ts";
import { wholeSubsets } from "./unused/whole-subsets.ts";

/** A message with rules should be composed somewhere, and an argument should be read; both were noticed on the way. */
const suspicions: Check = {
  rules: {},
  run(model, report) {
    for (const suspicion of model.suspicions) report(suspicion);
  },
};

/**
 * Checks of errors, in the order in which they run. A single value is checked where it is read, a single expression
 * where it is resolved.
 */
const ALL_CHECKS: readonly Check[] = Object.freeze([
  absentInputs,
  quorums,
  degradationField,
  criticalPath,
  branchVariables,
  oneSide,
  idleMirrors,
  shardsAlone,
  metadataValues,
  identify,
  identityHeaders,
  openEnums,
  randomPlaces,
  cachedAnswers,
  cdnTags,
  liveTags,
  freshValues,
  agedPages,
  streams,
  deferred,
  parts,
  successors,
  uniqueMessages,
  fieldChoices,
  requestMasks,
  tools,
  toolCallers,
]);

/**
 * Checks in a model that is complete: a value that fell out must not make an option idle. Errors of other checks are not
 * their cause, and must not hide what they find.
 */
const CHECKS_WHEN_RESOLVED: readonly Check[] = Object.freeze([
  effectsOrder,
  breakers,
  sensitiveValues,
  pathFields,
  uncheckedIds,
  headerPermits,
  vouchedWrites,
  untrustedHeaders,
  secretAttributes,
  branchHeaders,
  openMirrors,
  errorExposure,
  absentReads,
  missingItems,
  incompleteLists,
]);

/**
 * Checks of valid but probably unintended settings. They run only without errors, because an error may be their cause.
 */
const CHECKS_WHEN_SOUND: readonly Check[] = Object.freeze([
  unusedSteps,
  unordered,
  suspicions,
  topics,
  followedKeys,
  idleSources,
  idleRules,
  brokenRules,
  unreadEnv,
  uncalledFunctions,
  knownServices,
  unreadItems,
  needlessAfter,
  hiddenSteps,
  switchCases,
  constantConditions,
  oneofMembers,
  idleAutobind,
  idleFallbacks,
  partsMeant,
  criticality,
  shortLists,
  unsetComparisons,
  wholeSubsets,
  eachLimits,
  expressionCosts,
  nPlusOne,
  unboundedPages,
  cacheKeys,
  agedAnswers,
  purgedTags,
  idleFresh,
  limits,
  unseenPolicies,
  publicSurface,
  versions,
  restQueries,
  unmaskableNames,
  unsetMasks,
  toolDescriptions,
]);

/** Checks that need more than the model; compile.ts runs them. */
const FURTHER_CHECKS: readonly Pick<Check, "rules">[] = [
  servedTogether,
  restPaths,
  toolNames,
  serverNames,
  idleOutputs,
  routePrefixes,
];

/** The rules of each check. */
export const RULES: readonly Check["rules"][] = [
  ...ALL_CHECKS,
  ...CHECKS_WHEN_RESOLVED,
  ...CHECKS_WHEN_SOUND,
  ...FURTHER_CHECKS,
].map(({ rules }) => rules);

/** Pauses before each check. */
export const checkAll = (model: Model, report: Report): Sliced<void> => runAll(ALL_CHECKS, model, report);

/** Pauses before each check. */
export const checkResolved = (model: Model, report: Report): Sliced<void> =>
  runAll(CHECKS_WHEN_RESOLVED, model, report);

/** Pauses before each check. */
export const checkSound = (model: Model, report: Report): Sliced<void> => runAll(CHECKS_WHEN_SOUND, model, report);

function* runAll(checks: readonly Check[], model: Model, report: Report): Sliced<void> {
  for (const check of checks) {
    yield;
    check.run(model, onceIn(model, report));
  }
}

/** Subsets repeat the steps of composed messages, and their faults. */
function onceIn({ messages }: Model, report: Report): Report {
  return messages.some(({ ir }) => ir.subset !== undefined) ? distinctReport(report) : report;
}
