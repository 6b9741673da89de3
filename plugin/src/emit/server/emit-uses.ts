// `server_uses.ts`: the used parts of upstreams, for the comparison with deployed ones.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanServer } from "../../plan/model/plan.ts";
import { block, type Line, type Lines } from "../text/lines.ts";

/** Returns what some files use of a service, by names as in the lock. */
export type UsesOf = (
  files: readonly string[],
  service: string,
) => {
  readonly methods: ReadonlyMap<
    string,
    { readonly sets: readonly string[]; readonly reliesOn: readonly string[]; readonly vouched: boolean }
  >;
  readonly elements: readonly string[];
};

export function emitUses(server: PlanServer, usesOf: UsesOf, f: GeneratedFile): void {
  const [first] = server.files;
  if (first === undefined) return;
  const files = server.files.map(({ desc }) => desc.proto.name);
  const rows = server.upstreams.flatMap(({ name, service }): Lines => {
    const { methods, elements } = usesOf(files, service.typeName);
    const entries = [...methods].flatMap(([method, { sets, reliesOn, vouched }]) =>
      block(
        [`${JSON.stringify(method)}: {`],
        [
          ...list("sets", sets),
          [`reliesOn: [${reliesOn.map((item) => JSON.stringify(item)).join(", ")}],`],
          [`vouched: ${vouched},`],
        ],
        ["},"],
      ),
    );
    return block([`${name}: {`], [...block(["methods: {"], entries, ["},"]), ...list("elements", elements)], ["},"]);
  });
  f.preamble(first.desc);
  f.print("/** The used parts of upstreams. The server compares them with deployed upstreams. */");
  for (const row of block(["export const USES = {"], rows, ["} as const;"])) f.print(...row);
}

const list = (name: string, all: readonly string[]): Lines =>
  block(
    [`${name}: [`],
    all.map((item): Line => [`${JSON.stringify(item)},`]),
    ["],"],
  );
