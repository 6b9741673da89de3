// npm run demo: from annotated protos to three running BFFs over five upstreams, what they answer when some of those are down, and whom.
// `-- --keep` leaves all of it running; `-- --nats` has runs published and followed in NATS.
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { generate } from "../../scripts/generate.ts";
import { followARun } from "../runs/follow-a-run.ts";
import { type Nats, startNats } from "../runs/nats.ts";
import { type Page, startPage } from "../runs/page.ts";
import { type RunsBff, startRuns } from "../runs/runs-bff.ts";
import { type AccountBff, startAccountBff } from "./account.ts";
import { addressVariables, type BffProcess, startBff } from "./bff-process.ts";
import { showEdge } from "./edge.ts";
import { gantt } from "./gantt.ts";
import { newTrace, telling, tracesGoTo } from "./on-call.ts";
import { planText } from "./plan-text.ts";
import { showReuse } from "./reuse.ts";
import { fullNames, type ServiceName, serviceNames } from "./services.ts";
import { type LoggedCall, livelyLatencies, startUpstreams, type Upstreams } from "./upstreams.ts";
import { accountLines, loginLines, SPENDING, showWhoIsCalling } from "./who-is-calling.ts";

const WEB = "/web.v1.DashboardService/GetDashboard";
const MOBILE = "/mobile.v1.HomeService/GetHome";
const USER = "u-ada";

const colourful = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const bold = (text: string) => (colourful ? `\u001b[1m${text}\u001b[0m` : text);
const dim = (text: string) => (colourful ? `\u001b[2m${text}\u001b[0m` : text);

let chapter = 0;
function title(text: string, explanation: string): void {
  chapter += 1;
  console.log(`\n${bold(`${chapter}. ${text}`)}\n${dim(explanation)}\n`);
}
function show(text: string): void {
  console.log(text.replace(/^(?=.)/gm, "   "));
}

async function main(keep: boolean, withNats: boolean): Promise<void> {
  title("Generate", "buf generate: messages by protoc-gen-es, BFFs by protoc-gen-bff, side by side in generated/");
  const began = performance.now();
  const changed = generate();
  for (const file of changed) show(`wrote ${file}`);
  show(`${changed.length === 0 ? "all up to date" : `${changed.length} files written`}, ${since(began)} ms`);

  const running: { upstreams?: Upstreams; bffs: BffProcess[]; runs?: RunsBff; page?: Page; nats?: Nats } = { bffs: [] };
  // both on the way out: at the end, and by ctrl-c at any time
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
    title(
      "Start",
      "Five upstreams, plain gRPC servers. Three BFFs, each a process that is told where they are; one of them with an OpenID provider.",
    );
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
    for (const name of serviceNames) show(`${fullNames[name].padEnd(26)} ${upstreams.urls[name]}`);
    show(`${bold("web BFF".padEnd(26))} ${web.url}  ${dim(`pid ${web.pid}`)}`);
    show(`${bold("mobile BFF".padEnd(26))} ${mobile.url}  ${dim(`pid ${mobile.pid}`)}`);
    show(`${bold("account BFF".padEnd(26))} ${account.url}  ${dim(`pid ${account.pid}`)}`);
    show(`${"OpenID provider".padEnd(26)} ${account.issuer.url}`);
    show(`${"metrics of the web BFF".padEnd(26)} ${web.metrics}`);
    show(
      `${"traces".padEnd(26)} ${tracesGoTo() ?? dim("nowhere: start this with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 and a collector there")}`,
    );

    title(
      "The plan",
      "What proto/example/web/v1/web.proto says, as the compiler has understood it: who waits for whom.",
    );
    show(planText("web/v1/web.proto"));

    // The first requests open connections and wait for compilers; the one to look at is of a process that is warm.
    title("One request to web", `curl ${WEB} {"workspaceId":"atlas"}: six upstream calls, composed.`);
    const composed = await warm(() => ask(upstreams, web.url, WEB, { workspaceId: "atlas" }));
    show(pretty(composed.body));
    console.log();
    chart(composed);
    show(dim(`trace ${composed.traceId}`));
    expectStatus(composed, 200);

    await askUntil(upstreams, mobile.url, (body) => body.includes("spentCents"));
    title(
      "The same upstreams for a phone",
      `curl ${MOBILE} {"workspaceId":"lumen"}: fewer fields, three runs of eight; what was spent comes from a cache.`,
    );
    const home = await warm(() => ask(upstreams, mobile.url, MOBILE, { workspaceId: "lumen" }));
    show(pretty(home.body));
    console.log();
    chart(home);
    expectStatus(home, 200);

    title(
      "Who is calling, and who may",
      `curl ${SPENDING} {"workspaceId":"atlas"}: for admins of the workspace. The others are refused before any upstream is called.`,
    );
    await showWhoIsCalling(account, upstreams, show);

    title(
      "What makes no sense, and what is too much",
      "Rules of buf.validate, and a rate_limit of three at once: both refuse before any upstream is called.",
    );
    await showEdge(account, upstreams, show);

    title(
      "What a client has already",
      "`http_cache` on GetAccount: an answer over GET has a tag, and whoever sends it back gets no body.",
    );
    await showReuse(account, show);

    title(
      "Billing is down, and nothing is remembered",
      "Its step is supplementary: the rest is answered all the same, and the answer says what is missing.",
    );
    await upstreams.services.billing.stop();
    const degraded = await ask(upstreams, web.url, WEB, { workspaceId: "atlas" });
    show(`bff-degraded: ${degraded.header ?? ""}`);
    show(pretty(pickFields(degraded.body, ["agent", "spentCents", "unread", "degraded"])));
    show(dim(`${degraded.milliseconds} ms`));
    expectStatus(degraded, 200);
    if (degraded.header === null) throw new Error("the answer without billing is not marked as degraded");

    title(
      "Billing is down, and the last answer is remembered",
      'The phone\'s BFF has `cache: { ttl: "1s" stale: "60m" }` for it: it goes on with what it knows, and says how old that is.',
    );
    // What is past its ttl is served at once, and is renewed meanwhile; stale is what the answer calls it once that has failed.
    const stale = await askUntil(upstreams, mobile.url, (body) => body.includes("EFFECT_STALE"));
    show(`bff-degraded: ${stale.header ?? ""}`);
    show(pretty(pickFields(stale.body, ["name", "unread", "spentCents", "degraded"])));
    show(dim(`${stale.milliseconds} ms`));
    const cold = await ask(upstreams, mobile.url, MOBILE, { workspaceId: "harbor" });
    show(`\n${dim("A workspace that no phone has asked for yet:")}`);
    show(pretty(pickFields(cold.body, ["name", "unread", "spentCents", "degraded"])));
    expectStatus(cold, 200);
    await upstreams.services.billing.start();

    title(
      "The agent service is down",
      "Its step is critical: without it there is no dashboard, and the client is told so.",
    );
    await upstreams.services.agent.stop();
    const failed = await ask(upstreams, web.url, WEB, { workspaceId: "atlas" });
    show(`HTTP ${failed.status}  ${JSON.stringify(failed.body)}  ${dim(`${failed.milliseconds} ms`)}`);
    show(`\n${dim("Why, stands in the BFF's log:")}`);
    show(await found(log, (line) => line.includes("failed with UNAVAILABLE")));
    expectStatus(failed, 503);
    await upstreams.services.agent.start();

    title(
      "What the people on call see",
      `curl ${web.metrics}, some of it; where traces go is said by OpenTelemetry's own variables.`,
    );
    for (const line of await telling(web.metrics ?? "")) show(line);
    const receiver = tracesGoTo();
    const where = receiver === undefined ? "With a receiver it would be found there" : `It is found at ${receiver}`;
    show(`\n${dim(`The request that failed is trace ${failed.traceId}. ${where}.`)}`);

    title(
      "Follow a long run",
      `Another BFF: FollowRun composes each event of a run ${withNats ? "that a worker publishes in NATS" : "of an upstream's stream"}. Meanwhile the BFF is restarted.`,
    );
    if (withNats) running.nats = await startNats();
    running.page = await startPage();
    const { origin } = running.page;
    running.runs = await startRuns({ users: upstreams.urls.user, nats: running.nats?.url, origin, onLog });
    await followARun(running.runs, show);
    show(
      `\n${dim(withNats ? "npm run demo is the same without NATS." : "npm run demo -- --nats has it in NATS, where any instance can go on.")}`,
    );

    if (keep) {
      show(`\n${bold("browser")} ${dim("(EventSource; restarts by itself)")}\n${origin}/?bff=${running.runs.url}`);
      await invite(web, mobile, account);
      obey(upstreams);
      keeping = true;
      await leave;
    }
  } finally {
    await closeAll();
  }
  console.log(
    `\n${dim(`All stopped after ${Math.round((performance.now() - began) / 1000)} s. npm run demo -- --keep leaves it running.`)}`,
  );
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Of `bff-degraded`. */
  readonly header: string | null;
  readonly milliseconds: number;
  readonly traceId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The upstream calls that it took. */
  readonly calls: readonly LoggedCall[];
}

/** Connect's JSON over plain fetch: no client library of ours on this side. */
async function ask(upstreams: Upstreams, url: string, path: string, request: object): Promise<Answer> {
  upstreams.calls.length = 0;
  const trace = newTrace();
  const startedAt = performance.now();
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-request-id": "demo", traceparent: trace.traceparent },
    body: JSON.stringify({ ...request, userId: USER }),
  });
  const body: unknown = await response.json();
  const endedAt = performance.now();
  return {
    status: response.status,
    body,
    header: response.headers.get("bff-degraded"),
    milliseconds: Math.round(endedAt - startedAt),
    traceId: trace.id,
    startedAt,
    endedAt,
    calls: [...upstreams.calls],
  };
}

/** Asks until the calls beside each other took less than they would one after the other; a busy machine needs a while. */
async function warm(ask: () => Promise<Answer>): Promise<Answer> {
  const end = performance.now() + 10_000;
  for (let i = 1; ; i++) {
    const answer = await ask();
    if ((i >= WARM_UP && answer.milliseconds < oneAfterTheOther(answer)) || performance.now() > end) return answer;
  }
}
const WARM_UP = 10;

/** How long the calls took, in milliseconds. */
function oneAfterTheOther({ calls, endedAt }: Answer): number {
  return Math.round(calls.reduce((total, call) => total + (call.endedAt ?? endedAt) - call.startedAt, 0));
}

/** Asks the phone's BFF until its answer has what is looked for: a busy machine may be too slow for a phone at first. */
async function askUntil(upstreams: Upstreams, url: string, there: (body: string) => boolean): Promise<Answer> {
  for (const end = performance.now() + 10_000; performance.now() < end; await pause(100)) {
    const answer = await ask(upstreams, url, MOBILE, { workspaceId: "lumen" });
    if (there(JSON.stringify(answer.body))) return answer;
  }
  throw new Error("the phone's answer is not what was expected after 10 s");
}

/** The first such line, waited for: what is in a log comes a moment after the answer. */
async function found(log: readonly string[], wanted: (line: string) => boolean): Promise<string> {
  for (const end = performance.now() + 5_000; performance.now() < end; await pause(10)) {
    const line = log.find(wanted);
    if (line !== undefined) return line;
  }
  throw new Error(`the log lacks a line that was expected:\n${log.join("\n")}`);
}

function chart(answer: Answer): void {
  const { calls, startedAt, endedAt, milliseconds } = answer;
  const spans = calls.map((call) => ({
    label: call.method.replace(/^(\w+)\..*\//, "$1 "),
    startedAt: call.startedAt,
    endedAt: call.endedAt ?? endedAt,
    ...(call.outcome === "ok" ? {} : { note: call.outcome === "pending" ? "unanswered" : Code[call.outcome] }),
  }));
  for (const line of gantt(spans, startedAt, endedAt)) show(line);
  const sum = oneAfterTheOther(answer);
  const beside = milliseconds < sum ? `; one after the other the calls alone would take ${sum} ms` : "";
  show(dim(`answered in ${milliseconds} ms${beside}`));
}

async function invite({ url: web, metrics }: BffProcess, mobile: BffProcess, account: AccountBff): Promise<void> {
  title("Try it", "All of it runs until ctrl-c.");
  const request = encodeURIComponent('{"workspaceId":"lumen"}');
  const host = (url: string) => url.replace("http://", "");
  show(`${bold("curl")} ${dim("(Connect JSON)")}
curl -i -H 'content-type: application/json' \\
  -d '{"workspaceId":"lumen","query":"monday","userId":"u-chidori"}' ${web}${WEB}
curl -i -H 'content-type: application/json' \\
  -d '{"workspaceId":"harbor","userId":"u-farah"}' ${mobile.url}${MOBILE}
${dim("with a token, good for 10 minutes")}
${await accountLines(account)}

${bold("grpcurl")} ${dim("(gRPC, in the repository's root)")}
grpcurl -plaintext -import-path proto -import-path proto/example -proto web/v1/web.proto \\
  -d '{"workspace_id":"quarry","user_id":"u-dina"}' ${host(web)} ${WEB.slice(1)}

${bold("browser")} ${dim("(Connect over GET: the rpc is declared free of side effects)")}
${web}${WEB}?connect=v1&encoding=json&message=${request}
${dim("a login: pick somebody")}
${loginLines(account)}

${bold("look into it")} ${dim("(metrics, as Prometheus asks for them)")}
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
    const service = serviceNames.find((one) => one === name) satisfies ServiceName | undefined;
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

function expectStatus(answer: Answer, status: number): void {
  if (answer.status !== status)
    throw new Error(`HTTP ${answer.status} where ${status} was expected: ${pretty(answer.body)}`);
}

/** JSON, with what fits on a line on one line. */
function pretty(value: unknown, indent = ""): string {
  const flat = JSON.stringify(value)?.replace(/":/g, '": ').replace(/,"/g, ', "') ?? "";
  if (indent.length + flat.length <= 110 || typeof value !== "object" || value === null) return flat;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((one) => deeper + pretty(one, deeper)).join(",\n")}\n${indent}]`;
  const lines = Object.entries(value).map(([key, one]) => `${deeper}${JSON.stringify(key)}: ${pretty(one, deeper)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

function pickFields(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

function since(began: number): number {
  return Math.round(performance.now() - began);
}

try {
  await main(process.argv.includes("--keep"), process.argv.includes("--nats"));
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
