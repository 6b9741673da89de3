// Events that purge tags.
import type { PlanPurge } from "../../plan/model/plan.ts";
import { appNames, type FileNames } from "../names/file-names.ts";
import { block, commas, type Line, type Lines, mentions } from "../text/lines.ts";
import { holeValue, tagParts } from "../values/emit-tags.ts";
import { readParameters } from "../values/lambda.ts";

/** `purges: [{ subject: "orders.*", jetstream: "ORDERS", digest: "…", type: OrderSchema, tags: (event: Order) => … }],` */
export function purgeLines(purges: readonly PlanPurge[], names: FileNames): Lines {
  if (purges.length === 0) return [];
  const within = appNames(names);
  const rows = purges.flatMap(({ of: { ir, type, tags }, digest }) => {
    const lists = tags.map(({ parts }) =>
      tagParts(parts.map((part) => (typeof part === "string" ? part : holeValue(part, within)))),
    );
    const body: Line = ["[", ...commas(lists), "]"];
    const event = { name: "event", type: [names.shape(type)] };
    return block(
      [`{ // ${names.place(ir.at)}`],
      [
        [`subject: ${JSON.stringify(ir.subject.value)},`],
        [`jetstream: ${JSON.stringify(ir.jetstream.value)},`],
        [`digest: ${JSON.stringify(digest)},`],
        ["type: ", names.schema(type), ","],
        ["tags: (", ...readParameters([event], (name) => mentions([body], name)), ") => ", ...body, ","],
      ],
      ["},"],
    );
  });
  return block(["purges: ["], rows, ["],"]);
}
