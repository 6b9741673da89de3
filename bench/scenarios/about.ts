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
    text: "Three calls in parallel, about 1 KiB each, whose answers are passed on. The variants of protobff have every policy but the cache: deadlines, retries with their budget, hedging, limits, and breakers with the rule for slow calls. The peers have deadlines, cancellation and forwarded headers. `protobff-warmed-up` is `protobff` with `BFF_WARM_UP=3s`, as in the deploy files. `envoy` and `nginx` compose nothing: they forward the three calls one by one. What is left is flat in a profile (`BENCH_PROFILE`). Garbage collection takes 14 %, writing to the socket 6 %, and each function of ours less than 1 %.",
    goal: "at most 0.22 × connect-node and 0.55 × grpc-js on node:http2, 0.06 × connect-node with our own HTTP/2 on both sides, 0.33 × Envoy forwarding",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "example",
    text: "The worked example of the language page: six calls, two of them in sequence and one a batch, five runs and four facts. One call may take 80 ms, which a saturated server sometimes misses. `replies off` is the resulting deviation of the mean length of the answers.",
    goal: "at most 0.22 × connect-node and 0.55 × grpc-js on node:http2, 0.05 × connect-node with our own HTTP/2 on both sides",
    columns: [...COST, "reply_length_off"],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "chain",
    text: "Three calls in sequence: each needs the answer of the previous one. Four fields of the answers are kept. `envoy` and `nginx` forward the three calls one by one.",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "list",
    text: "A hundred items and their ten owners. Each item requests its owner, and protobff batches these requests. The peers collect the ids by hand. In a profile of protobff, garbage collection takes 15 %, writing to the socket 13 %, and each function of ours less than 1 %.",
    goal: "at most 0.08 × connect-node, exactly 2 upstream calls",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "bytes",
    text: "One answer of 8 MiB, passed on; two requests at a time.",
    goal: "at most 1 × raw-http2",
    columns: ["ratio_to_raw_http2", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "json",
    text: "The fan-out with requests and answers in JSON, by Connect over HTTP/2. The upstreams use gRPC. `protobff-grpc` has the same requests in gRPC.",
    goal: "at most 0.12 × connect-node, and 1.6 × protobff-grpc",
    columns: ["ratio_to_protobff_grpc", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "policies",
    text: "The fan-out of protobff with all policies on, and with all optional policies off.",
    goal: "at most 1.15 × without",
    columns: ["ratio_to_policies_off", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "tools",
    text: "The fan-out as a tool: a call by MCP against the same call by Connect with JSON.",
    goal: "at most 1.3 × Connect with JSON",
    columns: ["ratio_to_connect_json", "cpu_us_per_request", "requests_per_second"],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "masks",
    text: "The fan-out without masks, with masks but a request without one, and with a mask of two of its three parts, against a BFF that composes these two alone.",
    goal: "at most 1.05 × by hand",
    columns: ["ratio_to_by_hand", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "dead",
    text: "Three parts that may be missing, while one upstream is down. The breaker of protobff is open except for its probes; the peers try to connect for every request.",
    columns: COST,
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "half",
    text: "The fan-out at rates at which the server is busy for 10, 30, 50 and 70 % of its processor, and at 2,000/s. The server has a processor to itself. Upstreams and clients are one program in Go on the other, on bare frames of HTTP/2. Times begin when a request is due. `generator_lag_p99_ms` is the delay that the clients caused; rows with more than 1 ms are void. `busy` is measured. Envoy forwards one call where the others compose three.",
    goal: "p99 at most 3 × p50 at 30 %, and 5 × at 50 %; no turn above 5 ms",
    columns: [
      ...["per_second", "busy", ...TIMES, "p99_by_p50", "cpu_us_per_request", "generator_lag_p99_ms", "void"],
      ...["longest_turn_ms", "gc_p999_ms"],
    ],
    drawn: "p99_ms",
  },
  {
    scenario: "hang",
    text: "Three parts that may be missing. One upstream takes five seconds, and each call may take 200 ms. Clients wait for 300 ms, and send requests at 30 % of the server's capacity, at most 1,000 a second, whether or not it answers. Times are measured by the clients. `rest_in_time` is the share of requests that got all parts except the hanging one.",
    goal: "all of them",
    columns: ["rest_in_time", ...TIMES, "per_second", "cpu_us_per_request"],
    drawn: "p99_ms",
  },
  {
    scenario: "tail",
    text: "Three calls of 10 ms, of which one in a hundred takes 200 ms, at 200 requests a second. With hedging a second call is sent after 15 ms. With `upstream-slow` every call takes 30 ms, and the budget bounds the hedges. With `20 shards` a request makes one such call to each, 50 times a second.",
    goal: "p99 at most 0.2 × without, for at most 3 % more calls; at most 11 % more for the slow upstream",
    columns: ["p99_ratio_to_hedging_off", "extra_calls", ...TIMES],
    drawn: "p99_ms",
  },
  {
    scenario: "overload",
    text: "Three times the requests that a server answers at its peak, at a constant rate that does not depend on answers. The request is that of `fanout`, without optional policies, and each answer takes a millisecond of work besides. The peak is a closed loop with 32 streams. The server has a processor to itself; upstreams, clients and Envoy share the others. Clients wait for 2 s. Goodput counts complete answers, and times are those of complete answers, from the moment at which a request was due. The first second, in which servers adapt, does not count. `envoy in front` is the server that refuses nothing behind Envoy's adaptive concurrency. The rows of bursts have 1,000 requests at once over one connection, at half of the peak on average, without the millisecond of work.",
    goal: "goodput at least 0.9 × peak, p99 of answers at most 2 × that of the peak",
    columns: [
      ...["goodput_ratio_to_peak", "p99_ratio_to_peak", "peak_per_second", "goodput_per_second"],
      ...["peak_p99_ms", "p50_ms", "p99_ms", "generator_lag_p99_ms", "bursts", "refused"],
    ],
    drawn: "goodput_per_second",
  },
  {
    scenario: "same",
    text: "A thousand equal requests a second, over upstreams whose answers may be cached for a second.",
    goal: "at most 2 calls per second of each upstream method",
    columns: ["calls_per_second_of_a_method", "cpu_us_per_request", ...TIMES],
    drawn: "calls_per_second_of_a_method",
  },
  {
    scenario: "stream",
    text: "Events of an upstream's stream, followed over gRPC by 32 clients that read as fast as possible. The plain variants pass on 2,000 events to each client. The composed variants send 500 events to each client, and each event needs a call of about 1 KiB for the name of its author. The peer by hand is an async generator over connect-node, which waits for the call of one event before it reads the next. protobff composes four events of a stream at a time with all policies on, and sends them in order. A missing, repeated or misplaced event fails the scenario.",
    goal: "at most 0.25 × connect-node",
    columns: ["cpu_us_per_item", "ratio_to_connect_node", "items_per_second", "max_rss_mb", "calls_per_item"],
    drawn: "cpu_us_per_item",
  },
  {
    scenario: "followers",
    text: "The cost of followers that take one item and then wait. Idle followers receive nothing more. They follow a topic with 200 keys, whose call the process shares, or a topic with a key for each follower. Others each follow a stream of the upstream. Other followers do not read, although their streams have more items. The peer by hand is the async generator over connect-node, with fewer followers, because more would not fit into memory. Memory is measured after a garbage collection, as the difference to the same process with one follower. Another client then sends 4,200 requests for one composed answer. `grows` is the memory afterwards as a share of the first figure; above 1.05 the scenario fails. The table also has the times of that client at 200 requests a second, with the followers and without (quiet).",
    goal: "at most 20 KiB for an idle follower; no growth of memory and no delay of other clients by followers that do not read",
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
    text: "A thousand HTTP/2 connections without requests.",
    columns: ["kb_per_connection", "rss_mb_before", "rss_mb_idle"],
    drawn: "kb_per_connection",
  },
  {
    scenario: "identity",
    text: "The fan-out for identified callers. A JWT or an API key that was verified before identifies the caller. A permit checks the scope and the request, and all three upstreams get the signed caller. Beside it is the fan-out without an identity. The last rows measure single calls in one process, one at a time. These are `verifyPrincipal` of a new assertion, and look-ups of an API key among 20,000 and of a session among 1,000.",
    goal: "a token at most 1.1 × without identity, `verifyPrincipal` at most 200 µs",
    columns: ["ratio_to_without", ...COST, "cpu_us_per_call", "wall_us_per_call"],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "edge",
    text: "The fan-out behind three limits, a token, a permit and rules for the request, with 32 requests at a time. All limits are counted in the process, or two of them in Redis. Beside it are the fan-out without these, and requests that a limit in Redis refuses. The next rows measure three limits alone in one process, also with `lease: 20`; `alone` is the number of times that Redis did not answer within 20 ms. Other processes of the machine cause such delays. In the last row four processes request far more from one Redis for a minute than the limit permits. The row has admitted requests, the bound, and charged requests. Admitted requests above the bound, and charges for refused requests, fail the scenario.",
    goal: "all of it at most 1.15 × without, in the process",
    columns: [
      "ratio_to_open",
      "ratio_to_answered",
      ...COST,
      "cpu_us_per_call",
      "redis_cpu_us_per_call",
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
    scenario: "capacity",
    text: "The fan-out with TLS and with a line of the access log for each request, and three limits alone in one process. The CPU of Redis is that of the server's process.",
    columns: ["ratio_to_plain", ...COST, "cpu_us_per_call", "redis_cpu_us_per_call", "wall_us_per_call", "alone"],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "telemetry",
    text: "The fan-out and the worked example without telemetry, with metrics, and with metrics and traces of a tenth or of all requests. Spans are sent to a receiver over OTLP. The CPU is that of the whole process, the exporting thread included. On a machine with shared processors the rounds differ by more than the effect. A ratio below 1 is noise, and one above it may be. By a profile of all sampled requests, the added CPU goes to encoding spans (23 %), making them (15 %), notes about calls (12 %) and collecting garbage (12 %). Unsampled requests have notes, too, because failed and slow ones are kept. With a tenth sampled, a span takes four times as long: V8 has not optimized its code yet.",
    goal: "a tenth sampled at most 1.08 × off, all sampled at most 1.25 × off",
    columns: ["ratio_to_off", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "balance",
    text: "One upstream with three replicas, at a constant rate of requests. First all are healthy; then one takes 100 ms longer, one fails, or one stops and returns. `complete` is the share of complete answers, `shares` the share of the calls that each replica got.",
    goal: "p99 at most 1.3 × that of all well, less than 1 % not complete",
    columns: ["p99_ratio_to_all_well", "p50_ms", "p95_ms", "p99_ms", "complete", "shares"],
    drawn: "p99_ms",
  },
  {
    scenario: "workers",
    text: "The fan-out by one process, and by two workers with their supervisor (`BFF_WORKERS=2`). Each loaded process gets one connection with 32 streams. The upstreams and the load generator share the two cores, so requests per second mean little. `speedup` estimates the gain if every process had a core. It divides the CPU per request of one process by that of a worker and its supervisor while the other worker is idle. The result is divided by the share of the busier worker when both are loaded. On shared cores the two workers also compete for caches and time with each other and with the upstreams.",
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
    text: "The waiting time of a normal client while the BFF is [attacked](../test/proofs/corpora/README.md#attacks), compared with the waiting time right before and after the attack. The client sends 100 requests a second, over new HTTP/1.1 connections and over one HTTP/2 connection. These requests need no upstream, and both protocols count. The BFF has a processor to itself; the attacker uses the other processors when upstream and client are idle. The attack therefore affects the client only through the BFF. An attack with a ratio above 5 is repeated three times, and the median counts. `own` is our own HTTP/2 towards clients, `node` that of Node.",
    goal: "p99 at most 5 × that of quiet on our own HTTP/2",
    columns: [
      ...["own_ratio_to_quiet", "own_p99_ms_quiet", "own_p99_ms", "own_bff_percent", "own_upstream_percent", "own_bad"],
      ...["node_ratio_to_quiet", "node_p99_ms_quiet", "node_p99_ms", "node_bad", "node_ended"],
    ],
    drawn: "own_ratio_to_quiet",
  },
  {
    scenario: "refusals",
    text: "The CPU of refused requests against answered ones of the same server, with the access log off and the audit on. Credentials were seen before. Limits are used up. The minimum is a node:http2 server that reads a request and writes a status. What is left is flat in a profile (`BENCH_PROFILE`). Writing to the socket and collecting garbage come first, and no function of ours takes a tenth.",
    goal: "refusals at most 0.25 × answered",
    columns: ["ratio_to_answered", ...COST],
    drawn: "cpu_us_per_request",
  },
  {
    scenario: "start",
    text: "Starts and memory of processes as the Dockerfile runs them, without a probe in them. CPU runs from exec to the first answer. `cold` is the CPU of the first 2,500 requests, of all processes together. RSS of workers is that of the larger one. The last rows load one part more each and serve nothing. The first requests run code that V8 has not optimized yet, as the row without optimized code shows. Node alone takes most of a supervisor's memory.",
    goal: "250 ms of CPU to the first answer, cold at most 1.5 × warm, 75 MB idle, 100 MB under load, 45 MB for a supervisor",
    columns: [
      ...["start_cpu_ms", "rss_mb_idle", "rss_mb", "supervisor_rss_mb"],
      ...["cold_cpu_us_per_request", "cpu_us_per_request", "cold_ratio"],
    ],
    drawn: "start_cpu_ms",
  },
  {
    scenario: "growth",
    text: "The cost as work grows, in one process: rpcs of one server, upstreams of one fan-out, items of one list, idle connections beside four with requests, followers of a topic, and keys of a limit and of a cache of 64 MiB. A unit is a request, a call to an upstream, an item, a follower or a use of a key. `× smaller` compares the cost of a unit with the row before. A process keeps 65,536 keys of a limit; beyond them it evicts one for each new key. With many keys, memory of the processor's caches no longer holds them.",
    goal: "the cost of a unit at most 1.2 × that of the row before",
    columns: [
      ...["ratio_to_smaller", "cost_us_per_unit", "kb_per_unit", "cpu_us_per_request", "start_cpu_ms", "rss_mb"],
    ],
    drawn: "ratio_to_smaller",
  },
  {
    scenario: "hop",
    text: "The latency of one composed request on a quiet server. The peer is a client on connect-node that makes the same three calls itself, over its own connections. The calls run in parallel (`fanout`) or in sequence (`chain`). The client is on the same machine, or has a round trip of 20 ms to every server that it calls. On loopback calls take as long as the hop: one more process wakes up, reads and writes.",
    goal: "p50 at most 1.1 × the client's own calls on loopback, and 0.45 × with delay and a chain of three",
    columns: [...TIMES, "p50_ratio_to_client", "p99_ratio_to_client"],
    drawn: "p50_ms",
  },
  {
    scenario: "call",
    text: "One upstream call of about 1 KiB, 32 at a time, measured for the client alone. It has a deadline, two headers, a request to encode and an answer to decode. protobff is its transport without policies.",
    columns: ["cpu_us_per_call", "ratio_to_connect_node", "ratio_to_grpc_js", "calls_per_second"],
    drawn: "cpu_us_per_call",
  },
  {
    scenario: "generate",
    text: "Generating BFFs with the listed number of composed messages, compared with protoc-gen-es on the same files. A file has a hundred messages, each with a call. Diamonds are layered graphs of steps, in which the number of paths doubles with each layer. Both plugins are fresh processes, as buf starts them. By a profile of 1,000 rpcs, resolving takes about 35 % of the compiler's time, printing 20 %, reading 15 %, checks and planning 10 % each. Facts of the whole run are found once, not for each rpc or file, which saved a quarter of the time.",
    goal: "at most 2 × protoc-gen-es, memory linear, and the diamond of 10,000 steps checked in under two seconds",
    columns: ["wall_ms", "cpu_ms", "ratio_to_protoc_gen_es", "max_rss_mb"],
    drawn: "cpu_ms",
  },
  {
    scenario: "dev",
    text: "The time from saving a proto of the example to the first answer that shows the change, on mocks. The variants are `protobff dev`, and `buf generate` with both plugins followed by a restart of `server.ts`. Saves are at least a second apart. Compare the ratio: the times depend on the load of the two cores, which the table lists. `buf build` and the compiler each take about a quarter of the time, loading modules and starting the server a fifth each.",
    goal: "at most 300 ms on a machine that does nothing else",
    columns: ["wall_ms", "slowest_ms", "ratio_to_buf_generate", "load_average"],
    drawn: "wall_ms",
  },
];
