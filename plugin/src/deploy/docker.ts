// The image of a server: its Dockerfile, and what of the folder that it is built from is none of it.
import { comment } from "../text/yaml.ts";
import type { ServerDeployment } from "./server-deployment.ts";

/** The version of esbuild in images; a test compares it with package.json. */
export const ESBUILD = "0.28.2";

export function dockerfile({ name, server, folder, importExtension }: ServerDeployment): string {
  const typescript = importExtension === "ts";
  const out = typescript ? "gen" : "dist/gen";
  const main = `${server.path}.${typescript ? "ts" : "js"}`;
  const command = typescript
    ? "OUT is the folder that `out:` of buf.gen.yaml names"
    : "OUT is the folder that `npm run build` compiles what is generated into";
  const installed = typescript
    ? `RUN --mount=type=secret,id=npmrc,target=/app/.npmrc npm ci --omit=dev --no-audit --no-fund
COPY . .`
    : `RUN --mount=type=secret,id=npmrc,target=/app/.npmrc npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund`;
  return `# The image of ${comment(server.name || "the BFF")}, written by protoc-gen-bff. From the folder with package.json:
#   docker build -f ${comment(word(`${out}/${folder}/Dockerfile`))} -t ${name} .
# ${command}: --build-arg OUT=src/gen.
# Pin Node by digest with --build-arg NODE=node:24-slim@sha256:… Pass a registry's password with --secret id=npmrc,src=.npmrc
ARG NODE=node:24-slim

FROM \${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json *.tgz ./
${installed}
ARG OUT=${out}
# Bundles the server with the packages of protobff. Other dependencies of the project stay in node_modules.
RUN --mount=type=secret,id=npmrc,target=/app/.npmrc npx --yes -p esbuild@${ESBUILD} bff-bundle "\${OUT}"/${word(main)} ${BUNDLE}
RUN mkdir ${COMPILED} && chown 1000 ${COMPILED} && chmod -R a+rX .
# Fills the compile cache for this user. The port is invalid, so that the server loads and exits with 2.
USER 1000:1000
RUN output=$(NODE_COMPILE_CACHE=${COMPILED} PORT=none node ${BUNDLE}/server.js 2>&1) || test $? -eq 2 || { echo "$output"; exit 1; }; chmod -R a+rX ${COMPILED}

FROM \${NODE}
# The image installs nothing from here on.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* /usr/local/bin/yarn /usr/local/bin/yarnpkg
ENV NODE_ENV=production
ENV NODE_COMPILE_CACHE=/app/${COMPILED}
# V8 compiles on threads, and glibc would keep memory for each thread.
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /app ./
# The number of the user \`node\`: runAsNonRoot needs a number.
USER 1000:1000
EXPOSE 8080
# Kubernetes ignores it and uses the probes of the Deployment.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", ${JSON.stringify(HEALTH)}]
# SIGTERM drains for BFF_DRAIN_DELAY and BFF_GRACE (10s): docker stop --timeout 15
STOPSIGNAL SIGTERM
CMD ["node", ${JSON.stringify(`${BUNDLE}/server.js`)}]
`;
}

/** A folder of Node's compile cache. */
const COMPILED = ".compiled";
const BUNDLE = ".bundle";

/** Quotes text as one word of a shell. */
const word = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Exits with 0 if /healthz returns 200. The owner of the certificate is not checked. */
const HEALTH = [
  "const { PORT, HOST, TLS_CERT_FILE } = process.env",
  "const host = !HOST || /^(0\\.0\\.0\\.0|::)$/.test(HOST) ? '127.0.0.1' : HOST",
  "const end = (code) => process.exit(code)",
  "const options = { host, port: PORT || 8080, path: '/healthz', rejectUnauthorized: false, timeout: 2500 }",
  "const { get } = require(TLS_CERT_FILE ? 'node:https' : 'node:http')",
  "get(options, (answer) => end(answer.statusCode === 200 ? 0 : 1)).on('error', () => end(1)).on('timeout', () => end(1))",
].join("; ");

/** For \`Dockerfile.dockerignore\`, which counts for the Dockerfile beside it alone. */
export const DOCKERIGNORE = `# Files that images leave out. Written by protoc-gen-bff. https://docs.docker.com/build/concepts/context/#dockerignore-files
**/.git
**/node_modules
**/.npmrc
**/.env
**/.env.*
**/*.pem
**/*.key
**/Dockerfile
**/*.dockerignore
**/coverage
**/*.test.*
**/*.md
**/*.log
`;
