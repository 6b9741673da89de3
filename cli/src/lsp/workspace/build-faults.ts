import { join } from "node:path";

/** A fault of a file that buf reports; line and column count from 1. */
export interface BuildFault {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const MOST = 100;

/** Reads the lines `path:line:column:message` of buf's output. */
export function buildFaults(output: string, root: string): readonly BuildFault[] {
  return [...output.matchAll(/^([^\n:]+\.proto):(\d+):(\d+):\s*(.+)$/gm)]
    .slice(0, MOST)
    .map(([, path = "", line, column, message = ""]) => ({
      path: join(root, path),
      line: Number(line),
      column: Number(column),
      message,
    }));
}
