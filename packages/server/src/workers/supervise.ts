// The supervisor: accepts connections and deals them to workers, processes that run the same program. It composes nothing itself.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { AdminAddress, ProcessConfig } from "../config/config-process.ts";
import { acceptAll } from "../listener/accept-all.ts";
import { ACCEPTED, urlOf } from "../listener/connections.ts";
import { ADMIN_VARIABLES, explainListenError, LISTEN_VARIABLES, type RequestedPort } from "../listener/listen-error.ts";
import { type LogFormat, ServerLog } from "../logs/server-log.ts";
import type { Admin } from "../process/admin.ts";
import { cannotStart, startLine } from "../process/start-line.ts";
import { Crew, type Listener } from "./crew.ts";
import { Dealer } from "./dealer.ts";
import type { Member, Process } from "./member.ts";
import { type Order, ours, type Report, WORKER_MARK } from "./messages.ts";
import { PurgeRounds } from "./purge-rounds.ts";
import { Tally } from "./tally.ts";

/** Configuration of a supervisor. */
export interface SupervisorConfig extends ProcessConfig {
  readonly log: LogFormat | "off";
  readonly telemetry: { readonly admin?: AdminAddress };
  /** Token for purges at the admin port. Undefined: there are none. */
  readonly purgeToken?: string | undefined;
  /** Certificate of the workers. Undefined: they serve without TLS. */
  readonly tls?: unknown;
}

/** Runs the configured number of workers until a signal ends them; then this process ends. */
export async function supervise(name: string, config: SupervisorConfig): Promise<void> {
  // A closed or full stdout must not stop the server.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const log = config.log === "off" ? undefined : new ServerLog((line) => void process.stderr.write(line), config.log);
  const fault: ServerFault = (message, cause) => log?.server(message, cause);
  const dealer = new Dealer(systemClock);
  const tally = new Tally<Member>(systemClock);
  const purges = new PurgeRounds<Member>(systemClock);
  const server = acceptor(dealer);
  const crew = crewOf(config, { log, dealer, tally, purges });
  let admin: Admin | undefined;
  const ending = endOnSignal(
    async () => {
      crew.leave();
      if (server.listening) await sleep(config.drainDelayMs);
      await acceptAll(server);
      server.close();
      dealer.drop();
      const well = await crew.end();
      await admin?.close(); // the last one: who looks on sees them end
      return well;
    },
    () => crew.kill(),
  );
  process.on("SIGHUP", () => crew.replace());

  const code = await crew.start();
  if (ending.begun) return;
  if (code !== undefined) process.exit(code);
  let requested: RequestedPort = { ...config, variables: LISTEN_VARIABLES };
  try {
    await listens(server, config);
    if (config.telemetry.admin !== undefined) {
      requested = { ...config.telemetry.admin, variables: ADMIN_VARIABLES };
      const { openWorkersAdmin } = await import("./workers-admin.ts"); // nobody else pays for loading it
      admin = await openWorkersAdmin(config.telemetry.admin, {
        crew,
        dealer,
        tally,
        fault,
        purges,
        purgeToken: config.purgeToken,
      });
    }
  } catch (error) {
    process.stderr.write(cannotStart(name, explainListenError(error, requested), config.log));
    crew.leave();
    await crew.end();
    process.exit(1);
  }
  if (ending.begun) return;
  server.on("error", (error) => fault("cannot accept a connection", error));
  crew.begun();
  const { port } = server.address() as AddressInfo;
  const url = urlOf(config.tls === undefined ? "http" : "https", config.host, port);
  process.stdout.write(startLine(url, { admin: admin?.url }, config.log));
}

interface CrewParts {
  readonly log: ServerLog | undefined;
  readonly dealer: Dealer;
  readonly tally: Tally<Member>;
  readonly purges: PurgeRounds<Member>;
}

function crewOf({ workers, graceMs }: SupervisorConfig, { log, dealer, tally, purges }: CrewParts): Crew {
  return new Crew({
    size: workers,
    graceMs,
    clock: systemClock,
    dealer,
    start: startWorker,
    report: (outcome, text, fields) => log?.worker(outcome, text, fields),
    counted: (member, snapshot) => tally.receive(member, snapshot),
    purged: (member, round) => purges.confirmed(member, round),
    gone: (member) => {
      tally.gone(member);
      purges.gone(member);
    },
    failed: (code) => process.exit(code),
  });
}

async function listens(server: Server, { host, port }: Pick<SupervisorConfig, "host" | "port">): Promise<void> {
  server.listen({ host, port });
  await once(server, "listening");
}

/** Connections are not read here: their bytes are for the worker. */
function acceptor(dealer: Dealer): Server {
  return createServer({ ...ACCEPTED, pauseOnConnect: true }, (socket) => {
    socket.on("error", () => {});
    dealer.accept(socket);
  });
}

const SIGNALS = { SIGINT: constants.signals.SIGINT, SIGTERM: constants.signals.SIGTERM } as const;

/** At the first signal all end in order, at the second at once. */
function endOnSignal(end: () => Promise<boolean>, kill: () => void): { readonly begun: boolean } {
  let begun = false;
  const receive = (signal: keyof typeof SIGNALS): void => {
    if (begun) {
      kill();
      process.exit(128 + SIGNALS[signal]);
    }
    begun = true;
    end().then(
      (well) => process.exit(well ? 0 : 1),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", () => receive("SIGTERM"));
  process.on("SIGINT", () => receive("SIGINT"));
  return {
    get begun() {
      return begun;
    },
  };
}

/** Starts the same program once more, as a worker. */
function startWorker(number: number, listener: Listener): Process {
  const [, program = "", ...args] = process.argv;
  // Else all would want the same port for the inspector.
  const inspected = /--inspect/.test(`${process.execArgv.join(" ")} ${process.env.NODE_OPTIONS ?? ""}`);
  const execArgv = [...process.execArgv, ...(inspected ? ["--inspect-port=0"] : [])];
  const env = { ...process.env, [WORKER_MARK]: String(number) };
  const child = fork(program, args, {
    execArgv,
    env,
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  child.on("message", (message) => {
    const report = ours<Report>(message);
    if (report !== undefined) listener.report(report);
  });
  const exited = endsOnce(listener);
  child.once("exit", (code, signal) => {
    if (signal === null) exited(code ?? 1, `ended with ${code}`);
    else exited(128 + constants.signals[signal], `was ended by ${signal}`);
  });
  // The process could not be started, or a message could not be sent.
  child.on("error", (error) => {
    if (child.pid === undefined) exited(1, `cannot be started: ${error.message}`);
  });
  return {
    pid: child.pid,
    send: (order, socket, failed) => send(child, order, socket, failed),
    kill: (signal) => void child.kill(signal),
  };
}

function endsOnce(listener: Listener): Listener["exited"] {
  let ended = false;
  return (code, died) => {
    if (ended) return;
    ended = true;
    listener.exited(code, died);
  };
}

function send(child: ChildProcess, order: Order, socket: Socket | undefined, failed: () => void): void {
  if (!child.connected) failed();
  else
    child.send(order, socket, (error) => {
      if (error !== null) failed();
    });
}
