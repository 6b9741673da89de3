import type { Report } from "../diagnostic/diagnostic.ts";
import type { Permit } from "../gen/bff/v1/options_pb.ts";
import type { IrPermit } from "../ir.ts";
import type { Text } from "../origin.ts";
import { child, type Declared, sourced, texts } from "./declared.ts";
import { checkUnique } from "./names.ts";
import { readFailure } from "./read-failure.ts";
import { readSteps } from "./read-step.ts";
import { expression } from "./values.ts";

/** Who may call: of a service or of an rpc. */
export function readPermit(declared: Declared<Permit>, of: "service" | "rpc", report: Report): IrPermit {
  const { value, place } = declared;
  const fail = child(value.fail, place, "fail");
  const permit: IrPermit = {
    kind: "permit",
    at: place.at,
    public: value.public === true ? sourced(value.public, place, "public") : undefined,
    sources: names(declared, "source", report),
    scopes: names(declared, "scope", report),
    roles: names(declared, "role", report),
    if: expression(value.if, place, "if", report),
    fail: fail && readFailure(fail, "permit", report),
    steps: of === "service" ? [] : readSteps(value.let, place, report),
  };
  return permit;
}

function names(
  { value, place }: Declared<Permit>,
  field: "source" | "scope" | "role",
  report: Report,
): readonly Text[] {
  const found = texts(value[field], place, field);
  checkUnique(found, "BFF130", (name) => `"${name}" is in the list twice`, "leave out one of them", report);
  return found;
}
