// Identity of callers: the sources of a package, with the checks that need only the source itself.

import type { Identity, Source } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrIdentity, IrIdentitySource } from "../../ir/edge.ts";
import { readBinds } from "../steps/read-binds.ts";
import { checkDistinct, checkListed, checkReference, checkVariable } from "../values/names.ts";
import { children, type Declared, text, texts } from "../values/values.ts";
import { checkPlaces } from "./check-places.ts";
import { checkPattern, readCredential } from "./read-credential.ts";

export function readIdentity({ value, place }: Declared<Identity>, report: Report): IrIdentity {
  const type = text(value.type, place, "type");
  checkReference(type, "a message", report);
  const sources = children(value.source, place, "source").map((source) => readSource(source, report));
  if (sources.length === 0)
    fault(report, "BFF151", place.at, {
      message: "this identity has no source, so it identifies no caller",
      hint: 'add a source, as in `source: { name: "user" jwt: { issuer: "{env.OIDC_ISSUER}" audience: "web" } }`',
    });
  checkDistinct(sources, "BFF108", (name) => `the source "${name}" is declared twice`, "rename one of them", report);
  checkAlike(sources, report);
  checkPlaces(sources, report);
  return { kind: "identity", at: place.at, type, sources };
}

function readSource({ value, place }: Declared<Source>, report: Report): IrIdentitySource {
  const name = text(value.name, place, "name");
  const credential = readCredential(value, place, report);
  const from = texts(value.from, place, "from");
  if (name === undefined || value.kind.case === undefined) {
    fault(report, "BFF151", place.at, {
      message: `this source has no ${name === undefined ? '"name"' : "kind"}`,
      hint:
        name === undefined
          ? 'add a `name` for permits, logs and variables, as in `name: "user"`'
          : "add one of `jwt`, `session`, `api_key`, `assertion`, `peer` and `trusted`",
    });
  }
  if (name !== undefined) checkVariable(name, "a source", report);
  for (const pattern of from) checkPattern(pattern, pattern.value.includes("/") ? "spiffe" : "dns", report);
  checkListed(from, "BFF130", report);
  const [first] = from;
  if (credential?.kind === "peer" && first !== undefined)
    fault(report, "BFF151", first.at, {
      message: "a certificate belongs to its connection: `from` has no effect beside `peer`",
      hint: "leave out `from`",
    });
  return {
    kind: "identity_source",
    at: place.at,
    name,
    credential,
    set: readBinds(value.set, place, "set", "field of the principal", report),
    from,
  };
}

/** Names that would be one in the variables of the environment. */
function checkAlike(sources: readonly IrIdentitySource[], report: Report): void {
  const first = new Map<string, Text>();
  for (const { name } of sources) {
    if (name === undefined) continue;
    const upper = name.value.toUpperCase();
    const other = first.get(upper);
    if (other === undefined) first.set(upper, name);
    else if (other.value !== name.value)
      fault(report, "BFF108", name.at, {
        message: `"${name.value}" and "${other.value}" differ only in case`,
        related: [{ at: other.at, message: "the other source" }],
        hint: `choose another name: environment variables contain the name in upper case (BFF_${upper}_…)`,
      });
  }
}
