// The BFF of runs, with the worker that it follows.
import { randomBytes } from "node:crypto";
import { addressVariables, startBff } from "../dashboard/bff-process.ts";
import { startWorker } from "./worker.ts";

const ENTRY = "generated/runs/v1/server.ts";

export interface RunsBffOptions {
  /** URL of user.v1.UserService. */
  readonly users: string;
  /** `nats://…`: where events are published, and followed; without it the BFF follows the worker itself. */
  readonly nats: string | undefined;
  /** Origin of the scripts that may call. */
  readonly origin: string;
  readonly onLog: (text: string) => void;
}

export interface RunsBff {
  /** Stays the same over restarts, as behind one address. */
  readonly url: string;
  /** Number of events of a run. */
  readonly events: number;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startRuns({ users, nats, origin, onLog }: RunsBffOptions): Promise<RunsBff> {
  const worker = await startWorker({ everyMs: 150, events: EVENTS, nats });
  const env = {
    ...addressVariables({ "worker.v1.WorkerService": worker.url, "user.v1.UserService": users }),
    BFF_TOOL_KEYS: randomBytes(32).toString("base64"),
    ...(nats !== undefined && { NATS_URL: nats }),
    BFF_CORS_ORIGINS: origin,
  };
  try {
    let bff = await startBff(ENTRY, env, onLog);
    const { url } = bff;
    return {
      url,
      events: EVENTS,
      async restart() {
        await bff.stop();
        bff = await startBff(ENTRY, { ...env, PORT: new URL(url).port }, onLog);
      },
      async close() {
        await bff.stop();
        await worker.close();
      },
    };
  } catch (error) {
    await worker.close();
    throw error;
  }
}
const EVENTS = 12;
