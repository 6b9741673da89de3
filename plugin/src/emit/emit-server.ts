// `server.ts` of a package: what `node web/v1/server.ts` runs.
import type { DescFile } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanServer } from "../plan/plan.ts";
import type { EnvVar } from "../resolve/model/model.ts";
import { envName } from "./emit-app.ts";
import { resolversName } from "./emit-resolver.ts";
import { FileNames } from "./file-names.ts";
import { block, type Line, type Lines, line } from "./lines.ts";
import { keepOwnWords } from "./own-words.ts";

export function emitServer(server: PlanServer, f: GeneratedFile): void {
  const [first] = server.files;
  if (first === undefined) return;
  // No file of its own in the run: everything, also of the first file, is imported.
  const names = new FileNames(f, first.desc);
  const single = server.files.length === 1;
  const own = (name: string, file: PlanServer["files"][number]) => f.import(name, `./${file.desc.name}_bff.js`);
  const services = server.files.flatMap((file) => file.services.map((service) => ({ file, service })));
  const upstreams = server.upstreams.map(
    (upstream): Line => [`${upstream.name}: `, names.service(upstream.service), ","],
  );
  const caches = server.files.some((file) => file.entries.some((entry) => entry.policy.cache !== undefined));
  const options = caches ? "{ observer, cache }" : "{ observer }";
  const made: Line[] = single
    ? [["const upstreams = ", own("createUpstreams", first), `(clients, ${options});`]]
    : block(
        ["const upstreams = {"],
        server.files.map((file) => ["...", own("createUpstreams", file), `(clients, ${options}),`]),
        ["};"],
      ).slice();
  const withResolvers = server.files.filter((file) => file.resolvers.length > 0);
  const resolvers = [...new Set(withResolvers.flatMap((file) => file.resolvers.map(({ name }) => name)))];
  const resolverType: Line = withResolvers.flatMap(
    (file, i): Line => [i === 0 ? "" : " & ", f.import(resolversName(file.desc), `./${file.desc.name}_bff.js`, true)],
  );
  if (resolvers.length > 0) made.push(["const resolvers = supplied as ", ...resolverType, ";"]);
  const parts = `clients, env, observer${caches ? ", cache" : ""}${resolvers.length > 0 ? ", resolvers: supplied" : ""}`;
  const rows: Line[] = [
    [`name: ${JSON.stringify(server.package)},`],
    [
      "services: [",
      ...services.flatMap(({ service }, i): Line => [i === 0 ? "" : ", ", names.service(service.desc)]),
      "],",
    ],
    ...(server.types.length === 0 ? [] : typesLines(server.types, names)),
    ...(upstreams.length === 0 ? line("upstreams: {},") : block(["upstreams: {"], upstreams, ["},"])),
    ...(server.env.length === 0
      ? line("env: () => ({}),")
      : block(["env: (read) => ({"], server.env.map(envLine), ["}),"])),
    ...(resolvers.length > 0 ? line(`resolvers: [${resolvers.map((name) => JSON.stringify(name)).join(", ")}],`) : []),
    ...block(
      [`create: ({ ${parts} }) => {`],
      [
        ...made,
        ...block(
          ["return ["],
          services.map(
            ({ file, service }): Line => [
              "...",
              own(service.create, file),
              file.resolvers.length > 0
                ? "({ upstreams, env, resolvers, observer }),"
                : "({ upstreams, env, observer }),",
            ],
          ),
          ["];"],
        ),
      ],
      ["},"],
    ),
  ];
  f.preamble(first.desc);
  const all = block(["await ", names.runtime("serve"), "({"], rows, ["});"]);
  for (const row of keepOwnWords(all, f, `./${server.path}.js`)) f.print(...row);
}

function typesLines(types: readonly DescFile[], names: FileNames): Lines {
  const rows = types.map((file): Line => [names.types(file), ","]);
  return [["// What a google.protobuf.Any may hold in JSON."], ...block(["types: ["], rows, ["],"])];
}

function envLine(entry: EnvVar): Line {
  const name = envName(entry);
  const standard = entry.ir.default === undefined ? "" : `, ${JSON.stringify(entry.ir.default.value)}`;
  const reader = entry.ir.type.value === "list(string)" ? "strings" : entry.ir.type.value;
  return [`${name}: read.${reader}(${JSON.stringify(name)}${standard}),`];
}
