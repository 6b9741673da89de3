import { type Branch, Protocol } from "@protobff/messages/options.js";
import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrBranch } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { checkUnique } from "../values/names.ts";
import { children, type Declared, expression, ratio, sourced, text, texts } from "../values/values.ts";

/** The addresses that a part of the requests goes to, in the order in which they are tried. */
export function readBranches(values: readonly Branch[], place: Place, report: Report): readonly IrBranch[] {
  const branches = children(values, place, "branch").flatMap((declaration) => readBranch(declaration, report) ?? []);
  checkUnique(
    branches.map(({ name }) => name),
    "BFF183",
    (name) => `the branch "${name}" is declared twice`,
    "leave out one of them, or combine their conditions with ||",
    report,
  );
  return branches;
}

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

function readBranch({ value, place }: Declared<Branch>, report: Report): IrBranch | undefined {
  const name = text(value.name, place, "name");
  const share = ratio(value.share, place, "share", report);
  const branch = {
    at: place.at,
    share,
    if: expression(value.if, place, "if", report),
    by: expression(value.by, place, "by", report),
    mirror: sourced(value.mirror, place, "mirror"),
    compare: sourced(value.compare, place, "compare"),
    ignore: texts(value.ignore, place, "ignore"),
    protocol: sourced(value.protocol, place, "protocol"),
  };
  checkMirror(branch, report);
  if (name === undefined || !NAME.test(name.value)) {
    const [at, message] =
      name === undefined
        ? [place.at, "this branch has no name"]
        : [name.at, `"${name.value}" is not a valid name of a branch: an environment variable ends with this name`];
    return fault(report, "BFF183", at, {
      message,
      hint: `write lower-case letters, digits and underscores, as in \`name: "canary"\`, whose address is in the variable …_CANARY_URL`,
    });
  }
  checkChoice(branch, value.share !== undefined, report);
  return { ...branch, name };
}

/** Reports `compare` of a branch that serves, and `ignore` of one without `compare`. */
function checkMirror({ mirror, compare, ignore, protocol }: Omit<IrBranch, "name">, report: Report): void {
  const refuse = (at: Origin, message: string, hint: string): void => fault(report, "BFF182", at, { message, hint });
  const [ignored] = ignore;
  if (compare?.value === true && mirror?.value !== true)
    refuse(compare.at, "only a mirror compares answers, and this branch serves requests", "add `mirror: true`");
  else if (ignored !== undefined && compare?.value !== true)
    refuse(
      ignored.at,
      '"ignore" leaves fields out of a comparison, and this branch compares none',
      "add `compare: true`",
    );
  if (protocol?.value === Protocol.PROTOCOL_UNSPECIFIED)
    fault(report, "BFF187", protocol.at, {
      message: '"PROTOCOL_UNSPECIFIED" is not a protocol of a branch',
      hint: "write GRPC, HTTP_JSON or CONNECT, or leave it out for the upstream's protocol",
    });
}

/** Checks that a branch selects requests, and not all of them. */
function checkChoice(
  { at, share, if: condition, by, mirror }: Omit<IrBranch, "name">,
  shares: boolean,
  report: Report,
): void {
  const refuse = (where: Origin, message: string, hint: string): void =>
    fault(report, "BFF182", where, { message, hint });
  if (by !== undefined && !shares)
    refuse(by.at, '"by" needs "share", and this branch has no share', "add `share`, such as 0.05");
  else if (mirror?.value === true)
    return; // it may receive copies of all calls
  else if (condition === undefined && !shares)
    refuse(at, "this branch selects no requests", "add `if`, or `share`, such as 0.05");
  else if (condition === undefined && by === undefined && share?.value === 1)
    refuse(share.at, "this branch selects every request", "write a share below 1, or add `if`");
}
