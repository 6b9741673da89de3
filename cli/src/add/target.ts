// The service that gets an rpc: its file, and the names and copies that its package has.
import {
  type DescEnum,
  type DescMessage,
  type DescMethod,
  type DescService,
  type FileRegistry,
  getOption,
  hasOption,
  type JsonObject,
  type Message,
} from "@bufbuild/protobuf";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { Copies } from "../init/copies.ts";
import { NameScope } from "../init/names.ts";
import type { Image } from "../project/buf.ts";
import { Refusal } from "../terminal.ts";

/** A project's BFFs and upstreams. */
export interface ProjectServices {
  readonly registry: FileRegistry;
  readonly bffs: readonly DescService[];
  /** The rpcs of all other services. */
  readonly upstream: readonly DescMethod[];
}

/** The service that gets an rpc. */
export interface ServiceTarget {
  readonly service: DescService;
  readonly types: NameScope;
  readonly copies: Copies;
  /** True if callers are identified and the service has no permit. */
  readonly needsPermit: boolean;
}

/** Divides the services of a project. */
export function servicesOf({ files }: Image, registry: FileRegistry): ProjectServices {
  const services = files.flatMap(({ name }) => registry.getFile(name)?.services ?? []);
  const bffs = services.filter((service) => ruleOf(service, "service", registry) !== undefined);
  return {
    registry,
    bffs,
    upstream: services.filter((service) => !bffs.includes(service)).flatMap(({ methods }) => methods),
  };
}

/**
 * Returns the BFF service of a name.
 *
 * @param to full name, or an unambiguous end of it; undefined: the only one
 */
export function chooseService({ bffs }: ProjectServices, to: string | undefined): DescService {
  const matches = bffs.filter(({ typeName }) => to === undefined || typeName === to || typeName.endsWith(`.${to}`));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (bffs.length === 0)
    throw new Refusal(
      "no service here is a BFF: mark one with option (bff.v1.service) = {}, or begin with protobff init",
    );
  const lines = (matches.length === 0 ? bffs : matches).map(({ typeName }) => `  --to ${typeName}`);
  const why = matches.length === 0 ? `no BFF is called ${to}, there are` : "choose the service that gets the rpc";
  throw new Refusal(`${why}:\n${lines.join("\n")}`, 2);
}

/** Reads the names and copies of a service's package. */
export function targetOf(service: DescService, registry: FileRegistry): ServiceTarget {
  const files = [...registry.files].filter(({ proto }) => proto.package === service.file.proto.package);
  const messages = files.flatMap((file) => file.messages);
  const enums = files.flatMap((file) => file.enums);
  const [types, values] = [new NameScope(), new NameScope()];
  for (const { name } of [...messages, ...enums, ...files.flatMap((file) => file.services)]) types.take(name);
  for (const { name } of enums.flatMap((desc) => desc.values)) values.take(name);
  const copies = new Copies(types, values);
  for (const desc of [...messages, ...enums])
    for (const alias of aliasesOf(desc, registry)) {
      const upstream = desc.kind === "message" ? registry.getMessage(alias) : registry.getEnum(alias);
      if (upstream !== undefined) copies.reuse(upstream, desc.name);
    }
  const imported = new Set(files);
  for (const file of imported) for (const dependency of file.dependencies) imported.add(dependency);
  const isIdentified = [...imported].some((file) => ruleOf(file, "file", registry)?.identity !== undefined);
  const hasPermit = ruleOf(service, "service", registry)?.permit !== undefined;
  return { service, types, copies, needsPermit: isIdentified && !hasPermit };
}

function aliasesOf(desc: DescMessage | DescEnum, registry: FileRegistry): readonly string[] {
  const { alias } = ruleOf(desc, desc.kind, registry) ?? {};
  return Array.isArray(alias) ? alias.filter((name) => typeof name === "string") : [];
}

type Ruled = Parameters<typeof hasOption>[0];

/** The options of `bff.v1` at a declaration, in JSON. */
function ruleOf(desc: Ruled, of: string, registry: FileRegistry): JsonObject | undefined {
  const extension = registry.getExtension(`bff.v1.${of}`);
  if (extension?.message === undefined || !hasOption(desc, extension)) return undefined;
  return jsonOf(extension.message, getOption(desc, extension) as Message, registry) as JsonObject;
}
