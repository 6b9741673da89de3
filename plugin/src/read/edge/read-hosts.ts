import { isHostName } from "@protobff/messages/host-names.js";
import type { FileRule } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { Place } from "../source/place.ts";
import { checkTemplate } from "../values/check-address.ts";
import { checkUnique } from "../values/names.ts";
import { parseTemplate } from "../values/template.ts";
import { texts } from "../values/values.ts";

/** Reads the host names of a package. A name with holes is checked again when the server starts. */
export function readHosts({ host }: FileRule, place: Place, report: Report): readonly Text[] {
  const hosts = texts(host, place, "host");
  for (const text of hosts) {
    checkTemplate(text, report);
    const template = parseTemplate(text.value);
    if (!template.ok || isHostName(template.parts.map((part) => (part.kind === "text" ? part.text : "x")).join("")))
      continue;
    fault(report, "BFF195", text.at, {
      message: `${JSON.stringify(text.value)} is no host name in lower case`,
      hint: "write a name such as `shop.example.com` or `*.example.com`, without scheme, port and path",
    });
  }
  checkUnique(
    hosts,
    "BFF195",
    (name) => `the host ${JSON.stringify(name)} is listed twice`,
    "leave out one of them",
    report,
  );
  return hosts;
}
