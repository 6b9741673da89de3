// npm run demo: generates three BFFs, starts them over five upstreams, and plays the scenes of scenes.ts. `-- --all` plays every scene,
// `-- --keep` leaves the servers running, and `-- --nats` publishes and follows runs in NATS.
import { createInterface } from "node:readline";
import { generate } from "../../scripts/generate.ts";
import { type Nats, startNats } from "../runs/nats.ts";
import { type Page, startPage } from "../runs/page.ts";
import { type RunsBff, startRuns } from "../runs/runs-bff.ts";
import { type AccountBff, startAccountBff } from "./account.ts";
import { MOBILE, WEB } from "./answers.ts";
import { addressVariables, type BffProcess, startBff } from "./bff-process.ts";
import { tracesGoTo } from "./on-call.ts";
import { SCENES, type Stage } from "./scenes.ts";
import { fullNames, type ServiceName, serviceNames } from "./services.ts";
import { bold, dim, show } from "./terminal.ts";
import { livelyLatencies, startUpstreams, type Upstreams } from "./upstreams.ts";
import { accountLines, loginLines } from "./who-is-calling.ts";

const FLAGS = ["--all", "--keep", "--nats"] as const;
type Flags = ReadonlySet<string>;

let chapter = 0;
function title(text: string, explanation: string): void {
  chapter += 1;
  console.log(`\n${bold(`${chapter}. ${text}`)}\n${dim(explanation)}\n`);
}

interface Running {
  upstreams?: Upstreams;
  readonly bffs: BffProcess[];
  runs?: RunsBff;
  page?: Page;
  nats?: Nats;
}

async function main(flags: Flags): Promise<void> {
  const began = performance.now();
  const running: Running = { bffs: [] };
  // At the end, and on ctrl-c at any time.
  const closeAll = async () => {
    await Promise.all([running.runs?.close(), running.page?.close(), ...running.bffs.map((bff) => bff.stop())]);
    await Promise.all([running.upstreams?.close(), running.nats?.close()]);
  };
  const interrupted = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  let keeping = false;
  const leave = interrupted.then(async () => {
    await closeAll();
    process.exit(keeping ? 0 : 130);
  });
  leave.catch(() => process.exit(1));

  const log: string[] = [];
  const onLog = (text: string): void => {
    log.push(...text.trimEnd().split("\n"));
    if (keeping) show(dim(text.trimEnd()));
  };

  try {
    const stage = await startStage(running, log, onLog, flags);
    for (const scene of SCENES) {
      if (scene.all === true && !stage.all) continue;
      title(scene.title, scene.explanation);
      await scene.play(stage);
    }
    if (flags.has("--keep")) {
      const { page, runs } = running;
      show(`\n${bold("browser")} ${dim("(EventSource, which reconnects)")}\n${page?.origin}/?bff=${runs?.url}`);
      await invite(stage.web, stage.mobile, stage.account);
      obey(stage.upstreams);
      keeping = true;
      await leave;
    }
  } finally {
    await closeAll();
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  const more = flags.has("--all") ? "" : "npm run demo -- --all plays every scene. ";
  console.log(`\n${dim(`Stopped after ${seconds} s. ${more}npm run demo -- --keep leaves the servers running.`)}`);
}

/** Generates, and starts the upstreams and their BFFs. */
async function startStage(
  running: Running,
  log: string[],
  onLog: (text: string) => void,
  flags: Flags,
): Promise<Stage> {
  title(
    "Generate and start",
    "buf generate runs protoc-gen-es and protoc-gen-bff. Each BFF is a process that calls the upstreams.",
  );
  const changed = generate();
  show(`${changed.length === 0 ? "all generated files are up to date" : `${changed.length} files written`}\n`);
  const upstreams = await startUpstreams({ latencies: livelyLatencies });
  running.upstreams = upstreams;
  const env = {
    ...addressVariables(Object.fromEntries(serviceNames.map((name) => [fullNames[name], upstreams.urls[name]]))),
    BFF_ADMIN_PORT: "0",
  };
  const ran = async <Bff extends BffProcess>(starting: Promise<Bff>): Promise<Bff> => {
    const bff = await starting;
    running.bffs.push(bff);
    return bff;
  };
  const [web, mobile, account] = await Promise.all([
    ran(startBff("generated/web/v1/server.ts", env, onLog)),
    ran(startBff("generated/mobile/v1/server.ts", env, onLog)),
    ran(startAccountBff(env, onLog)),
  ]);
  const address = (name: string, text: string): void => show(`${name.padEnd(26)} ${text}`);
  for (const [name, { url, pid }] of Object.entries({ web, mobile, account }))
    show(`${bold(`${name} BFF`.padEnd(26))} ${url}  ${dim(`pid ${pid}`)}`);
  if (flags.has("--all")) {
    for (const name of serviceNames) address(fullNames[name], upstreams.urls[name]);
    address("OpenID provider", account.issuer.url);
    address("metrics of the web BFF", web.metrics ?? "");
    address(
      "traces",
      tracesGoTo() ?? dim("nowhere; set OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 for a collector"),
    );
  }
  const startRunsBff = async (): Promise<RunsBff> => {
    if (flags.has("--nats")) running.nats = await startNats();
    running.page = await startPage();
    const { origin } = running.page;
    running.runs = await startRuns({ users: upstreams.urls.user, nats: running.nats?.url, origin, onLog });
    return running.runs;
  };
  return { upstreams, web, mobile, account, log, all: flags.has("--all"), startRuns: startRunsBff };
}

async function invite({ url: web, metrics }: BffProcess, mobile: BffProcess, account: AccountBff): Promise<void> {
  title("Try it", "All servers run until ctrl-c.");
  const request = encodeURIComponent('{"workspaceId":"lumen"}');
  const host = (url: string) => url.replace("http://", "");
  show(`${bold("curl")} ${dim("(Connect JSON)")}
curl -i -H 'content-type: application/json' \\
  -d '{"workspaceId":"lumen","query":"monday","userId":"u-chidori"}' ${web}${WEB}
curl -i -H 'content-type: application/json' \\
  -d '{"workspaceId":"harbor","userId":"u-farah"}' ${mobile.url}${MOBILE}
${dim("with a token that expires in 10 minutes")}
${await accountLines(account)}

${bold("grpcurl")} ${dim("(gRPC, in the repository's root)")}
grpcurl -plaintext -import-path proto -import-path proto/example -proto web/v1/web.proto \\
  -d '{"workspace_id":"quarry","user_id":"u-dina"}' ${host(web)} ${WEB.slice(1)}

${bold("browser")} ${dim("(Connect over GET, because the RPC has no side effects)")}
${web}${WEB}?connect=v1&encoding=json&message=${request}
${dim("a login: choose an account")}
${loginLines(account)}

${bold("observe it")} ${dim("(metrics for Prometheus)")}
curl ${metrics}
curl ${mobile.metrics}
curl ${account.metrics}

${bold("break it")} ${dim("(type here)")}
stop billing    start billing    ${dim(`any of ${serviceNames.join(", ")}`)}
`);
}

/** `stop memory`, `start memory` on standard input. */
function obey(upstreams: Upstreams): void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const [verb, name] = line.trim().split(/\s+/);
    const service = serviceNames.find((service) => service === name) satisfies ServiceName | undefined;
    if (service === undefined || (verb !== "stop" && verb !== "start")) {
      if (line.trim() !== "") show(`stop or start one of ${serviceNames.join(", ")}`);
      return;
    }
    try {
      await upstreams.services[service][verb]();
      show(`${fullNames[service]} ${verb === "stop" ? "is down" : "is up"}`);
    } catch (error) {
      show(`${fullNames[service]}: ${error instanceof Error ? error.message : error}`);
    }
  });
}

try {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => !FLAGS.some((flag) => flag === arg));
  if (unknown !== undefined) throw new Error(`unknown option ${unknown}: use ${FLAGS.join(", ")}`);
  await main(new Set(args));
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
