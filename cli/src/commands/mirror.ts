// `protobff mirror`: whether a mirror of an upstream answers as the upstream does.
import { type Command, InvalidArgumentError } from "commander";
import { type Metric, readMetrics } from "../mirror/read-metrics.ts";
import { type DropReason, type MirrorVerdict, verdictsOf } from "../mirror/verdict.ts";
import { boundedText, causeOf } from "../project/bounded-text.ts";
import { Refusal, type Terminal } from "../terminal.ts";

interface Options {
  readonly upstream?: string;
  readonly branch?: string;
  readonly min: number;
  readonly maxP99?: number;
  readonly json?: boolean;
}

/** `protobff mirror http://10.0.0.7:9090` */
export function addMirror(program: Command, terminal: Terminal): void {
  program
    .command("mirror")
    .description("reports whether the mirrors of upstreams answer as the upstreams do")
    .argument("<url...>", "admin ports of all servers, as in http://10.0.0.7:9090")
    .option("--upstream <service>", "full name of the only upstream to report")
    .option("--branch <name>", "name of the only mirror to report")
    .option("--min <calls>", "least number of compared calls", number, 1000)
    .option("--max-p99 <factor>", "most that the mirror's p99 may be, as a multiple of the p99 that was served", number)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit codes: 0 every mirror may serve; 1 a difference, too few calls, or a server that cannot be read; 2 wrong arguments.",
    )
    .action((urls: readonly string[], options: Options) => mirror(urls, options, terminal));
}

function number(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("a number above 0 is needed, as in 1000");
  return value;
}

async function mirror(urls: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const metrics = (await Promise.all(urls.map(metricsAt))).flat();
  const isMeant = ({ upstream, branch }: MirrorVerdict): boolean =>
    (options.upstream ?? upstream) === upstream && (options.branch ?? branch) === branch;
  const verdicts = verdictsOf(metrics, options).filter(isMeant);
  if (verdicts.length === 0) throw new Refusal("no server has copied a call to such a mirror");
  terminal.write(options.json ? `${JSON.stringify({ mirrors: verdicts }, null, 2)}\n` : verdicts.map(textOf).join(""));
  if (verdicts.some(({ problems }) => problems.length > 0)) terminal.exitCode = 1;
}

const TIMEOUT_MS = 10_000;

async function metricsAt(url: string): Promise<readonly Metric[]> {
  const address = URL.parse("/metrics", url);
  if (address === null || !/^https?:$/.test(address.protocol)) throw new Refusal(`"${url}" is not an address`, 2);
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return readMetrics(await boundedText(response));
  } catch (thrown) {
    throw new Refusal(`the metrics of ${address.href} cannot be read: ${causeOf(thrown)}`);
  }
}

/** The causes of dropped copies, and what changes them. */
const DROPPED: Readonly<Record<DropReason, string>> = {
  busy: "10 copies of a process were in flight: lower `share` of the branch, or give the mirror more capacity",
  breaker: "the mirror's breaker was open: make its calls succeed, or change `breaker` of the upstream",
  size: "an answer was larger than 4 MiB: compare it by other means, or set a smaller page size",
  unanswered: "the call itself had no answer to compare with: see `bff_attempts_total` of the upstream",
};

function textOf({ upstream, branch, counts, dropped, paths, p99, problems }: MirrorVerdict): string {
  const compared = counts.same + counts.differs;
  const rows = paths.map(({ path, mirror, control, noise }) => {
    const counted = `${mirror.differ} of ${mirror.all}, control ${control.differ} of ${control.all}`;
    return `  ${path}: ${counted}${noise ? ", noise" : ""}\n`;
  });
  return [
    `${upstream} mirrored to ${branch}: ${compared} compared, ${counts.differs} differ, ${counts.failed} failed, ${counts.dropped} dropped`,
    ...(counts.copied > 0 ? [`, ${counts.copied} not compared`] : []),
    "\n",
    ...Object.entries(DROPPED).flatMap(([reason, text]) => {
      const count = dropped[reason as DropReason];
      return count > 0 ? [`  ${count} dropped, ${text}\n`] : [];
    }),
    ...(compared > 0 ? [`  p99: ${Math.round(p99.served)} ms served, ${Math.round(p99.mirror)} ms mirror\n`] : []),
    ...rows,
    problems.length === 0 ? "  may serve\n" : problems.map((problem) => `  not yet: ${problem}\n`).join(""),
  ].join("");
}
