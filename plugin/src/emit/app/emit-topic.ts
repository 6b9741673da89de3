// Topics: members of the app object that rpcs follow, or whose newest item steps read.
import { emitValue } from "../../cel/index.ts";
import { fullName } from "../../model/full-name.ts";
import type { PlanTopic } from "../../plan/model/calls.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { codecOf } from "../names/codec-of.ts";
import { appNames, type FileNames } from "../names/file-names.ts";
import { callSource } from "../steps/emit-source.ts";
import { around, block, group, type Line, type Lines, line } from "../text/lines.ts";
import { absentAs } from "../values/lambda.ts";

/** `Topic<RunEventRead>` */
export function topicType({ of: { event } }: PlanTopic, names: FileNames): Line {
  const item: Line = event.type.kind === "message" ? [names.shape(event.type.desc)] : ["unknown"];
  return [names.runtimeType("Topic"), "<", ...item, ">"];
}

/** @param rpc the printed rpc of its call; undefined: it has no call */
export function emitTopic(topic: PlanTopic, rpc: Line | undefined, file: PlanFile, names: FileNames): Lines {
  const { of, name, keep } = topic;
  const { subject, jetstream } = of.topic;
  const { event } = of;
  const within = { ...appNames(names), file: names, item: event.name };
  const decode: Line =
    file.codec === undefined || event.type.kind !== "message"
      ? ["undefined"]
      : codecOf(event.type.desc, "decode", file.codec, names);
  const call: Lines =
    of.call === undefined || rpc === undefined
      ? []
      : around(
          [`call: { method: ${JSON.stringify(fullName(of.call.method))}, open: `],
          callSource([...rpc], of.call, of.position, within, { cx: ["cx"], args: { name: "key", type: ["string"] } }),
          [" },"],
        );
  const until = of.until && absentAs("false", { ...of.until, unsafe: [] }, within, emitValue(of.until, within).print);
  return block(
    [`${name}: new `, names.runtime("Topic"), `({ // ${names.place(of.topic.at)}`],
    [
      [`name: ${JSON.stringify(of.topic.name.value)},`],
      [`service: ${JSON.stringify(of.desc.typeName)},`],
      ["decode: ", ...decode, ","],
      ...(subject === undefined ? [] : line(`subject: ${JSON.stringify(subject.value)},`)),
      ...(jetstream === undefined ? [] : line(`jetstream: ${JSON.stringify(jetstream.value)},`)),
      [`keep: ${group(keep.value)},`],
      ...(until === undefined ? [] : line("until: (event) => ", ...until, ",")),
      ...call,
    ],
    ["}, topics),"],
  );
}
