// Workflows of a new package's repository: checks of every change, a nightly update of the upstreams, a check of a deploy.
/** Systems with a workflow. */
export const CI_SYSTEMS = ["github", "gitlab"] as const;
export type CiSystem = (typeof CI_SYSTEMS)[number];

/** Path of the file from the repository's root. */
export const WORKFLOW_FILES: Readonly<Record<CiSystem, string>> = {
  github: ".github/workflows/bff.yaml",
  gitlab: ".gitlab-ci.yml",
};

/** Returns the text of a system's workflow. */
export function workflowOf(system: CiSystem, options: WorkflowOptions): string {
  return { github, gitlab }[system](options);
}

// Commands of the workflows.

/** The package in its repository. */
interface WorkflowOptions {
  /** Folder of the package, from the repository's root; "." if it is the root. */
  readonly folder: string;
  /** Branch that changes are compared with. */
  readonly branch: string;
  /** True if protos of upstreams are copied. */
  readonly hasOrigins: boolean;
}

const NODE_VERSION = 24;
const UPDATE_BRANCH = "bff-upstream-update";
const TITLE = "Update the protos of upstreams";
const FAIL_ON = "breaking,identity,permits,exposure,cache,critical-path+20%";

/** Commands that hold for every change. With CI=true an outdated lock fails. */
const checksOf = ({ hasOrigins }: WorkflowOptions, format: string): readonly string[] => [
  "npx buf lint",
  "npx buf format proto --diff --exit-code",
  "CI=true npx buf generate",
  "npx tsc",
  "npm test",
  ...(hasOrigins ? [`npx protobff upstream check --format ${format}`] : []),
];

const input = ({ folder }: WorkflowOptions, ref: string): string =>
  `$(git rev-parse --show-toplevel)/.git#ref=${ref}${folder === "." ? "" : `,subdir=${folder}`}`;
/** Compares with a branch that has the package already. */
const diffOf = (options: WorkflowOptions, ref: string, out: string): readonly string[] => [
  `if git cat-file -e "${ref}:./buf.yaml"; then`,
  `  npx protobff diff --against "${input(options, ref)}" --fail-on ${FAIL_ON} > "${out}"`,
  "fi",
];
/** Runs captured requests through the change, if there are some. */
const replayOf = (out: string): readonly string[] => [
  "if [ -d captures ]; then",
  "  npx buf generate",
  "  npm install --no-save @protobff/replay",
  `  npx protobff replay captures --against "$(find gen -name server.ts | head -n 1)" --format markdown >> "${out}"`,
  "fi",
];
const updateOf = (out: string): readonly string[] => [
  "status=0",
  `npx protobff upstream update --only-compatible > "${out}" || status=$?`,
  `cat "${out}"`,
];
const commitOf = (name: string, mail: string): readonly string[] => [
  'if [ -z "$(git status --porcelain -- upstream)" ]; then exit 0; fi',
  `git config user.name "${name}"`,
  `git config user.email "${mail}"`,
  `git switch --force-create ${UPDATE_BRANCH}`,
  "git add upstream",
  `git commit --message "${TITLE}"`,
];

const below = (indent: string, lines: readonly string[]): string => lines.map((line) => `${indent}${line}\n`).join("");

// Full commits: a tag of an action may be moved.
const CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2";
const NODE = "actions/setup-node@49933ea5288caeca8642d1e84afbd3f7d6820020 # v4.4.0";

/** Returns a workflow of GitHub Actions. Its jobs have the permissions that they need alone. */
function github(options: WorkflowOptions): string {
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

/** Returns a pipeline of GitLab. */
function gitlab(options: WorkflowOptions): string {
  const { folder, branch, hasOrigins } = options;
  const jobOf = (name: string, rule: string, lines: readonly string[], more: readonly string[] = []): string =>
    `${name}:\n  extends: .bff\n  rules:\n    - if: ${rule}\n${below("  ", more)}  script:\n    - |\n${below("      ", lines)}`;
  const base = "origin/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME";
  const update = [
    ...updateOf("$CI_PROJECT_DIR/update.txt"),
    ...commitOf("protobff", "protobff@example.invalid").slice(1),
    'git remote set-url origin "https://oauth2:$BFF_PUSH_TOKEN@$CI_SERVER_HOST/$CI_PROJECT_PATH.git"',
    `git push --force origin ${UPDATE_BRANCH} -o merge_request.create -o merge_request.title="${TITLE}"`,
    "exit $status",
  ];
  const [first, show, print, ...rest] = update;
  const stop = 'if [ -z "$(git status --porcelain -- upstream)" ]; then exit $status; fi';
  const jobs = [
    jobOf(
      "check",
      '$CI_PIPELINE_SOURCE == "merge_request_event" || $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE == "push"',
      ["set -e", ...checksOf(options, "text")],
    ),
    jobOf(
      "diff",
      '$CI_PIPELINE_SOURCE == "merge_request_event"',
      [
        "set -e",
        'git fetch origin "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"',
        ...diffOf(options, base, "$CI_PROJECT_DIR/diff.md"),
        ...replayOf("$CI_PROJECT_DIR/diff.md"),
      ],
      ["artifacts:", "  when: always", "  paths: [diff.md]"],
    ),
    ...(hasOrigins
      ? [jobOf("update", '$CI_PIPELINE_SOURCE == "schedule"', [first ?? "", show ?? "", print ?? "", stop, ...rest])]
      : []),
    jobOf("deploy", "$BFF_URL", ['npx protobff golden check --url "$BFF_URL" --file golden.json']),
  ];
  return `# Written by \`protobff init\`; change it as you like. Changes are compared with ${branch}.${hasOrigins ? "\n# The update needs a schedule, and BFF_PUSH_TOKEN: a token that may push branches." : ""}
.bff:
  image: node:${NODE_VERSION}
  variables:
    GIT_DEPTH: "0"
  before_script:
    - cd ${folder}
    - npm ci

${jobs.join("\n")}`;
}
