import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";
import { checkAgedAnswers } from "./aged-answers.ts";
import { checkBranchHeaders, checkBranchVariables, checkOneSide } from "./branches.ts";
import { checkBreakers } from "./breakers.ts";
import { checkBrokenRules } from "./broken-rules.ts";
import { checkCacheKeys } from "./cache-keys.ts";
import { checkCachedAnswers } from "./cached-answers.ts";
import { checkConstantConditions } from "./constant-conditions.ts";
import { checkCriticalPath } from "./critical-path.ts";
import { checkCriticality } from "./criticality.ts";
import { checkDeferred } from "./deferred.ts";
import { checkDegradationField } from "./degradation-field.ts";
import { checkEachLimits } from "./each-limits.ts";
import { checkEffectsOrder } from "./effects-order.ts";
import { checkErrorExposure } from "./error-exposure.ts";
import { checkFollowedKeys } from "./followed-keys.ts";
import { checkHeaderPermits } from "./header-permits.ts";
import { checkHiddenSteps } from "./hidden-steps.ts";
import { checkIdentify } from "./identify.ts";
import { checkIdentityHeaders } from "./identity-headers.ts";
import { checkIdleAutobind } from "./idle-autobind.ts";
import { checkIdleRules, checkUniqueMessages } from "./idle-rules.ts";
import { checkIdleSources } from "./idle-sources.ts";
import { checkKnownServices } from "./known-services.ts";
import { checkLimits } from "./limits.ts";
import { checkMetadataValues } from "./metadata-values.ts";
import { checkNPlusOne } from "./n-plus-one.ts";
import { checkNeedlessAfter } from "./needless-after.ts";
import { checkOneofMembers } from "./oneof-members.ts";
import { checkOpenEnums } from "./open-enums.ts";
import { checkParts, checkPartsMeant } from "./parts.ts";
import { checkPublicSurface } from "./public-surface.ts";
import { checkRandomPlaces } from "./random-places.ts";
import { checkRestQueries } from "./rest-paths.ts";
import { checkSecretAttributes } from "./secret-attributes.ts";
import { checkStreams, checkTopics } from "./streams.ts";
import { checkSuspicions } from "./suspicions.ts";
import { checkSwitchCases } from "./switch-cases.ts";
import { checkUnaskedIds } from "./unasked-ids.ts";
import { checkUncalledFunctions } from "./uncalled-functions.ts";
import { checkUnordered } from "./unordered.ts";
import { checkUnreadEnv } from "./unread-env.ts";
import { checkUnreadItems } from "./unread-items.ts";
import { checkUnseenPolicies } from "./unseen-policies.ts";
import { checkUntrustedHeaders } from "./untrusted-headers.ts";
import { checkUnusedSteps } from "./unused-steps.ts";
import { checkSuccessors, checkVersions } from "./versions.ts";
import { checkVouchedWrites } from "./vouched-writes.ts";

/** One rule over the whole model. */
export type Check = (model: Model, report: Report) => void;

/** Every rule, in the order in which they run. What one expression or one element shows alone is checked where it is read or resolved. */
const ALL_CHECKS: readonly Check[] = Object.freeze([
  checkEffectsOrder,
  checkDegradationField,
  checkCriticalPath,
  checkBreakers,
  checkBranchVariables,
  checkOneSide,
  checkMetadataValues,
  checkIdentify,
  checkIdentityHeaders,
  checkOpenEnums,
  checkRandomPlaces,
  checkCachedAnswers,
  checkStreams,
  checkDeferred,
  checkParts,
  checkSuccessors,
  checkUniqueMessages,
]);

/** Rules about what works and is hardly meant: where something else is wrong, that may be the reason, so they run only when nothing is. */
const CHECKS_WHEN_SOUND: readonly Check[] = Object.freeze([
  checkUnusedSteps,
  checkUnordered,
  checkSuspicions,
  checkTopics,
  checkFollowedKeys,
  checkUnaskedIds,
  checkHeaderPermits,
  checkIdleSources,
  checkIdleRules,
  checkBrokenRules,
  checkUnreadEnv,
  checkUncalledFunctions,
  checkKnownServices,
  checkUnreadItems,
  checkNeedlessAfter,
  checkHiddenSteps,
  checkSwitchCases,
  checkConstantConditions,
  checkOneofMembers,
  checkIdleAutobind,
  checkPartsMeant,
  checkCriticality,
  checkEachLimits,
  checkNPlusOne,
  checkCacheKeys,
  checkAgedAnswers,
  checkVouchedWrites,
  checkUntrustedHeaders,
  checkSecretAttributes,
  checkBranchHeaders,
  checkLimits,
  checkUnseenPolicies,
  checkPublicSurface,
  checkErrorExposure,
  checkVersions,
  checkRestQueries,
]);

export function checkAll(model: Model, report: Report): void {
  for (const check of ALL_CHECKS) check(model, report);
}

export function checkSound(model: Model, report: Report): void {
  for (const check of CHECKS_WHEN_SOUND) check(model, report);
}
