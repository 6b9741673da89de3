// `bff.ts` of a server: the module by which another program serves its RPCs.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanServer } from "../../plan/model/plan.ts";
import { embedPath } from "../names/file-names.ts";
import { protectWords } from "../text/import-collisions.ts";
import { block, type Line, type Lines, line } from "../text/lines.ts";
import { suppliedType } from "../text/supplied-type.ts";
import { contextOf, declarationLines, type Emitted } from "./emit-server.ts";

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
  const supplied = cx.supplied.map(({ name, files, what: kind }): Line => {
    const types = files.flatMap(({ desc }, i): Line => {
      const type = f.import(suppliedType(desc, kind), `./${desc.name}_bff.js`, true);
      return [i === 0 ? "" : " & ", type];
    });
    return [`readonly ${name}?: `, ...types, ";"];
  });
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
