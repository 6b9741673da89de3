import type { PlanFile } from "../../plan/model/plan.ts";
import { FAIR_SHARE, type FileNames } from "../names/file-names.ts";
import type { Lines } from "../text/lines.ts";

/** `, fair: FAIR_SHARE` in the limits of a file with fair shares. */
export const fairLimit = ({ fairShare }: Pick<PlanFile, "fairShare">): string =>
  fairShare === undefined ? "" : `, fair: ${FAIR_SHARE}`;

/** `const FAIR_SHARE = new FairShare(100);` */
export function emitFairShare({ fairShare }: PlanFile, names: FileNames): Lines {
  if (fairShare === undefined) return [];
  const { share, queue } = fairShare;
  return [
    [`const ${FAIR_SHARE} = new `, names.runtime("FairShare"), `(${queue});`, ` // ${names.place(share.at)}`],
    [],
  ];
}
