import type { Bind } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrBind } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { readBinds } from "../steps/read-binds.ts";

/** Maximum number of headers of an rpc. */
const MAX_HEADERS = 16;

/** Reads the headers of an rpc's answers. */
export function readHeaders(
  { header }: { readonly header: readonly Bind[] },
  place: Place,
  report: Report,
): readonly IrBind[] {
  const headers = readBinds(header, place, "header", "answer header", report);
  const first = headers[MAX_HEADERS];
  if (first !== undefined)
    fault(report, "BFF196", first.at, {
      message: `this rpc has ${headers.length} headers, and ${MAX_HEADERS} at most are sent`,
      hint: `leave out ${headers.length - MAX_HEADERS}, or move values into a field of the response`,
    });
  return headers;
}
