// Paths of rpcs: each request matches exactly one rpc.

import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { HttpTemplate } from "../../ir/edge.ts";
import type { BffMethod, BffPackage } from "../../resolve/model/model.ts";
import { queryOf, type RestRule } from "../../resolve/model/rest.ts";
import type { ServedTogether } from "../../resolve/model/server-paths.ts";
import type { Check } from "../check.ts";

interface Bound {
  readonly method: BffMethod;
  readonly rule: RestRule;
}
const boundOf = ({ files }: BffPackage): readonly Bound[] =>
  files.flatMap(({ services }) =>
    services.flatMap(({ methods }) => methods.flatMap((method) => method.rest.map((rule) => ({ method, rule })))),
  );

/** Reports equal templates within one server, and paths that the server itself answers. */
export const restPaths: Check<Pick<ServedTogether, "packages">> = {
  rules: {
    BFF563:
      "A request matches one rpc. With two templates that differ only in the names of variables, chance would decide.",
    BFF564:
      "A path does not cover the paths of health checks, sessions or rpcs. An rpc is at `/package.Service/Method` for gRPC and Connect.",
  },
  run({ packages }, report) {
    const known = new Map<string, Bound>();
    for (const bound of packages.flatMap(boundOf)) {
      checkBuiltIn(packages, bound, report);
      const { ir } = bound.rule;
      const key = `${ir.method} ${shape(ir.template)}`;
      const before = known.get(key);
      if (before === undefined) known.set(key, bound);
      else checkSame(bound, before, key, report);
    }
  },
};

function checkSame({ method, rule }: Bound, before: Bound, path: string, report: Report): void {
  const same = before.method === method;
  fault(report, "BFF563", rule.ir.path.at, {
    message: same
      ? `"${method.desc.name}" has this path twice: ${path}`
      : `"${method.desc.name}" and "${before.method.desc.name}" have the same path: ${path}`,
    related: [
      { at: before.rule.ir.path.at, message: same ? "the first path" : `the path of "${before.method.desc.name}"` },
    ],
    hint: same ? "leave out one of the two" : "give one of the two another segment, or a verb, such as `:search`",
  });
}

/** Returns the pattern of all requests for the template. */
function shape({ segments, verb }: HttpTemplate): string {
  return `/${segments.join("/")}${verb === undefined ? "" : `:${verb}`}`;
}

function checkBuiltIn(packages: readonly BffPackage[], { rule: { ir } }: Bound, report: Report): void {
  const found = packages.flatMap(builtIn).find((path) => matches(ir.template, path));
  if (found === undefined) return;
  const [first = ""] = ir.template.segments;
  const wild = first === "*" || first === "**";
  fault(report, "BFF564", ir.path.at, {
    message: `/${found.path.join("/")}, ${found.what}, also matches this path`,
    hint: wild ? 'begin the path with a literal, as in "/v1/…"' : "begin the path with another literal",
  });
}

interface BuiltIn {
  readonly what: string;
  /** `*`: any one. */
  readonly path: readonly string[];
}
function builtIn({ files, identity }: BffPackage): readonly BuiltIn[] {
  const services = files.flatMap((file) => file.services.map(({ desc }) => desc));
  const session = identity?.sources.some(({ credential }) => credential.kind === "session") ?? false;
  const hasTools = files.some((file) => file.services.some(({ methods }) => methods.some(({ tool }) => tool)));
  return [
    { what: "a health check", path: ["healthz"] },
    { what: "a health check", path: ["readyz"] },
    { what: "the public keys of this server", path: [".well-known", "bff-keys"] },
    { what: "the WebSocket that follows streams", path: ["bff.v1", "follow"] },
    { what: "an rpc", path: ["grpc.health.v1.Health", "Check"] },
    { what: "an rpc", path: ["grpc.reflection.v1.ServerReflection", "ServerReflectionInfo"] },
    ...(hasTools
      ? [
          { what: "the path of tools for agents", path: ["mcp"] },
          { what: "a path of tools for agents", path: [".well-known", "oauth-protected-resource", "mcp"] },
        ]
      : []),
    ...services.flatMap(({ typeName, methods }) =>
      methods.map(({ name }) => ({ what: "an rpc", path: [typeName, name] })),
    ),
    ...(session
      ? ["login", "callback", "logout", "me", "backchannel-logout"].map((name) => ({
          what: "a path of the session",
          path: ["auth", name],
        }))
      : []),
  ];
}

function matches({ segments, verb }: HttpTemplate, { path }: BuiltIn): boolean {
  if (verb !== undefined) return false; // none of them has a colon
  const open = segments.at(-1) === "**";
  const fixed = open ? segments.slice(0, -1) : segments;
  if (open ? path.length < fixed.length : path.length !== fixed.length) return false;
  return fixed.every((segment, i) => segment === "*" || segment === path[i]);
}

const MAX_NAMED = 3;
/** Reports fields that a request over this path cannot contain. */
export const restQueries: Check = {
  rules: {
    BFF565:
      "The path, the query and the body of a request can contain all its fields. Query parameters are single values and lists of them, not maps or lists of messages.",
  },
  run({ packages }, report) {
    for (const { method, rule } of packages.flatMap(boundOf)) {
      const { unsendable } = queryOf(rule, method.desc.input);
      if (unsendable.length === 0) continue;
      const names = unsendable.slice(0, MAX_NAMED).map(({ name }) => `"${name}"`);
      const more = unsendable.length > MAX_NAMED ? `, and ${unsendable.length - MAX_NAMED} more` : "";
      const { ir } = rule;
      const withBody = !["GET", "HEAD", "DELETE"].includes(ir.method);
      caution(report, "BFF565", ir.path.at, {
        message: `no query parameter can contain ${names.join(", ")}${more}: clients of this path cannot send ${unsendable.length === 1 ? "it" : "them"}`,
        hint: withBody
          ? 'put the field into the body, as with `body: "*"`'
          : 'choose a method that has a body, as in `post: "/v1/books:search" body: "*"`',
      });
    }
  },
};
