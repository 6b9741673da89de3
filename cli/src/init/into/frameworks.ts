// Code that serves a BFF in a framework, as docs/frameworks.md shows it.

/** The BFF that a framework serves, as its handler's file imports it. */
interface ServedBff {
  /** Folder of its generated code below the project's sources: `gen/shop/v1`. */
  readonly generated: string;
  /** The last part of its package: the `shop` of `shop_mock.ts`. */
  readonly name: string;
  /** Ending of imports: `.ts`, `.js` or none. */
  readonly ending: string;
}

/** A framework that a project can use. */
interface Framework {
  /** Package of npm that a project of this framework depends on. */
  readonly package: string;
  /** Folders by which a project keeps its sources in the first part of their path; none there: in its root. */
  readonly sources: readonly string[];
  /** True if servers render pages, which call the BFF by Connect's client. */
  readonly rendersPages: boolean;
  /** Files below the sources. */
  files(bff: ServedBff): Readonly<Record<string, string>>;
  /** The line that the user adds, and its place. */
  readonly byHand: string;
}

/** Returns a text without the line break in front and the indentation of its first line. */
function plain(text: string): string {
  const indent = /^\n( *)/.exec(text)?.[1] ?? "";
  return text.replaceAll(`\n${indent}`, "\n").trim();
}
const joined = (...parts: readonly string[]): string => `${parts.join("\n\n")}\n`;

const imports = ({ generated, ending }: ServedBff): string =>
  plain(`
    import type { Bff } from "@protobff/server/embed";
    import { openBff } from "./${generated}/bff${ending}";`);

function opening({ generated, name, ending }: ServedBff, base: readonly string[] = []): string {
  return plain(`
    /** Opens the BFF. With MOCK_UPSTREAMS=1 the upstreams are mocks, and need no addresses. */
    async function open(): Promise<Bff> {
      if (process.env.MOCK_UPSTREAMS !== "1") return openBff(${base.length === 0 ? "" : `{ ${base} }`});
      const { mockUpstreams } = await import("./${generated}/${name}_mock${ending}");
      return openBff({ ${[...base, "clients: mockUpstreams()"].join(", ")} });
    }`);
}

/** The BFF of frameworks that load a module again at each change of a file. */
const kept = (bff: ServedBff): readonly string[] => [
  "const kept = globalThis as { bff?: Promise<Bff> };",
  plain(`
    /** The BFF of this process, which reloads of a development server keep. */
    export const bff = (): Promise<Bff> => (kept.bff ??= open());`),
  opening(bff, ['basePath: "/api"']),
];

/** The BFF of frameworks that have an object of the app. */
const mounted = (type: string, from: string, mount: string, note: string): Framework["files"] => {
  return (bff) => ({
    "bff.ts": joined(
      `import type { ${type} } from "${from}";\n${imports(bff)}`,
      plain(`
        /** Serves the BFF in the app. ${note} */
        export async function serveBff(app: ${type}): Promise<Bff> {
          const bff = await open();
          ${mount}
          return bff;
        }`),
      opening(bff),
    ),
  });
};
const BEFORE_PARSERS = "Call it before parsers of bodies are added.";
const MOUNT = `add to your app, before parsers of bodies: await serveBff(app), imported from bff`;

export const FRAMEWORKS: Readonly<Record<string, Framework>> = {
  next: {
    package: "next",
    sources: ["src/app", "src/pages"],
    rendersPages: true,
    files: (bff) => ({
      "bff.ts": joined(
        `import type { Transport } from "@connectrpc/connect";\nimport { headers } from "next/headers";\n${imports(bff)}`,
        ...kept(bff),
        plain(`
          /** A transport for the page that is rendered. */
          export async function transport(): Promise<Transport> {
            // First, since a build that finds them leaves the page to each request: it has no upstreams.
            const incoming = await headers();
            return (await bff()).transport({ headers: incoming });
          }`),
      ),
      "app/api/[...path]/route.ts": joined(
        `import { bff } from "../../../bff${bff.ending}";`,
        "const answer = async (request: Request): Promise<Response> => (await bff()).fetch(request);",
        "export { answer as DELETE, answer as GET, answer as PATCH, answer as POST, answer as PUT };",
      ),
    }),
    byHand: "pages call the BFF with createClient(service, await transport()), which bff.ts exports",
  },
  "react-router": {
    package: "react-router",
    sources: ["app"],
    rendersPages: true,
    files: (bff) => ({
      // A name that keeps it out of the client's code.
      "bff.server.ts": joined(imports(bff), ...kept(bff)),
      "routes/bff.ts": joined(
        `import { bff } from "../bff.server${bff.ending}";`,
        "const answer = async ({ request }: { request: Request }): Promise<Response> => (await bff()).fetch(request);",
        "export { answer as action, answer as loader };",
      ),
    }),
    byHand: 'add to the routes: route("api/*", "routes/bff.ts")',
  },
  express: {
    package: "express",
    sources: ["src"],
    rendersPages: false,
    files: mounted("Express", "express", "app.use(bff.node);", BEFORE_PARSERS),
    byHand: MOUNT,
  },
  nestjs: {
    package: "@nestjs/core",
    sources: ["src"],
    rendersPages: false,
    files: mounted("INestApplication", "@nestjs/common", "app.use(bff.node);", BEFORE_PARSERS),
    byHand: MOUNT,
  },
  fastify: {
    package: "fastify",
    sources: ["src"],
    rendersPages: false,
    files: mounted(
      "FastifyInstance",
      "fastify",
      'app.addHook("onRequest", (request, reply, done) => bff.node(request.raw, reply.raw, done));',
      "Call it before the app listens.",
    ),
    byHand: "add to your app, before it listens: await serveBff(app), imported from bff",
  },
  hono: {
    package: "hono",
    sources: ["src"],
    rendersPages: false,
    files: mounted("Hono", "hono", 'app.all("*", (c) => bff.fetch(c.req.raw));', "Call it after all other routes."),
    byHand: "add to your app, after all other routes: await serveBff(app), imported from bff",
  },
};
