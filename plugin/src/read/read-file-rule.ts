import { type Breaker, type FileRule, Protocol, type RetryBudget, type Upstream } from "@protobff/messages/options.js";
import { caution, fault, type Report, type Text } from "../diagnostic/diagnostic.ts";
import type { IrFile } from "../ir/ir.ts";
import type { IrBreaker, IrRetryBudget, IrUpstream } from "../ir/step.ts";
import { readEnv } from "./edge/read-env.ts";
import { readFairShare } from "./edge/read-fair-share.ts";
import { readHosts } from "./edge/read-hosts.ts";
import { readIdentity } from "./edge/read-identity.ts";
import { readLimits } from "./edge/read-limits.ts";
import { readPurges } from "./edge/read-purges.ts";
import { readTelemetry } from "./edge/read-telemetry.ts";
import { readUsage } from "./edge/read-usage.ts";
import { readFunction } from "./read-function.ts";
import type { Place } from "./source/place.ts";
import { readBalance } from "./steps/read-balance.ts";
import { isEmpty, readPolicy } from "./steps/read-policy.ts";
import { readShard } from "./steps/read-shards.ts";
import { checkMethod, checkReference, checkUnique } from "./values/names.ts";
import {
  child,
  children,
  count,
  type Declared,
  duration,
  durationOrEnv,
  ratio,
  maxElements as readMaxElements,
  sourced,
  text,
} from "./values/values.ts";

export function readFileRule(
  { value, place }: Declared<FileRule>,
  report: Report,
): Omit<IrFile, "kind" | "desc" | "target" | "services" | "messages" | "enums"> {
  if (isEmpty(value)) fault(report, "BFF124", place.at, { message: "this rule sets no option", hint: "leave it out" });
  const telemetry = child(value.telemetry, place, "telemetry");
  const usage = child(value.usage, place, "usage");
  const identity = child(value.identity, place, "identity");
  const fairShare = child(value.fairShare, place, "fair_share");
  const functions = children(value.function, place, "function").flatMap(
    (declaration) => readFunction(declaration, report) ?? [],
  );
  checkUnique(
    functions.map((fn) => fn.name),
    "BFF108",
    (name) => `the function "${name}" is declared twice`,
    "leave out one of them",
    report,
  );
  return {
    upstreams: children(value.upstream, place, "upstream").map((upstream) => readUpstream(upstream, report)),
    env: readEnv(children(value.env, place, "env"), report),
    functions,
    identity: identity && readIdentity(identity, report),
    limits: readLimits(value, place, report),
    telemetry: telemetry && readTelemetry(telemetry, report),
    usage: usage && readUsage(usage, report),
    maxElements: readMaxElements(value, place, report),
    hosts: readHosts(value, place, report),
    purges: readPurges(children(value.purge, place, "purge"), report),
    fairShare: fairShare && readFairShare(fairShare, report),
  };
}

function readUpstream(declared: Declared<Upstream>, report: Report): IrUpstream {
  const { value, place } = declared;
  const breaker = child(value.breaker, place, "breaker");
  const budget = child(value.retryBudget, place, "retry_budget");
  const balance = child(value.balance, place, "balance");
  const shard = child(value.shard, place, "shard");
  const protocol = readProtocol(value, place, report);
  const { service: _service, method: _method, ...policies } = value;
  const upstream: IrUpstream = {
    kind: "upstream",
    at: place.at,
    service: text(value.service, place, "service"),
    method: text(value.method, place, "method"),
    policy: readPolicy({ value, place }, report),
    breaker: breaker && readBreaker(breaker, report),
    retryBudget: budget && readRetryBudget(budget, report),
    balance: balance && readBalance(balance, report),
    protocol,
    shard: shard && readShard(shard, report),
    bare: isEmpty(policies),
  };
  checkReference(upstream.service, "a service", report);
  checkMethod(upstream.method, report);
  if (upstream.method !== undefined) checkOneMethod(declared, upstream, upstream.method, report);
  const { readOnly } = upstream.policy;
  if (readOnly !== undefined && upstream.service === undefined && upstream.method === undefined) {
    fault(report, "BFF133", readOnly.at, {
      message: '"read_only" applies to a service or a method, and this entry names neither',
      hint: "add the `service` or the `method`",
    });
  }
  if (shard !== undefined && upstream.service === undefined && upstream.method === undefined) {
    fault(report, "BFF133", shard.place.at, {
      message: 'a "shard" applies to one upstream, and this entry governs every upstream',
      hint: "add the `service`",
    });
  }
  if (upstream.bare && (upstream.service === undefined || upstream.method !== undefined))
    fault(report, "BFF124", place.at, {
      message: "this upstream entry has no policy",
      hint: "add a policy, or leave out the entry; an entry with only a `service` makes the service available to resolvers",
    });
  return upstream;
}

/** An entry of one method holds nothing that is of a whole upstream. */
function checkOneMethod(
  { value, place }: Declared<Upstream>,
  { service, balance, retryBudget, protocol, shard }: IrUpstream,
  method: Text,
  report: Report,
): void {
  if (service !== undefined) {
    fault(report, "BFF133", service.at, {
      message: 'this entry names a "service" and a "method"',
      related: [{ at: method.at, message: "the method already names its service" }],
      hint: "leave out one of them",
    });
  }
  const related = [{ at: method.at, message: "this entry is for one method" }];
  const wholes = [
    ["retry_budget", retryBudget?.at, "move it to the entry of the service"],
    ["balance", balance?.at, "move it to the entry of the service: all methods of a service have the same addresses"],
    ["protocol", protocol?.at, "move it to the entry of the service: an address has one protocol"],
    ["shard", shard?.at, "move it to the entry of the service, or set the `shard` of the calls"],
    [
      "branch",
      value.branch.length > 0 ? place.field("branch", 0).at : undefined,
      "move it to the entry of the service: all calls of a request to an upstream go to the same branch",
    ],
  ] as const;
  for (const [name, at, hint] of wholes)
    if (at !== undefined)
      fault(report, "BFF133", at, { message: `a "${name}" applies to a whole upstream`, related, hint });
}

function readProtocol({ protocol }: Upstream, place: Place, report: Report): IrUpstream["protocol"] {
  const setting = sourced(protocol, place, "protocol");
  if (setting?.value !== Protocol.PROTOCOL_UNSPECIFIED) return setting;
  fault(report, "BFF187", setting.at, {
    message: '"PROTOCOL_UNSPECIFIED" is not a protocol of an upstream',
    hint: "write GRPC, HTTP_JSON or CONNECT, or leave it out for GRPC",
  });
  return undefined;
}

function readRetryBudget({ value, place }: Declared<RetryBudget>, report: Report): IrRetryBudget {
  const maxTokens = count(
    value.maxTokens,
    place,
    "max_tokens",
    "write twice the number of failures in a row that stop retries",
    report,
  );
  if (maxTokens !== undefined && maxTokens.value <= 2) {
    fault(report, "BFF145", maxTokens.at, {
      message: "this budget allows no retry: the first failure uses half of it",
      hint: "write at least 3, or turn off retries with `retry: { attempts: 1 }`",
    });
  }
  return {
    at: place.at,
    maxTokens,
    tokenRatio: ratio(value.tokenRatio, place, "token_ratio", report),
  };
}

function readBreaker({ value, place }: Declared<Breaker>, report: Report): IrBreaker {
  const { off, ...numbers } = value;
  if (off === true && !isEmpty(numbers)) {
    caution(report, "BFF140", place.field("off").at, {
      message: "this breaker is off: its other options have no effect",
      hint: "leave out the other options",
    });
  }
  if (isEmpty(value)) {
    caution(report, "BFF141", place.at, {
      message: 'this "breaker" sets no option',
      hint: "add the options that differ from the defaults, or leave it out",
    });
  }
  return {
    at: place.at,
    errorRate: ratio(value.errorRate, place, "error_rate", report),
    window: durationOrEnv(value.window, place, "window", report),
    minimum: count(
      value.minimum,
      place,
      "minimum",
      "write the number of calls that are needed for an error rate",
      report,
    ),
    openFor: durationOrEnv(value.openFor, place, "open_for", report),
    probes: count(
      value.probes,
      place,
      "probes",
      "write the number of calls that probe whether the upstream works again",
      report,
    ),
    slow: duration(value.slow, place, "slow", report),
    slowRate: ratio(value.slowRate, place, "slow_rate", report),
    off: sourced(value.off, place, "off"),
    consecutive: sourced(value.consecutive, place, "consecutive"),
  };
}
