// Programs of frameworks that serve a BFF, each as docs/frameworks.md shows it, and a path `/hello`.

/** Packages of npm, each in its newest major. */
export const PACKAGES: readonly string[] = [
  ...["express@5", "fastify@5", "@connectrpc/connect-fastify@2", "hono@4", "@hono/node-server@2", "bun@1", "deno@2"],
  ...["@nestjs/core@12", "@nestjs/common@12", "@nestjs/platform-express@12", "reflect-metadata@0.2", "rxjs@7"],
  ...["react-router@8", "@react-router/dev@8", "@react-router/node@8", "vite@8", "isbot@5", "react@19", "react-dom@19"],
];

interface Program {
  /** The command, from the folder of the packages. */
  readonly run: readonly string[];
  readonly source: string;
  /** True if only the RPCs are served: no REST and no server-sent events. */
  readonly rpcsOnly?: true;
  /** Further files of the program, and the command that builds it from them. */
  readonly files?: Readonly<Record<string, string>>;
  readonly build?: readonly string[];
  /** Path of a page that shows order 1 and the header `x-user`, which it reads over `bff.transport`. */
  readonly page?: string;
}

const NODE = [process.execPath];
const OPEN = `import { openBff } from "./shop/v1/bff.ts";\nconst bff = await openBff();\n`;
const UP = `(port: number) => console.log(\`port \${port}\`)`;

export const PROGRAMS: Readonly<Record<string, Program>> = {
  Express: {
    run: NODE,
    source: `import express from "express";
${OPEN}const app = express();
app.use(bff.node);
app.use(express.json());
app.get("/hello", (_request, response) => response.send("hello"));
const server = app.listen(0, "127.0.0.1", () => (${UP})(server.address().port));
`,
  },
  Fastify: {
    run: NODE,
    source: `import fastify from "fastify";
${OPEN}const app = fastify();
app.addHook("onRequest", (request, reply, done) => bff.node(request.raw, reply.raw, done));
app.get("/hello", () => "hello");
await app.listen({ port: 0, host: "127.0.0.1" });
(${UP})(app.server.address().port);
`,
  },
  "Fastify with Connect's plugin": {
    run: NODE,
    rpcsOnly: true,
    source: `import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import fastify from "fastify";
${OPEN}const app = fastify();
await app.register(fastifyConnectPlugin, { routes: bff.routes });
app.get("/hello", () => "hello");
await app.listen({ port: 0, host: "127.0.0.1" });
(${UP})(app.server.address().port);
`,
  },
  Hono: {
    run: NODE,
    source: `import { serve } from "@hono/node-server";
import { Hono } from "hono";
${OPEN}const app = new Hono();
app.get("/hello", (c) => c.text("hello"));
app.all("*", (c) => bff.fetch(c.req.raw));
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => (${UP})(port));
`,
  },
  NestJS: {
    run: NODE,
    // Node's type stripping has no decorators: they are called here.
    source: `import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
${OPEN}class Hello {
  get() { return "hello"; }
}
Get("/hello")(Hello.prototype, "get", Object.getOwnPropertyDescriptor(Hello.prototype, "get"));
Controller()(Hello);
class App {}
Module({ controllers: [Hello] })(App);
const app = await NestFactory.create(App, { logger: false });
app.use(bff.node);
await app.listen(0, "127.0.0.1");
(${UP})(app.getHttpServer().address().port);
`,
  },
  "React Router": {
    run: NODE,
    build: ["node_modules/.bin/react-router", "build"],
    page: "/pages/1",
    files: {
      "vite.config.ts": `import { reactRouter } from "@react-router/dev/vite";
export default { plugins: [reactRouter()], ssr: { external: ["@protobff/server", "@protobff/runtime"] } };
`,
      "app/bff.server.ts": OPEN.replace("./shop", "../shop").replace("const", "export const"),
      "app/routes.ts": `import { route } from "@react-router/dev/routes";
export default [route("hello", "hello.ts"), route("pages/:id", "page.tsx"), route("*", "answer.ts")];
`,
      "app/hello.ts": `export const loader = () => new Response("hello");\n`,
      "app/answer.ts": `import { bff } from "./bff.server";
const answer = ({ request }: { request: Request }) => bff.fetch(request);
export { answer as action, answer as loader };
`,
      "app/page.tsx": `import { createClient } from "@connectrpc/connect";
import { ShopService } from "../shop/v1/shop_pb";
import { bff } from "./bff.server";
export async function loader({ request, params }) {
  const { id, paid, user } = await createClient(ShopService, bff.transport({ headers: request.headers })).getOrderPage({ id: params.id });
  return { text: \`order \${id} of \${user} is \${paid ? "paid" : "open"}\` };
}
export default ({ loaderData }) => <p>{loaderData.text}</p>;
`,
      "app/root.tsx": `import { Outlet, Scripts } from "react-router";
export default () => <html lang="en"><body><Outlet /><Scripts /></body></html>;
`,
    },
    source: `import { createServer } from "node:http";
import { createRequestListener } from "@react-router/node";
import * as build from "./build/server/index.js";
const server = createServer(createRequestListener({ build }));
server.listen(0, "127.0.0.1", () => (${UP})(server.address().port));
`,
  },
  Bun: {
    run: ["node_modules/@oven/bun-linux-x64/bin/bun"],
    source: `${OPEN}const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => new URL(request.url).pathname === "/hello" ? new Response("hello") : bff.fetch(request),
});
(${UP})(server.port);
`,
  },
  Deno: {
    run: ["node_modules/@deno/linux-x64-glibc/deno", "run", "-A"],
    source: `${OPEN}const server = Deno.serve({ port: 0, hostname: "127.0.0.1" }, (request) =>
  new URL(request.url).pathname === "/hello" ? new Response("hello") : bff.fetch(request));
(${UP})(server.addr.port);
`,
  },
};

/** A handler of AWS Lambda, called once with an event on standard input. */
export const LAMBDA = `import { Hono } from "hono";
import { handle } from "hono/aws-lambda";
${OPEN}const app = new Hono();
app.all("*", (c) => bff.fetch(c.req.raw));
const handler = handle(app);
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(await handler(JSON.parse(text), {})));
await bff.close();
`;

/** The example event of API Gateway's HTTP APIs, payload format 2.0, in AWS's documentation; of function URLs as well. */
export const LAMBDA_EVENT = {
  version: "2.0",
  routeKey: "$default",
  rawPath: "/shop.v1.ShopService/GetOrderPage",
  rawQueryString: "",
  headers: { "content-type": "application/json", host: "id.execute-api.us-east-1.amazonaws.com", "x-user": "ada" },
  requestContext: {
    accountId: "123456789012",
    apiId: "api-id",
    domainName: "id.execute-api.us-east-1.amazonaws.com",
    domainPrefix: "id",
    http: {
      method: "POST",
      path: "/shop.v1.ShopService/GetOrderPage",
      protocol: "HTTP/1.1",
      sourceIp: "192.0.2.1",
      userAgent: "agent",
    },
    requestId: "id",
    routeKey: "$default",
    stage: "$default",
    time: "12/Mar/2020:19:03:58 +0000",
    timeEpoch: 1583348638390,
  },
  body: Buffer.from('{"id":"1"}').toString("base64"),
  isBase64Encoded: true,
};
