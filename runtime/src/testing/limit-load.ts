// For tests and the bench only: several processes that share limits.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { WorkerReport } from "./limit-worker.ts";
import { CALLS, TENANT, USER, USERS } from "./limit-worker.ts";

/** Part of Redis's client that is needed to check them. */
interface Admin {
  time(): Promise<readonly string[]>;
  get(key: string): Promise<string | null>;
}

/** Requests that several processes have admitted, and their bounds. */
export interface Load {
  readonly tries: number;
  readonly shielded: number;
  readonly alone: number;
  readonly seconds: number;
  readonly users: readonly { readonly admitted: number; readonly bound: number }[];
  readonly tenant: { readonly admitted: number; readonly bound: number };
  /** Count by the limit that never refuses. */
  readonly counted: number;
}

export async function limitLoad(admin: Admin, url: string, processes: number, forMs: number): Promise<Load> {
  const started = secondsOf(await admin.time());
  const workers = await Promise.all(Array.from({ length: processes }, () => worker(url, forMs)));
  const seconds = secondsOf(await admin.time()) - started;
  const sum = (of: (report: WorkerReport) => number): number =>
    workers.reduce((total, report) => total + of(report), 0);
  const bound = ({ rate, burst }: typeof USER): number => Math.floor(burst + rate * seconds);
  const value = await admin.get(`bff:limit:${CALLS.package}/${CALLS.name}:=all`);
  return {
    tries: sum(({ tries }) => tries),
    shielded: sum(({ shielded }) => shielded),
    alone: sum(({ alone }) => alone),
    seconds,
    users: Array.from({ length: USERS }, (_, user) => {
      return { admitted: sum(({ admitted }) => admitted[user] ?? 0), bound: bound(USER) };
    }),
    tenant: { admitted: sum(({ admitted }) => admitted.reduce((a, b) => a + b, 0)), bound: bound(TENANT) },
    counted: Number(value?.split(" ")[1] ?? 0),
  };
}

const secondsOf = ([whole, micros]: readonly string[]): number => Number(whole) + Number(micros) / 1e6;

async function worker(url: string, forMs: number): Promise<WorkerReport> {
  const path = new URL("./limit-worker.ts", import.meta.url).pathname;
  const env = { ...process.env, BFF_STATE_REDIS_URL: url };
  const { stdout } = await promisify(execFile)(process.execPath, [path, String(forMs)], { env });
  return JSON.parse(stdout) as WorkerReport;
}
