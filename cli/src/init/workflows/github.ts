import {
  below,
  checksOf,
  commitOf,
  diffOf,
  NODE_VERSION,
  replayOf,
  TITLE,
  UPDATE_BRANCH,
  updateOf,
  type WorkflowOptions,
} from "./commands.ts";

// Full commits: a tag of an action may be moved.
const CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2";
const NODE = "actions/setup-node@49933ea5288caeca8642d1e84afbd3f7d6820020 # v4.4.0";

/** Returns a workflow of GitHub Actions. Its jobs have the permissions that they need alone. */
export function github(options: WorkflowOptions): string {
  const { folder, branch, hasOrigins } = options;
  const jobs = [checkJob, diffJob, ...(hasOrigins ? [updateJob] : []), deployJob];
  return `# Written by \`protobff init\`; change it as you like.
name: BFF
on:
  pull_request:
  push:
    branches: [${branch}]
${hasOrigins ? '  schedule:\n    - cron: "23 4 * * *"\n' : ""}  workflow_dispatch:
    inputs:
      url:
        description: Address of a deployed BFF; its answers are compared with golden.json
        required: true
        type: string
permissions: {}
defaults:
  run:
    working-directory: ${folder}
jobs:
${jobs.map((job) => job(options)).join("\n")}`;
}

interface Job {
  readonly name: string;
  readonly if: string;
  readonly permissions: readonly string[];
  readonly steps: string;
  /** Group of jobs of which one runs at a time. */
  readonly concurrency?: string;
}

function jobOf({ folder }: WorkflowOptions, { name, if: condition, permissions, steps, concurrency }: Job): string {
  return `  ${name}:
    if: ${condition}
    runs-on: ubuntu-latest
${concurrency === undefined ? "" : `    concurrency: ${concurrency}\n`}    permissions:
${below("      ", permissions)}    steps:
      - uses: ${CHECKOUT}
        with:
          fetch-depth: 0
      - uses: ${NODE}
        with:
          node-version: ${NODE_VERSION}
          cache: npm
          cache-dependency-path: ${folder === "." ? "" : `${folder}/`}package-lock.json
      - run: npm ci
${steps}`;
}
const script = (lines: readonly string[]): string => `        run: |\n${below("          ", lines)}`;

function checkJob(options: WorkflowOptions): string {
  const generate = "      - run: CI=true npx buf generate\n";
  const steps = below("      - run: ", checksOf(options, "github")).replace(
    generate,
    "      - run: npx buf generate\n        env:\n          CI: true\n",
  );
  const condition = "github.event_name == 'pull_request' || github.event_name == 'push'";
  return jobOf(options, { name: "check", if: condition, permissions: ["contents: read"], steps });
}

function diffJob(options: WorkflowOptions): string {
  const steps = `      - name: Compare
${script(diffOf(options, "origin/$GITHUB_BASE_REF", "$RUNNER_TEMP/diff.md"))}      - name: Replay
        if: always()
${script(replayOf("$RUNNER_TEMP/diff.md"))}      - name: Summary
        if: always()
${script(['if [ -s "$RUNNER_TEMP/diff.md" ]; then cat "$RUNNER_TEMP/diff.md" >> "$GITHUB_STEP_SUMMARY"; fi'])}      - name: Comment
        if: always() && github.event.pull_request.head.repo.full_name == github.repository
        env:
          GH_TOKEN: \${{ github.token }}
          NUMBER: \${{ github.event.number }}
${script([
  'if [ ! -s "$RUNNER_TEMP/diff.md" ]; then exit 0; fi',
  'gh pr comment "$NUMBER" --edit-last --create-if-none --body-file "$RUNNER_TEMP/diff.md"',
])}`;
  const permissions = ["contents: read", "pull-requests: write"];
  return jobOf(options, { name: "diff", if: "github.event_name == 'pull_request'", permissions, steps });
}

function updateJob(options: WorkflowOptions): string {
  const steps = `      - name: Update
        id: update
${script([...updateOf("$RUNNER_TEMP/update.txt"), 'echo "status=$status" >> "$GITHUB_OUTPUT"'])}      - name: Open or rewrite the pull request
        env:
          GH_TOKEN: \${{ github.token }}
${script([
  ...commitOf("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com"),
  `git push --force origin ${UPDATE_BRANCH}`,
  `gh pr create --head ${UPDATE_BRANCH} --title "${TITLE}" --body-file "$RUNNER_TEMP/update.txt" ||`,
  `  gh pr edit ${UPDATE_BRANCH} --body-file "$RUNNER_TEMP/update.txt"`,
])}      - name: Fail if an upstream breaks this BFF, or cannot be read
        if: steps.update.outputs.status != '0'
        run: exit 1
`;
  const permissions = ["contents: write", "pull-requests: write"];
  const concurrency = UPDATE_BRANCH;
  return jobOf(options, { name: "update", if: "github.event_name == 'schedule'", permissions, concurrency, steps });
}

function deployJob(options: WorkflowOptions): string {
  const steps = `      - name: Compare the answers
        env:
          URL: \${{ inputs.url }}
        run: npx protobff golden check --url "$URL" --file golden.json
`;
  const condition = "github.event_name == 'workflow_dispatch'";
  return jobOf(options, { name: "deploy", if: condition, permissions: ["contents: read"], steps });
}
