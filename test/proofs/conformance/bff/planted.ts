// One-line faults of the reference, in planted.json: file, line, faulty line, and a part of the names of rpcs.
import { readFileSync } from "node:fs";

export interface Planted {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** A case of one of these rpcs must fail. */
  readonly rpc: string;
}

type Row = readonly [file: string, from: string, to: string, rpc: string];
const rows = JSON.parse(readFileSync(new URL("planted.json", import.meta.url), "utf8")) as readonly Row[];

/** All planted faults. */
export const PLANTED: readonly Planted[] = rows.map(([file, from, to, rpc]) => ({ file, from, to, rpc }));
