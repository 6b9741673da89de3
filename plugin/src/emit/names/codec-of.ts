import type { DescMessage } from "@bufbuild/protobuf";
import type { PlanCodec } from "../../plan/model/codec.ts";
import type { Line } from "../text/lines.ts";
import type { FileNames } from "./file-names.ts";

/** `encodeGetSummaryRequest`, `decodeSummary`. */
export function codecOf(desc: DescMessage, way: "encode" | "decode", codec: PlanCodec, names: FileNames): Line {
  const root = codec[`${way}s`].find((entry) => entry.desc === desc);
  return [names.codec(`${way}${root?.name ?? desc.name}`)];
}
