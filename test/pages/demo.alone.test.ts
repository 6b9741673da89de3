// npm run demo, as a newcomer runs it.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

function gitStatus(): string {
  return existsSync(join(root, ".git"))
    ? execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" })
    : "";
}

/** Standard output of a run that ends well, leaves the working tree clean and prints no fault. */
function demo(...flags: readonly string[]): string {
  const before = gitStatus();
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "demo", "--", ...flags], {
    cwd: root,
    encoding: "utf8",
    timeout: 170_000,
    env: { ...process.env, NO_COLOR: "1", OTEL_EXPORTER_OTLP_ENDPOINT: "" },
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(gitStatus()).toBe(before);
  return stdout;
}

test("npm run demo prints fewer than 120 lines: a request, access checks, three failures and a long run", () => {
  const stdout = demo();
  expect(stdout.split("\n").length).toBeLessThan(120);
  const titles = [...stdout.matchAll(/^\d+\. (.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual([
    "Generate and start",
    "One request to the web BFF",
    "Access checks",
    "Billing is down, without a cache",
    "Billing is down, with a cache",
    "The agent service is down",
    "A long run",
  ]);
  expect(stdout.match(/"effect": "EFFECT_(MISSING|STALE)"/g)).toHaveLength(2);
  expect(stdout).toContain("npm run demo -- --all plays every scene.");
}, 180_000);

test("npm run demo rejects an unknown option by its name", () => {
  const args = ["run", "--silent", "demo", "--", "--every"];
  const { status, stderr } = spawnSync("npm", args, { cwd: root, encoding: "utf8" });
  expect([status, stderr]).toEqual([1, "\nunknown option --every: use --all, --keep, --nats\n"]);
});

test("npm run demo -- --all shows answers of every scene: all upstreams up, access checks, too many requests, missing billing and missing agent", () => {
  const stdout = demo("--all");
  expect(stdout).toMatch(/^ *HTTP 503 {2}\{"code":"unavailable"/m);
  expect(stdout).toMatch(
    /GetDashboard failed with UNAVAILABLE: agent\.v1\.AgentService\/\w+ UNAVAILABLE: .*ECONNREFUSED/,
  );
  const followed = [...stdout.matchAll(/^ *FollowRun +(\d+) % /gm)].map(([, percent]) => percent);
  expect(followed).toEqual(["8", "17", "25", "33", "42", "50", "58", "67", "75", "83", "92", "100"]);
  expect(stdout).toMatch(/^ *GetRun +\d+ % /m);
  expect(stdout).toMatch(/^ *OpenRun +\d+ % .*: \p{Lu}/mu);
  expect(stdout).toMatch(/^ *… the BFF restarts$/m);
  expect(stdout).toContain("bff-degraded: spent_cents");
  expect(stdout.match(/"effect": "EFFECT_MISSING",\s+"reason": "REASON_UNAVAILABLE"/g)).toHaveLength(2);
  expect(stdout).toMatch(/"spentCents": "\d+"[\s\S]*?"effect": "EFFECT_STALE",[\s\S]*?"age": "\d+(\.\d+)?s"/);
  expect(stdout).toMatch(/"ownerName": "Ada Okafor"/);
  expect(stdout).toMatch(/answered in \d+ ms; in sequence the calls alone would take \d+ ms/);
  const spending = stdout.split("\n").filter((line) => line.includes("  HTTP ") && !line.includes("503"));
  expect(spending.map((line) => line.trim().replace(/\s{2,}/g, "  "))).toEqual([
    'no token  HTTP 401  {"code":"unauthenticated","message":"unauthenticated", …}',
    'an expired token  HTTP 401  {"code":"unauthenticated","message":"unauthenticated", …}',
    'Dina Haddad  HTTP 403  {"code":"permission_denied","message":"permission denied", …}',
    expect.stringMatching(/^Ada Okafor, admin {2}HTTP 200 {2}\{"spentCents":"\d+"\}$/),
    expect.stringMatching(/^no workspace: {2}HTTP 400 {2}invalid_argument: /),
    expect.stringMatching(/^HTTP 429 {2}\{"code":8,"message":"too many requests", …\}$/),
    expect.stringMatching(/^GET \/v1\/account: {2}HTTP 200 {2}[1-9]\d* bytes$/),
    expect.stringMatching(/^GET \/v1\/account, if-none-match W\/"[\w-]{22}": {2}HTTP 304 {2}0 bytes$/),
  ]);
  expect(stdout).toMatch(/^ *cache-control: private, max-age=10$/m);
  expect(stdout).toMatch(/^ *vary: authorization, cookie, sec-fetch-site, x-csrf, accept-encoding$/m);
  expect(stdout).toMatch(
    /^ *retry-after: \d+\n *ratelimit-policy: "spending";q=10;w=60\n *ratelimit: "spending";r=0;t=\d+$/m,
  );
  expect(stdout).toContain('caller    {"id":"u-ada","workspaces":["atlas","lumen"],"roles":["admin"]}');
  expect(stdout).toMatch(/^ *metrics of the web BFF +http:\/\/127\.0\.0\.1:\d+\/metrics$/m);
  expect(stdout).toMatch(/^ *traces +nowhere; set OTEL_EXPORTER_OTLP_ENDPOINT=/m);
  expect(stdout).toMatch(/^ *rpc_server_call_duration_seconds_count\{.*GetDashboard".*"UNAVAILABLE"\} [1-9]\d*$/m);
  expect(stdout).toMatch(
    /^ *bff_degraded_total\{.*path="spent_cents",upstream="billing\.v1\.BillingService".*\} \d+$/m,
  );
  expect(stdout).toMatch(/^ *The trace of this request is [\da-f]{32}\. No receiver of traces is set\.$/m);
  expect(stdout).toMatch(/^ *other answer: Dashboard\.facts: [1-3]$/m);
  expect(stdout).toMatch(
    /^ *plan: different: Dashboard: values: facts is computed differently .*: 3 requests reach it, /m,
  );
  expect(stdout).toMatch(/^ *wrote [1-3] examples? to golden\.json$/m);
  expect(stdout).toMatch(/audience {2}billing\.v1\.BillingService, for \d+ s/);
}, 180_000);
