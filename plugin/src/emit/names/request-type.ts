// Type of the request that generated functions receive.

import type { PlanCallers } from "../../plan/model/inputs.ts";
import type { Line } from "../text/lines.ts";
import type { FileNames } from "./file-names.ts";

/**
 * Prints `Request<App>`, or `Request<App, Principal | undefined>` if callers are identified and an rpc answers anybody.
 */
export function typeOfRequest(app: Line, callers: PlanCallers | undefined, file: FileNames): Line {
  const request = file.runtimeType("Request");
  if (callers === undefined) return [request, "<", ...app, ">"];
  return [request, "<", ...app, ", ", ...principalType(callers, file), ">"];
}

/** `Principal`, `Principal | undefined`. */
export function principalType({ types, open }: PlanCallers, file: FileNames): Line {
  const all: Line[] = [...types.map((desc): Line => [file.shape(desc)]), ...(open.length > 0 ? [["undefined"]] : [])];
  return all.flatMap((member, i): Line => (i === 0 ? member : [" | ", ...member]));
}
