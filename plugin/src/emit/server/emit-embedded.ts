// `bff.ts` of a server: the module by which another program serves its RPCs.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanServer } from "../../plan/model/plan.ts";
import { embedPath } from "../names/file-names.ts";
import { block, type Line, type Lines, line, protectWords } from "../text/lines.ts";
import { contextOf, declarationLines, type Emitted, suppliedTypes } from "./emit-server.ts";

/**
 * Emits `bff.ts`: `openBff`, which serves the same RPCs inside another program.
 *
 * @param readsPeer whether its RPCs read the client's address
 */
export function emitEmbedded(server: PlanServer, f: GeneratedFile, options: Emitted, readsPeer: boolean): void {
  const [first] = server.files;
  if (first === undefined) return;
  const cx = contextOf(server, f, first.desc);
  const from = (name: string, typeOnly = false) => f.import(name, "@protobff/server/embed", typeOnly);
  // Only a server has mocks, by a flag of its command.
  const rows = declarationLines(cx, { ...options, mock: false });
  const open = block(
    ["return ", from("embed"), "({"],
    [...rows, ...(readsPeer ? line("readsPeer: true,") : [])],
    ["}, options);"],
  );
  const supplied = cx.supplied.map((all): Line => [`readonly ${all.name}?: `, ...suppliedTypes(all, f), ";"]);
  const base = from("OpenBffOptions", true);
  const optionLines =
    supplied.length === 0
      ? line(["export type BffOptions = ", base, ";"])
      : block(["export interface BffOptions extends ", base, " {"], supplied, ["}"]);
  const all: Lines = [
    ["/** Options of `openBff`. */"],
    ...optionLines,
    [],
    ["/** Opens the BFF inside another program. Rejects with all missing or malformed variables. */"],
    ...block(["export function openBff(options: BffOptions = {}): Promise<", from("Bff", true), "> {"], open, ["}"]),
  ];
  f.preamble(first.desc);
  for (const row of protectWords(all, f, `./${embedPath(server)}.js`)) f.print(...row);
}
