import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";
import { agedAnswers } from "./aged-answers.ts";
import { branchHeaders, branchVariables, oneSide } from "./branches.ts";
import { breakers } from "./breakers.ts";
import { brokenRules } from "./broken-rules.ts";
import { cacheKeys } from "./cache-keys.ts";
import { cachedAnswers } from "./cached-answers.ts";
import type { Check } from "./check.ts";
import { constantConditions } from "./constant-conditions.ts";
import { criticalPath } from "./critical-path.ts";
import { criticality } from "./criticality.ts";
import { deferred } from "./deferred.ts";
import { degradationField } from "./degradation-field.ts";
import { eachLimits } from "./each-limits.ts";
import { effectsOrder } from "./effects-order.ts";
import { errorExposure } from "./error-exposure.ts";
import { followedKeys } from "./followed-keys.ts";
import { headerPermits } from "./header-permits.ts";
import { hiddenSteps } from "./hidden-steps.ts";
import { identify } from "./identify.ts";
import { identityHeaders } from "./identity-headers.ts";
import { idleAutobind } from "./idle-autobind.ts";
import { idleOutputs } from "./idle-outputs.ts";
import { idleRules, uniqueMessages } from "./idle-rules.ts";
import { idleSources } from "./idle-sources.ts";
import { knownServices } from "./known-services.ts";
import { limits } from "./limits.ts";
import { metadataValues } from "./metadata-values.ts";
import { nPlusOne } from "./n-plus-one.ts";
import { needlessAfter } from "./needless-after.ts";
import { oneofMembers } from "./oneof-members.ts";
import { openEnums } from "./open-enums.ts";
import { parts, partsMeant } from "./parts.ts";
import { publicSurface } from "./public-surface.ts";
import { randomPlaces } from "./random-places.ts";
import { restPaths, restQueries } from "./rest-paths.ts";
import { secretAttributes } from "./secret-attributes.ts";
import { servedTogether } from "./served-together.ts";
import { serverNames } from "./server-names.ts";
import { streams, topics } from "./streams.ts";
import { suspicions } from "./suspicions.ts";
import { switchCases } from "./switch-cases.ts";
import { unaskedIds } from "./unasked-ids.ts";
import { uncalledFunctions } from "./uncalled-functions.ts";
import { unordered } from "./unordered.ts";
import { unreadEnv } from "./unread-env.ts";
import { unreadItems } from "./unread-items.ts";
import { unseenPolicies } from "./unseen-policies.ts";
import { untrustedHeaders } from "./untrusted-headers.ts";
import { unusedSteps } from "./unused-steps.ts";
import { successors, versions } from "./versions.ts";
import { vouchedWrites } from "./vouched-writes.ts";

/** Checks of what is wrong, in the order in which they run. One value is checked where it is read, one expression where it is resolved. */
const ALL_CHECKS: readonly Check[] = Object.freeze([
  effectsOrder,
  degradationField,
  criticalPath,
  breakers,
  branchVariables,
  oneSide,
  metadataValues,
  identify,
  identityHeaders,
  openEnums,
  randomPlaces,
  cachedAnswers,
  streams,
  deferred,
  parts,
  successors,
  uniqueMessages,
]);

/** Checks of what works but is hardly intended. They run only if nothing is wrong, because an error may be their cause. */
const CHECKS_WHEN_SOUND: readonly Check[] = Object.freeze([
  unusedSteps,
  unordered,
  suspicions,
  topics,
  followedKeys,
  unaskedIds,
  headerPermits,
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
  partsMeant,
  criticality,
  eachLimits,
  nPlusOne,
  cacheKeys,
  agedAnswers,
  vouchedWrites,
  untrustedHeaders,
  secretAttributes,
  branchHeaders,
  limits,
  unseenPolicies,
  publicSurface,
  errorExposure,
  versions,
  restQueries,
]);

/** Checks that need more than the model; compile.ts runs them. */
const FURTHER_CHECKS: readonly Pick<Check, "rules">[] = [servedTogether, restPaths, serverNames, idleOutputs];

/** The rules of each check. */
export const RULES: readonly Check["rules"][] = [...ALL_CHECKS, ...CHECKS_WHEN_SOUND, ...FURTHER_CHECKS].map(
  ({ rules }) => rules,
);

export function checkAll(model: Model, report: Report): void {
  for (const check of ALL_CHECKS) check.run(model, report);
}

export function checkSound(model: Model, report: Report): void {
  for (const check of CHECKS_WHEN_SOUND) check.run(model, report);
}
