import type { DescMessage } from "@bufbuild/protobuf";
import type { PlanCodec } from "../plan/plan-codec.ts";
import type { FileNames } from "./file-names.ts";
import type { Line } from "./lines.ts";

/** `encodeGetSummaryRequest`, `decodeSummary`. */
export function codecOf(desc: DescMessage, way: "encode" | "decode", codec: PlanCodec, names: FileNames): Line {
  const root = codec[`${way}s`].find((one) => one.desc === desc);
  return [names.codec(`${way}${root?.name ?? desc.name}`)];
}
