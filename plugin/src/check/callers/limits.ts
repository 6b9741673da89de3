import { caution, type Origin } from "../../diagnostic/diagnostic.ts";
import type { Limits, LimitUse, Model } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";
import { ARGS, CALLER, namesBehind, namesRead, overlap } from "../request-names.ts";

/** Reports valid limits that a client can evade, or that charge a request twice. */
export const limits: Check = {
  rules: {
    BFF540:
      "The key of a limit cannot be chosen by the client. A client with a new header or argument per request would never reach the limit, and each value needs a counter.",
    BFF541: "A header does not switch a limit on or off. A client can write any value into a header.",
    BFF542:
      "A limit is charged once per request. If it applies twice to one key, the effective rate is half of its `rate`.",
  },
  run(model, report) {
    const reported = new Set<string>();
    const warn: Warn = (code, at, message, hint, related) => {
      const place = `${code} ${at.file}:${at.line}:${at.column}`;
      if (reported.size === reported.add(place).size) return;
      caution(report, code, at, { message, hint, ...(related === undefined ? {} : { related }) });
    };
    for (const limits of model.limits) {
      for (const use of limits.uses) checkChosen(limits, use, model, warn);
      checkTwice(limits, warn);
    }
    for (const { key } of model.shares) {
      const names = namesRead(key);
      if (names.length > 0 && !names.includes(CALLER))
        warn(
          "BFF540",
          key.text.at,
          "the client chooses this key: with a new header per request it gets a share for each of them",
          "share by `principal` or by `peer.address`",
        );
    }
  },
};

type Warn = (
  code: "BFF540" | "BFF541" | "BFF542",
  at: Origin,
  message: string,
  hint: string,
  related?: readonly { readonly at: Origin; readonly message: string }[],
) => void;

/** Reports keys and conditions that the client chooses: the client can evade such a limit. */
function checkChosen({ rpc }: Limits, { key, if: condition, ir }: LimitUse, model: Model, warn: Warn): void {
  const permit = model.permits.find((candidate) => candidate.rpc === rpc);
  // A permit has then checked the value before the limit counts it.
  const guardNames = [...namesBehind(permit?.conditions.filter(({ source }) => source.kind === "guard") ?? [])];
  const free = (names: readonly string[]): boolean =>
    !names.includes(CALLER) && !names.some((name) => guardNames.some((guardName) => overlap(guardName, name)));
  const counted = namesRead(key);
  if (counted.length > 0 && free(counted)) {
    warn(
      "BFF540",
      key.text.at,
      `the client chooses this key: a client with a new ${counted.some(isArgument) ? "argument" : "header"} per request never reaches the limit "${ir.name.value}", and each key needs a counter`,
      "count by `principal` or by `peer.address`, or check in the `if` of the permit that the caller owns the value",
    );
  }
  const conditionNames = condition === undefined ? [] : namesRead(condition);
  if (condition !== undefined && conditionNames.some((name) => !isArgument(name)) && free(conditionNames)) {
    warn(
      "BFF541",
      condition.text.at,
      `a header, which the client chooses, decides whether "${ir.name.value}" applies`,
      "test a verified value, such as a field of `principal`",
    );
  }
}
const isArgument = (name: string): boolean => overlap(ARGS, name);

/** Reports a limit that applies twice to the same key, because it charges twice. */
function checkTwice({ uses }: Limits, warn: Warn): void {
  const same = ({ ir: { name, key, if: condition } }: LimitUse): string =>
    JSON.stringify([name.value, key.value, condition?.value]);
  const first = new Map<string, LimitUse>();
  for (const use of uses) {
    const earlier = first.get(same(use));
    if (earlier === undefined) first.set(same(use), use);
    else
      warn(
        "BFF542",
        use.ir.name.at,
        `"${use.ir.name.value}" counts the same key twice: each request is charged for both`,
        "leave out one of the two: a limit of a file or a service applies to all of its rpcs",
        [{ at: earlier.ir.name.at, message: `the other limit, of the ${earlier.of}` }],
      );
  }
}
