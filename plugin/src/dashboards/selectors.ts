// Expressions over the jobs and instances that are chosen in a dashboard.
import { rate, series, sumBy } from "./promql.ts";

/** Matchers for the selection in the dashboard. */
const TARGET_MATCHERS = ['job=~"$job"', 'instance=~"$instance"'];
/** Window that fits the width of the graph and the interval of scraping. */
export const WINDOW = "$__rate_interval";

export const of = (name: string, ...matchers: readonly string[]): string =>
  series(name, ...TARGET_MATCHERS, ...matchers);
export const per = (labels: readonly string[], name: string, ...matchers: readonly string[]): string =>
  sumBy(labels, rate(of(name, ...matchers), WINDOW));
export const total = (name: string, ...matchers: readonly string[]): string =>
  `sum(${rate(of(name, ...matchers), WINDOW)})`;

export const SERVER = "rpc_server_call_duration_seconds";
export const CLIENT = "rpc_client_call_duration_seconds";
