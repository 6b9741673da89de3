/** Description of a scenario for a reader of the figures. */
export interface About {
  readonly scenario: string;
  readonly text: string;
  /** The goal of the scenario. */
  readonly goal?: string;
  /** The figures that matter, in this order. */
  readonly columns: readonly string[];
  /** The figure that is drawn. */
  readonly drawn: string;
}

const COST = [
  "cpu_us_per_request",
  "ratio_to_connect_node",
  "ratio_to_grpc_js",
  "ratio_to_grpc_go",
  "ratio_to_grpc_federation",
  "ratio_to_envoy",
  "ratio_to_nginx",
  "requests_per_second",
  "p50_ms",
  "p95_ms",
  "p99_ms",
  "upstream_calls_per_request",
];
/** Figures that every scenario shows in a separate table, if it has any but the first. */
export const MEMORY = [
  "max_rss_mb",
  "rss_mb",
  "cold_cpu_us_per_request",
  "cold_ratio",
  "cold_order_ratio",
  "garbage_kb_per_request",
  "allocations_per_request",
  "gc_us_per_request",
];
/** Figures of fresh ids, for the variants that have them. */
export const IDS = [
  "fresh_ids_cpu_us_per_request",
  "fresh_ids_ratio_to_connect_node",
  "same_ids_cpu_us_per_request",
] as const;
const TIMES = ["p50_ms", "p95_ms", "p99_ms"];

/** In the order of docs/performance.md. */
export const about: readonly About[] = [
  {
    scenario: "fanout",
    text: "Three calls side by side, about 1 KiB each, passed on. Every policy is on but the cache: deadlines, retries with their budget, hedging, limits, breakers with the slow-call rule. The peers have deadlines, cancellation and forwarded headers. `protobff-warmed-up` is `protobff-own-server` with `BFF_WARM_UP=3s`, as the deploy files have it. `envoy` and `nginx` compose nothing: they forward the three calls one by one.",
    goal: "at most 0.22 × connect-node and 0.55 × grpc-js on node:http2, 0.06 × connect-node with our own framing on both sides, 0.33 × Envoy forwarding",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "example",
    text: "The worked example of the language page: six calls, two of them in a row and one a batch, five runs and four facts. One call may take 80 ms, which a saturated server misses now and then; `replies off` is how far that moves the mean length of the answers.",
    goal: "at most 0.22 × connect-node and 0.55 × grpc-js on node:http2, 0.06 × connect-node with our own framing on both sides",
    columns: [...COST, "reply_length_off"],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "chain",
    text: "Three calls, each of which needs the one before; four fields of their answers are kept. `envoy` and `nginx` forward the three calls one by one.",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "list",
    text: "A hundred items and their ten owners, each owner asked for by the item that needs it. The peers collect the ids by hand.",
    goal: "exactly 2 upstream calls",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "bytes",
    text: "One answer of 8 MiB, passed on; two requests at a time.",
    goal: "at most 1.3 × raw-http2",
    columns: ["ratio_to_raw_http2", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "json",
    text: "The fan-out, asked for and answered as JSON by Connect over HTTP/2; the upstreams speak gRPC.",
    goal: "at most 0.45 × connect-node",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "policies",
    text: "The fan-out of ours with every policy on, and with every policy off that can be.",
    goal: "at most 1.15 × without",
    columns: ["ratio_to_policies_off", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "dead",
    text: "Three parts that may be missing; one upstream is down. Our breaker is open but for its probes, the peers try to connect for every request.",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "half",
    text: "The fan-out at a steady rate, whether or not requests are answered: half of what the server on node:http2 does when it is saturated, the same for all. Times are from when a request was due, as its client sees them; `generator_lag_p99_ms` is how much of that was the client's own lateness. Clients are node:http2, and share the two cores.",
    goal: "p99 on our own framing not above that on node:http2",
    columns: [...TIMES, "per_second", "cpu_us_per_request", "generator_lag_p99_ms"],
    drawn: "p99_ms",
  },
  {
    scenario: "hang",
    text: "Three parts that may be missing; one upstream takes five seconds and each call may take 200 ms. Clients wait 300 ms and come at 30 % of what the server can do, whether or not it answers; times are theirs. `rest_in_time` is the share that got all but the part that hangs.",
    goal: "all of them",
    columns: ["rest_in_time", ...TIMES, "per_second", "cpu_us_per_request"],
    drawn: "p99_ms",
  },
  {
    scenario: "tail",
    text: "Three calls of 10 ms, of which one in a hundred takes 200 ms, at 200 requests a second. With hedging a second call goes out after 15 ms.",
    goal: "p99 at most 0.2 × without, for at most 3 % more calls",
    columns: ["p99_ratio_to_hedging_off", "extra_calls", ...TIMES],
    drawn: "p99_ms",
  },
  {
    scenario: "same",
    text: "A thousand equal requests a second over upstreams whose answers are good for a second.",
    goal: "at most 2 calls per second of each upstream method",
    columns: ["calls_per_second_of_a_method", "cpu_us_per_request", ...TIMES],
    drawn: "calls_per_second_of_a_method",
  },
  {
    scenario: "stream",
    text: "Events of an upstream's stream, followed by 32 clients over gRPC that read as fast as is given: 2,000 each, passed on as they are (plain), and 500 each, every one with a call of its own of about 1 KiB for the name of its author (composed). By hand it is an async generator over connect-node that pipes what another gives, and that waits for the call of one event before it reads the next; ours composes four events of a stream at a time, has every policy on for the call, and gives them in order. What is missing, comes twice or out of order fails the scenario.",
    goal: "at most 0.25 × connect-node",
    columns: ["cpu_us_per_item", "ratio_to_connect_node", "items_per_second", "max_rss_mb", "calls_per_item"],
    drawn: "cpu_us_per_item",
  },
  {
    scenario: "followers",
    text: "What followers cost that take one item and then nothing: idle ones, for whom nothing more comes, of a topic with 200 keys, whose call the process shares, of one with a key for each, or each with a stream of the upstream; and ones that do not read, of streams that give all they can. By hand it is the async generator over connect-node, with fewer followers, as they would not fit. Memory is what the process holds after a collection of garbage, above what it held with one follower; `grows` is the same later, as a share, when another client has asked 4,200 times for one composed answer; above 1.05 it fails the scenario. What this client waits at 200 requests a second stands beside what it waits at a server without followers (quiet).",
    goal: "at most 20 KiB for an idle follower; for those that do not read memory that does not grow, and no wait for others",
    columns: [
      "followers",
      "kb_per_follower",
      "grows",
      "rss_mb_before",
      "rss_mb_followed",
      "p50_ms_quiet",
      "p50_ms_beside",
      "p99_ms_quiet",
      "p99_ms_beside",
    ],
    drawn: "kb_per_follower",
  },
  {
    scenario: "idle",
    text: "A thousand HTTP/2 connections that ask for nothing.",
    columns: ["kb_per_connection", "rss_mb_before", "rss_mb_idle"],
    drawn: "kb_per_connection",
  },
  {
    scenario: "identity",
    text: "The fan-out for callers who are known: by a JWT or an API key that has been seen before, with a permit by scope and by the request, and with the caller told to all three upstreams, signed. Beside it the fan-out that knows nobody, and requests that are refused; under these the least that a refusal can cost, a node:http2 server that looks at nothing. Below, each alone and in one process, one call at a time: `verifyPrincipal` of an assertion that is new, the look-up of an API key among 20,000 in a file, and that of a session among 1,000.",
    goal: "a token at most 1.1 × without identity, refusals at most 0.15 × answered, `verifyPrincipal` at most 200 µs",
    columns: [
      "ratio_to_without",
      "ratio_to_answered",
      "ratio_above_least",
      ...COST,
      "cpu_us_per_call",
      "wall_us_per_call",
    ],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "edge",
    text: "The fan-out behind three limits, a token, a permit and rules for the request: all counted in the process, and two of the limits in Redis, 32 requests at a time. Beside it the fan-out with nothing before it, and requests that are refused: before credentials are looked at, and behind them. Below, three limits by themselves and in one process, which other processes of the machine kept waiting (`alone`: so often Redis had not answered within 20 ms); and four processes that ask one Redis for a minute for far more than there is: how many were let on, how many may be, and how many were charged. What is let on above the bound, or charged to a refused request, fails the scenario.",
    goal: "all of it at most 1.15 × without, in the process; refusals at most 0.1 × answered",
    columns: [
      "ratio_to_open",
      "ratio_to_answered",
      ...COST,
      "cpu_us_per_call",
      "wall_us_per_call",
      "alone",
      "tries",
      "admitted",
      "bound",
      "counted",
    ],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "telemetry",
    text: "The fan-out and the worked example with nothing looked at; with metrics; with metrics and a tenth of the requests traced, as spans that go to a receiver over OTLP; and with all of them traced. The CPU is that of the whole process, with the thread that sends. Where other machines share the processors the rounds differ by more than what is looked for: a ratio below 1 is that, and so may be one above it.",
    goal: "a tenth sampled at most 1.10 × off, all sampled at most 1.25 × off",
    columns: ["ratio_to_off", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "balance",
    text: "One upstream with three replicas, asked at a steady rate: all well, then one that takes 100 ms longer, one that fails, and one that goes away and comes back. `complete` is the share of answers that lack nothing, `shares` what each replica got of the calls.",
    goal: "p99 at most 1.3 × that of all well, less than 1 % not complete",
    columns: ["p99_ratio_to_all_well", "p50_ms", "p95_ms", "p99_ms", "complete", "shares"],
    drawn: "p99_ms",
  },
  {
    scenario: "workers",
    text: "The fan-out by one process, and by two workers with their supervisor (`BFF_WORKERS=2`), one connection with 32 streams for each process that is asked. The upstreams and whoever asks are on the same two cores, so that requests per second say little. `speedup` is what cores of their own would give: the CPU of one process for a request, by that of a worker (and its supervisor) whose neighbour is idle times the share of the busier one when both are asked. On shared cores the two also take caches and turns from each other, and from the upstreams.",
    goal: "speedup at least 1.7",
    columns: [
      ...[
        "speedup",
        "speedup_on_shared_cores",
        "busiest",
        "cpu_us_per_request",
        "requests_per_second",
        "p50_ms",
        "p99_ms",
      ],
      ...["rss_mb_of_all", "rss_mb_of_each"],
    ],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "attacks",
    text: "What the BFF makes a normal client wait while it is [attacked](../test/corpora/README.md#attacks), beside what that client waits right before and after: 100 times a second it asks over a fresh connection of HTTP/1.1 and over HTTP/2 that it keeps, for what needs no upstream at that moment, and both count. The BFF has a processor to itself; the attacker runs on the others when upstream and client have nothing to do: it takes nobody's processor but the BFF's, by what it asks of that. What is above 5 × is attacked three times, and the median counts. `own` is our own HTTP/2 towards clients, `node` node's.",
    goal: "p99 at most 5 × that of quiet on our own HTTP/2",
    columns: [
      ...["own_ratio_to_quiet", "own_p99_ms_quiet", "own_p99_ms", "own_bff_percent", "own_upstream_percent", "own_bad"],
      ...["node_ratio_to_quiet", "node_p99_ms_quiet", "node_p99_ms", "node_bad", "node_ended"],
    ],
    drawn: "own_ratio_to_quiet",
  },
  {
    scenario: "hop",
    text: "Latency of one composed request on a quiet server, beside a client on connect-node that makes the same three calls itself, over its own connections: side by side (`fanout`) or one after the other (`chain`). On loopback, and with 20 ms of round trip between the client and whatever it calls.",
    goal: "p50 at most 1.1 × the client's own calls on loopback, and 0.45 × with delay and a chain of three",
    columns: [...TIMES, "p50_ratio_to_client", "p99_ratio_to_client"],
    drawn: "p50_ms",
  },
  {
    scenario: "call",
    text: "One upstream call of about 1 KiB, 32 at a time, for its client alone: a deadline, two headers, a request to encode and an answer to decode. Ours is the transport without its policies.",
    columns: ["cpu_us_per_call", "ratio_to_connect_node", "ratio_to_grpc_js", "calls_per_second"],
    drawn: "cpu_us_per_call",
  },
  {
    scenario: "generate",
    text: "Generating BFFs of that many composed messages, a hundred to a file and each with a call, beside protoc-gen-es on the same files; and layered diamonds, in which the number of paths doubles with each layer. Both plugins are the processes that buf starts, fresh each time.",
    goal: "at most 2 × protoc-gen-es, memory linear, and the diamond of 10,000 steps checked in under two seconds",
    columns: ["wall_ms", "cpu_ms", "ratio_to_protoc_gen_es", "max_rss_mb"],
    drawn: "cpu_ms",
  },
  {
    scenario: "dev",
    text: "From saving a proto of the example to the first answer that shows it, on mocks: with `protobff dev`, and by hand with `buf generate`, which runs both plugins, and a restart of `server.ts`. Saves are a second or more apart. The ratio is what compares; the times are of two cores with the load that stands beside them.",
    goal: "at most half a second on a machine that does nothing else",
    columns: ["wall_ms", "slowest_ms", "ratio_to_buf_generate", "load_average"],
    drawn: "wall_ms",
  },
];
